/** Fields that the control writes anew, whatever the document declares. */
const WRITTEN: ReadonlySet<string> = new Set([
  'cache-control',
  'content-location',
  'content-security-policy',
  'cross-origin-resource-policy',
  'link',
  'location',
  'referrer-policy',
  'set-cookie',
  'strict-transport-security',
  'www-authenticate',
  'x-content-type-options',
  'x-frame-options',
])

/** Fields that describe the inside, and orders to servers in front of the gateway. */
const INSIDE: ReadonlySet<string> = new Set([
  'alt-svc',
  'cache-tag',
  'cdn-cache-control',
  'date',
  'edge-control',
  'host-header',
  'k-proxy-request',
  'liferay-portal',
  'nel',
  'powered-by',
  'product',
  'public-key-pins',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'server',
  'server-timing',
  'service-worker-allowed',
  'sourcemap',
  'surrogate-control',
  'surrogate-key',
  'via',
  'warning',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-beserver',
  'x-cf-powered-by',
  'x-cms',
  'x-content-encoded-by',
  'x-correlation-id',
  'x-diaginfo',
  'x-dtagentid',
  'x-feserver',
  'x-framework',
  'x-host',
  'x-real-server',
  'x-redirect-by',
  'x-request-id',
  'x-runtime',
  'x-sendfile',
  'x-served-by',
  'x-sourcefiles',
  'x-sourcemap',
  'x-version',
])

/**
 * Fields of requests: in an answer they are what the gateway and others told the API, sent back. `Authorization` is not
 * here: some log-ins hand tokens out in it.
 */
const OF_REQUESTS: ReadonlySet<string> = new Set([
  'cookie',
  'forwarded',
  'proxy-authorization',
  'x-amz-security-token',
  'x-client-ip',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
])

/** Families of such fields: by server, framework, proxy. */
const INSIDE_FAMILY =
  /^x-(?:accel|amzn-trace|aspnet|aspnetmvc|atmosphere|azure|backend|backside|cache|debug|drupal|envoy|forwarded|generat|jitsi|joomla|kong|kubernetes|litespeed|mod-pagespeed|ms-|nextjs|nginx|old-|owa|page-speed|php|powered|rack|server|turbo|umbraco|upstream|varnish|wix)/

/**
 * Whether a response field (lower case) stays behind. What the document declares is part of the contract, apart from
 * fields that are written anew and the gateway's own.
 */
export function staysBehind(name: string, declared: ReadonlySet<string>): boolean {
  if (WRITTEN.has(name) || name.startsWith('sallyport-')) return true
  return (
    !declared.has(name) && (INSIDE.has(name) || OF_REQUESTS.has(name) || INSIDE_FAMILY.test(name))
  )
}
