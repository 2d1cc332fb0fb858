import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { compileAddressSet } from '../../../base/cidr.ts'
import { ConfigError } from '../../../base/config-error.ts'
import { showValue } from '../report.ts'

function refuse(path: string, message: string, cure: string): never {
  throw new ConfigError({ path, message, cure })
}

/** Whether a host, as `URL.hostname` or an address, can only be this machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291: no route leads there from outside. */
const INSIDE = compileAddressSet(
  [
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '169.254.0.0/16',
    'fc00::/7',
    'fe80::/10',
  ],
  '',
)

/**
 * Whether a host, as `URL.hostname` or an address, can be reached from this machine or its own network only: an
 * address that says so, or a name that the public Internet does not have. What other names lead to is not looked up.
 */
export function isInsideHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (isLoopbackHost(name)) return true
  // Services of Kubernetes are called so for short.
  if (isIP(name) === 0) return !isPublicHostName(name) || name.endsWith('.svc')
  return INSIDE.has(name)
}

/** Where an API runs. `path` is without trailing slash; `undefined` where the URL has none. */
export interface UpstreamUrl {
  readonly origin: string
  readonly hostname: string
  readonly isPlain: boolean
  readonly path: string | undefined
}

/** Reads the URL of an upstream: http or https, no credentials, no query, no fragment. Throws `ConfigError`. */
export function parseUpstreamUrl(text: string, path: string): UpstreamUrl {
  const cure = 'write a URL such as http://127.0.0.1:3000 or https://api.internal/v1'
  const url = URL.parse(text)
  if (url === null || !/^https?:\/\//i.test(text)) {
    // The text is not shown: what cannot be read may hold a password.
    return refuse(path, 'is not an http or https URL', cure)
  }
  if (url.username !== '' || url.password !== '') {
    return refuse(path, 'holds credentials', 'leave them out of the URL')
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    return refuse(path, `${showValue(text)} has a query or a fragment`, cure)
  }
  const trimmed = url.pathname.replace(/\/+$/, '')
  return {
    origin: url.origin,
    hostname: url.hostname,
    isPlain: url.protocol === 'http:',
    path: trimmed === '' ? undefined : trimmed,
  }
}

/** Checks the URL of a decision point: https, or http to this machine; no credentials in it. Throws `ConfigError`. */
export function parseDecisionUrl(text: string, path: string): string {
  const url = URL.parse(text)
  const isSafe =
    url !== null &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)))
  if (isSafe && url.username === '' && url.password === '' && url.hash === '') return text
  return refuse(
    path,
    'is no URL that may be asked',
    'write an https URL without credentials, or http on loopback',
  )
}

/** Reads an exact origin for CORS; wildcards, `null` and paths are refused [RTE-03]. Throws `ConfigError`. */
export function parseOrigin(text: string, path: string): string {
  const url = URL.parse(text)
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.origin === text
  if (!isOrigin || text.includes('*')) {
    return refuse(
      path,
      `${showValue(text)} is not an origin`,
      'write scheme, host and port exactly as browsers send them, such as https://app.example.com',
    )
  }
  return text
}

const HOST_CURE = 'write a host name without scheme and port, such as api.example.com'

/**
 * Reads a host name or address; comes back in lower case and ASCII, IPv6 without brackets.
 * A leading `*.` stays. Throws `ConfigError`.
 */
export function parseHostName(text: string, path: string): string {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text
  if (isIP(bare) !== 0 && !bare.includes('%')) return bare.toLowerCase()
  const wildcard = text.startsWith('*.') ? '*.' : ''
  const name = domainToASCII(text.slice(wildcard.length))
  const isName =
    /^(?=.{1,253}$)([a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?\.)*[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?$/
  if (!isName.test(name) || /^[\d.]+$/.test(name)) {
    return refuse(path, `${showValue(text)} is not a host name`, HOST_CURE)
  }
  return wildcard + name
}

/**
 * Reads a host that URLs may name, with or without a port: `hooks.example.com`, `billing.internal:8080`, `[::1]:80`.
 * Throws `ConfigError`.
 */
export function parseUrlHost(text: string, path: string): string {
  const [, host = text, port] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined) return parseHostName(text, path)
  if (Number(port) === 0 || Number(port) > 65_535) {
    return refuse(path, `${showValue(text)} has no port of 1 to 65535`, URL_HOST_CURE)
  }
  const name = parseHostName(host, path)
  return `${isIP(name) === 6 ? `[${name}]` : name}:${Number(port)}`
}

const URL_HOST_CURE =
  'write a host, or host and port, such as hooks.example.com or billing.internal:8080'

/** Reads an address to listen on. Throws `ConfigError`. */
export function parseAddress(text: string, path: string): string {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? (text === 'localhost' ? '127.0.0.1' : text)
  if (isIP(bare) === 0) {
    return refuse(
      path,
      `${showValue(text)} is not an address`,
      'write an IP address of this machine, such as 127.0.0.1, or :: for all',
    )
  }
  return bare
}

/** Reads `9090` or `127.0.0.1:9090`. The address is `undefined` where only a port stands. Throws `ConfigError`. */
export function parseAddressAndPort(
  input: string | number,
  path: string,
): { readonly address: string | undefined; readonly port: number } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(String(input))
  const port = Number(match?.[2] ?? Infinity)
  if (port > 65_535) {
    return refuse(
      path,
      `${showValue(input)} is neither a port nor ADDRESS:PORT`,
      'write 9090 or 127.0.0.1:9090',
    )
  }
  return { port, address: match?.[1] === undefined ? undefined : parseAddress(match[1], path) }
}

/**
 * Whether a name belongs to the public Internet, so that only a public authority can certify it.
 * Addresses, single labels and the reserved names of RFC 6761, RFC 8375 and ICANN (`.internal`) do not.
 */
export function isPublicHostName(host: string): boolean {
  if (isIP(host) !== 0 || isLoopbackHost(host)) return false
  const labels = host.replace(/^\*\./, '').split('.')
  if (labels.length < 2) return false
  if (host.endsWith('.home.arpa')) return false
  return !['localhost', 'local', 'internal', 'test', 'invalid', 'lan', 'localdomain'].includes(
    labels.at(-1) ?? '',
  )
}
