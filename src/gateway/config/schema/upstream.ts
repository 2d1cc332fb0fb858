import * as z from 'zod'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { HealthCheckInput, UpstreamObjectInput, UpstreamOriginInput } from '../input.ts'
import { parseUpstreamUrl } from '../values/network.ts'
import { parseReference } from '../values/text.ts'
import { parseBreaker, parseHealthPath } from '../values/upstream.ts'
import { boundedDuration } from './bounded.ts'
import { key, name, optional, parsedText, parsedTextOrOff } from './fields.ts'

const originSchema: z.ZodType<string | UpstreamOriginInput> = z.union([
  z.strictObject({
    url: key(parsedText('a URL', parseUpstreamUrl), 'Where the API runs.'),
    weight: optional(
      z.int().min(1).max(1000),
      'How much of the load it takes beside the others.',
      1,
    ),
  }),
  parsedText('a URL or an object with url', parseUpstreamUrl),
])

const healthSchema: z.ZodType<HealthCheckInput> = z.strictObject({
  path: key(
    parsedText('a path such as /healthz', parseHealthPath),
    'What is asked, on the origin itself.',
  ),
  every: optional(
    boundedDuration('100ms', '1h'),
    'How long between two questions.',
    DEFAULTS.healthEvery,
  ),
  timeout: optional(
    boundedDuration('10ms', '1m'),
    'How long the answer may take.',
    DEFAULTS.healthTimeout,
  ),
})

/** `upstream`: a URL, or an object with its timeouts and its authority. */
export const upstreamSchema: z.ZodType<string | UpstreamObjectInput> = z.union([
  z.strictObject({
    url: optional(
      parsedText('a URL', parseUpstreamUrl),
      'Where the API runs: http or https, host, port and path.',
    ),
    urls: optional(
      z.array(originSchema).min(1).max(64),
      'Several places where the API runs, in place of url: a request goes to the one with the least to do for its weight.',
    ),
    protocol: optional(
      z.literal(['http/1.1', 'h2']),
      'What the API speaks, and nothing else: h2 is HTTP/2, over TLS by ALPN, over http with prior knowledge; gRPC needs it.',
      DEFAULTS.upstreamProtocol,
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
    cert: optional(
      parsedText('a reference such as file:client.pem', parseReference),
      'Certificate with its chain that the gateway shows where the API asks for one, as a reference to PEM.',
    ),
    key: optional(
      parsedText('a reference such as file:client.key', parseReference),
      'Private key of cert, as a reference to PEM.',
    ),
    retry: optional(
      z.literal([0, 1]),
      'How often a GET or HEAD without a body is sent again when no byte of an answer came; at most one request in ten.',
      DEFAULTS.upstreamRetry,
    ),
    breaker: optional(
      parsedTextOrOff('a share of a number of requests, such as 50% of 20', parseBreaker),
      'Share of failures, and of how many answers within 10 s at least, at which the API is left alone for 15 s; off: never.',
      DEFAULTS.upstreamBreaker,
    ),
    health: optional(
      z.union([
        healthSchema,
        parsedText('a path such as /healthz, or an object with path', parseHealthPath),
      ]),
      'A path that is asked at intervals whether the API is well; three failures in a row take an origin out, two successes bring it back.',
    ),
    allowPlain: optional(
      z.boolean(),
      'Allows http to a host other than this machine: everything, credentials included, then crosses the network in clear.',
      false,
    ),
    stripBasePath: optional(
      z.boolean(),
      'The API does not know the base path: it gets what stands behind it. For a URL without a path; one with a path has it in place of the base path anyway.',
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
