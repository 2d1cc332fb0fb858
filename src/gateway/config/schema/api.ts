import * as z from 'zod'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { ApiInput, ProfileInput, UpstreamObjectInput } from '../input.ts'
import { parseUpstreamUrl } from '../values/network.ts'
import { parseBasePath, parseReference, parseUntil } from '../values/text.ts'
import { boundedDuration } from './bounded.ts'
import { key, name, optional, parsedText } from './fields.ts'

/** `upstream`: a URL, or an object with its timeouts and its authority. */
const upstreamSchema: z.ZodType<string | UpstreamObjectInput> = z.union([
  z.strictObject({
    url: key(
      parsedText('a URL', parseUpstreamUrl),
      'Where the API runs: http or https, host, port and path.',
    ),
    timeout: optional(
      boundedDuration('1ms', BOUNDS.upstreamTimeout),
      'How long the API may take until its answer begins.',
      DEFAULTS.upstreamTimeout,
    ),
    connectTimeout: optional(
      boundedDuration('1ms', BOUNDS.upstreamTimeout),
      'How long a new connection to the API may take.',
      DEFAULTS.upstreamConnectTimeout,
    ),
    ca: optional(
      parsedText('a reference such as file:ca.pem', parseReference),
      'Certificate of the authority that signed the API’s certificate, as a reference to PEM; the system’s authorities unless said.',
    ),
    allowPlain: optional(
      z.boolean(),
      'Allows http to a host other than this machine: everything, credentials included, then crosses the network in clear.',
      false,
    ),
    identity: optional(
      z.union([
        z.boolean(),
        z.strictObject({
          audience: optional(
            name(),
            'aud of the token; the name of the API unless said (api in the short form).',
          ),
          issuer: optional(name(), 'iss of the token.', DEFAULTS.identityIssuer),
        }),
      ]),
      'Sallyport-Identity, a signed token that tells the API who is calling: true or an object says that the API accepts nothing without it, false sends none; sent unless said, with nobody known to check it.',
    ),
  }),
  parsedText('a URL or an object with url', parseUpstreamUrl),
])

const apiFields = {
  openapi: key(name(), 'The API’s OpenAPI document: a JSON or YAML file.'),
  overlays: optional(z.array(name()), 'Overlay files, applied to the document in this order.', []),
  upstream: key(upstreamSchema, 'Where the API runs: a URL, or an object.'),
  basePath: optional(
    parsedText('a path', parseBasePath),
    'Public path in front of the document’s paths; the path of its first server unless said.',
  ),
}

/** One entry of `apis`. */
export const apiSchema: z.ZodType<ApiInput> = z.strictObject(apiFields)

/** The keys of the short form: one API, written at the top of the file. */
export const shorthandFields: {
  readonly openapi: z.ZodOptional<z.ZodType<string>>
  readonly overlays: z.ZodOptional<z.ZodType<string[]>>
  readonly upstream: z.ZodOptional<z.ZodType<string | UpstreamObjectInput>>
  readonly basePath: z.ZodOptional<z.ZodType<string>>
} = {
  openapi: apiFields.openapi.optional(),
  overlays: apiFields.overlays,
  upstream: apiFields.upstream.optional(),
  basePath: apiFields.basePath,
}

/** `profile`. */
export const profileSchema: z.ZodType<ProfileInput> = z.strictObject({
  name: key(
    z.literal('adopt'),
    'adopt: what an incomplete document would break is observed, everything else is enforced.',
  ),
  until: key(
    parsedText('a date such as 2026-12-06', parseUntil),
    'When the profile ends by itself: a day (ends when it begins, UTC) or a date-time.',
  ),
  graduated: optional(
    z.array(name()),
    'Ids of operations that are enforced already, as OPERATION or API:OPERATION.',
    [],
  ),
})
