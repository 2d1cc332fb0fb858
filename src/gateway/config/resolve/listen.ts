import { parseDuration } from '../../../base/units.ts'
import { Secret } from '../../../base/secret.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ListenInput } from '../input.ts'
import type { ListenSettings, TlsSettings } from '../settings.ts'
import {
  isLoopbackHost,
  isPublicHostName,
  parseAddress,
  parseAddressAndPort,
  parseHostName,
} from '../values/network.ts'
import type { Resolver } from './resolver.ts'
import { isOff } from './resolver.ts'

const LOOPBACK = '127.0.0.1'

function resolveTls(input: ListenInput['tls'], resolver: Resolver): TlsSettings {
  if (input === undefined || input === 'auto') return { kind: 'auto' }
  const at = ['listen', 'tls']
  return {
    kind: 'given',
    cert: resolver.referenced([...at, 'cert'], input.cert),
    key: new Secret(resolver.referenced([...at, 'key'], input.key)),
    minVersion: String(input.min ?? DEFAULTS.tlsMin) === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
  }
}

/** Loopback while neither hosts nor a certificate is given, else all addresses (`undefined`). */
function resolveAddress(input: ListenInput): string | undefined {
  if (input.address !== undefined) return parseAddress(input.address, '')
  const isForOthers = (input.hosts ?? []).length > 0 || typeof input.tls === 'object'
  return isForOthers ? undefined : LOOPBACK
}

function resolveHealth(
  input: ListenInput['health'],
  address: string | undefined,
): ListenSettings['health'] {
  if (input === undefined) return undefined
  const health = parseAddressAndPort(input, '')
  return { port: health.port, address: health.address ?? address }
}

function resolveHsts(input: ListenInput['hsts']): number {
  if (isOff(input)) return 0
  return Math.floor(parseDuration(input ?? DEFAULTS.hsts, '') / 1000)
}

/** Plain HTTP that nobody asked TLS for would show credentials to the network [TRN-02, TRN-05]. */
function checkPlain(listen: ListenSettings, resolver: Resolver): void {
  const { report } = resolver
  if (listen.http === undefined) return
  const isLoopback = listen.address !== undefined && isLoopbackHost(listen.address)
  const isBehindProxy = listen.trustedProxies.length > 0
  if (listen.plain === 'serve' && !isLoopback && !isBehindProxy) {
    report.fault(
      ['listen', 'plain'],
      'plain: serve would carry credentials in clear over the network',
      'write address: 127.0.0.1, or name the balancer that ends TLS in trustedProxies',
    )
  }
  if (listen.https === undefined && listen.plain !== 'serve' && !isBehindProxy) {
    report.fault(
      ['listen', 'http'],
      `nothing could be served: plain HTTP gets plain: ${listen.plain}, and there is no HTTPS port`,
      'add https: 8443, or write plain: serve',
    )
  }
}

/** Certificates for public names come from a public authority, which this release cannot ask. */
function checkAcme(listen: ListenSettings, resolver: Resolver): void {
  if (listen.https === undefined || listen.tls.kind !== 'auto') return
  const index = listen.hosts.findIndex((host) => isPublicHostName(host))
  if (index === -1) return
  resolver.report.fault(
    ['listen', 'hosts', index],
    `tls: auto for the public name ${listen.hosts[index] ?? ''} (ACME) is not available yet`,
    'write tls: { cert: file:…, key: file:… }',
  )
}

/** `listen`, with what follows from it. */
export function resolveListen(input: ListenInput, resolver: Resolver): ListenSettings {
  const isSilent = input.https === undefined && input.http === undefined
  const address = resolveAddress(input)
  const listen: ListenSettings = {
    https: isSilent ? DEFAULTS.httpsPort : input.https,
    http: input.http,
    plain: input.plain ?? DEFAULTS.plain,
    tls: resolveTls(input.tls, resolver),
    hstsSeconds: resolveHsts(input.hsts),
    trustedProxies: input.trustedProxies ?? [],
    forwardedHeader: input.forwardedHeader ?? DEFAULTS.forwardedHeader,
    proxyProtocol: input.proxyProtocol,
    cors: input.cors ?? [],
    hosts: (input.hosts ?? []).map((host) => parseHostName(host, '')),
    health: resolveHealth(input.health, address),
    address,
  }
  // A port that was refused for itself must not bring forth a second, misleading fault here.
  if (resolver.report.isPruned(['listen'])) return listen
  checkPlain(listen, resolver)
  checkAcme(listen, resolver)
  checkProxyProtocol(listen, resolver)
  checkPorts(listen, resolver)
  return listen
}

/** Whoever could write the header could be anybody [NET-01]. */
function checkProxyProtocol(listen: ListenSettings, resolver: Resolver): void {
  if (listen.proxyProtocol === undefined || listen.trustedProxies.length > 0) return
  resolver.report.fault(
    ['listen', 'proxyProtocol'],
    'nobody is trusted to write the header',
    'name the balancers in trustedProxies',
  )
}

function checkPorts(listen: ListenSettings, resolver: Resolver): void {
  const seen = new Map<number, string>()
  const ports = { https: listen.https, http: listen.http, health: listen.health?.port }
  for (const [key, port] of Object.entries(ports)) {
    if (port === undefined || port === 0) continue
    const other = seen.get(port)
    if (other === undefined) seen.set(port, key)
    else resolver.report.fault(['listen', key], `port ${port} is taken by listen.${other}`)
  }
}
