import * as z from 'zod'
import { parseCidr } from '../../../base/cidr.ts'
import { parseDuration } from '../../../base/units.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ListenInput } from '../input.ts'
import { parseAddress, parseAddressAndPort, parseHostName, parseOrigin } from '../values/network.ts'
import { parseReference } from '../values/text.ts'
import { key, optional, parsedText, parsedTextOrOff, port } from './fields.ts'

const reference = (): z.ZodString => parsedText('a reference such as file:tls.pem', parseReference)

const tlsObject = z.strictObject({
  cert: key(reference(), 'The certificate with its chain, as a reference to PEM.'),
  key: key(reference(), 'The private key, as a reference to PEM.'),
  min: optional(
    z.literal(['1.2', '1.3', 1.2, 1.3]),
    'Lowest version of TLS that is accepted.',
    DEFAULTS.tlsMin,
  ),
})

const healthSchema = z.union([port(), parsedText('a port or ADDRESS:PORT', parseAddressAndPort)])

/** `listen`. */
export const listenSchema: z.ZodType<ListenInput> = z.strictObject({
  https: optional(
    port(),
    'Port for HTTPS; 8443 where neither https nor http is written.',
    DEFAULTS.httpsPort,
  ),
  http: optional(port(), 'Port for plain HTTP; what it answers says plain.'),
  plain: optional(
    z.literal(['redirect', 'refuse', 'serve']),
    'What plain HTTP gets: redirect (308, or 403 where a credential came in clear), refuse (403), serve (only on loopback or behind trustedProxies).',
    DEFAULTS.plain,
  ),
  tls: optional(
    z.union([tlsObject, z.literal('auto')]),
    'auto: a certificate of the gateway’s own authority; or cert and key.',
    DEFAULTS.tls,
  ),
  hsts: optional(
    parsedTextOrOff('a duration such as 1y', parseDuration),
    'How long browsers shall insist on HTTPS (Strict-Transport-Security).',
    DEFAULTS.hsts,
  ),
  trustedProxies: optional(
    z.array(parsedText('an address range', parseCidr)),
    'Address ranges whose word about the client’s address and scheme is believed.',
    [],
  ),
  forwardedHeader: optional(
    z.literal(['x-forwarded-for', 'forwarded']),
    'The header in which trusted proxies name the client.',
    DEFAULTS.forwardedHeader,
  ),
  proxyProtocol: optional(
    z.literal('v2'),
    'v2: trustedProxies begin each connection, before TLS, with a PROXY protocol header that names the client; without a right one it is closed.',
  ),
  cors: optional(
    z.array(parsedText('an origin', parseOrigin)),
    'Origins whose pages may call the API from a browser; none unless said.',
    [],
  ),
  hosts: optional(
    z.array(parsedText('a host name', parseHostName)),
    'Host names served besides those of the certificate, localhost and loopback addresses; a leading *. matches one label.',
    [],
  ),
  health: optional(
    healthSchema,
    'Plain TCP port, or ADDRESS:PORT, for /live, /ready, /metrics and the public keys at /.well-known/jwks.json.',
  ),
  address: optional(
    parsedText('an address', parseAddress),
    'Address to listen on; loopback while neither hosts nor a certificate is given, else all.',
  ),
})
