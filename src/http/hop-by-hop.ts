import { isToken, trimOws } from './chars.ts'
import type { HeaderTable } from './header-table.ts'

/** Fields that speak about one connection only; never forwarded in either direction (RFC 9110 section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** What `Connection` may name besides a private field of the sender. */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set([
  'close',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'http2-settings',
  'proxy-connection',
])

/** Fields a client must not be able to have removed by naming them in `Connection`. */
const END_TO_END: ReadonlySet<string> = new Set(
  (
    'accept age allow authorization cache-control cookie date digest dpop etag expect expires forwarded from host ' +
    'idempotency-key last-modified link location max-forwards origin pragma prefer priority range referer ' +
    'retry-after server set-cookie signature signature-input trace traceparent tracestate transfer-encoding ' +
    'user-agent vary via warning www-authenticate x-api-key x-request-id baggage early-data repr-digest'
  ).split(' '),
)

const END_TO_END_PREFIXES: readonly string[] = [
  'accept-',
  'access-control-',
  'authentication-',
  'cf-',
  'client-cert',
  'content-',
  'if-',
  'proxy-auth',
  'sallyport-',
  'sec-',
  'ssl-client-',
  'true-client-',
  'x-amz-',
  'x-auth',
  'x-client-',
  'x-csrf',
  'x-envoy-',
  'x-forwarded',
  'x-http-method',
  'x-method-',
  'x-original-',
  'x-real-',
  'x-rewrite-',
  'x-user',
  'x-xsrf',
]

/** Client-sent fields that upstreams take as the word of a proxy; deleted and written anew [WIRE-08]. */
const TRUST_FIELDS: ReadonlySet<string> = new Set([
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-original-url',
  'x-original-host',
  'x-rewrite-url',
  'x-host',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  '-method',
  'client-cert',
  'client-cert-chain',
  'early-data',
  // CGI turns `Proxy` into HTTP_PROXY, which HTTP clients obey (httpoxy, CVE-2016-5385).
  'proxy',
])

const TRUST_PREFIXES: readonly string[] = [
  'x-forwarded',
  'x-user',
  'x-client-cert',
  'ssl-client-',
  'x-ssl-client',
  'sallyport-',
  'x-envoy-',
  'x-consumer',
  'x-authenticated',
  'x-remote-user',
  'remote-user',
]

/**
 * Reads the options of every `Connection` field.
 * @returns the lower-case names, or `undefined` when one is not a token. Empty elements are skipped (RFC 9110 5.6.1).
 */
export function connectionOptions(headers: HeaderTable): readonly string[] | undefined {
  const options: string[] = []
  for (let i = 0; i < headers.size; i++) {
    if (headers.nameAt(i) !== 'connection') continue
    for (const element of headers.valueAt(i).split(',')) {
      const option = trimOws(element).toLowerCase()
      if (option === '') continue
      if (!isToken(option)) return undefined
      options.push(option)
    }
  }
  return options
}

/**
 * Whether naming `option` (lower case) in `Connection` would remove a field that carries meaning end to end:
 * `Connection: close, X-Forwarded-For` asks a proxy to delete what the next hop trusts [WIRE-07].
 */
export function isProtectedOption(option: string, protectedFields?: ReadonlySet<string>): boolean {
  if (CONNECTION_OPTIONS.has(option)) return false
  const name = option.replaceAll('_', '-')
  if (END_TO_END.has(name) || protectedFields?.has(name) === true) return true
  return END_TO_END_PREFIXES.some((prefix) => name.startsWith(prefix)) || isTrustField(name)
}

/**
 * Whether a client-sent field, named in lower case, must not reach the upstream because upstreams would take it as
 * the gateway's word. Underscore spellings count as their twins: CGI and WSGI fold `X_User` and `X-User` together.
 */
export function isTrustField(name: string): boolean {
  const twin = name.includes('_') ? name.replaceAll('_', '-') : name
  return TRUST_FIELDS.has(twin) || TRUST_PREFIXES.some((prefix) => twin.startsWith(prefix))
}

/** Whether the field asks for another method than the request line says; refused in strict mode [WIRE-08]. */
export function isMethodOverride(name: string): boolean {
  const twin = name.replaceAll('_', '-')
  return (
    twin === 'x-http-method-override' ||
    twin === 'x-http-method' ||
    twin === 'x-method-override' ||
    twin === '-method'
  )
}

/**
 * Whether a request field, named in lower case, stays behind: hop-by-hop, a trust field, or any name with `_`.
 * Names listed in `Connection` (`connectionOptions`) stay behind too; the caller holds that list.
 */
export function isDroppedRequestField(name: string): boolean {
  return HOP_BY_HOP.has(name) || name.includes('_') || isTrustField(name)
}

/** Whether a field, named in lower case, is hop-by-hop and must be removed from requests and responses alike. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name)
}
