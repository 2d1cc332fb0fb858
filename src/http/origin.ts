import { parseHost } from './host.ts'

/** A web origin other than `null`. */
export interface Origin {
  readonly scheme: 'http' | 'https'
  /** Lower-case name or address, IPv6 without brackets. */
  readonly host: string
  /** Always a number: the scheme's default is filled in. */
  readonly port: number
  /** The one serialization: default port left out. Compare this. */
  readonly text: string
}

const DEFAULT_PORT = { http: 80, https: 443 } as const

/**
 * Parses a serialized origin exactly: `scheme://host[:port]` with nothing behind it. `null`, lists, paths, user
 * information and other schemes are refused.
 * @returns `undefined` when it is none of that. Never throws.
 * @see RFC 6454 section 6.2
 */
export function parseOrigin(text: string): Origin | undefined {
  const scheme = text.startsWith('https://')
    ? 'https'
    : text.startsWith('http://')
      ? 'http'
      : undefined
  if (scheme === undefined) return undefined
  const host = parseHost(text.slice(scheme.length + 3))
  if (host === undefined) return undefined
  const port = host.port ?? DEFAULT_PORT[scheme]
  const name = host.name.includes(':') ? `[${host.name}]` : host.name
  const suffix = port === DEFAULT_PORT[scheme] ? '' : `:${port}`
  return { scheme, host: host.name, port, text: `${scheme}://${name}${suffix}` }
}

/** Whether both are origins and the same one; a malformed text equals nothing, itself included. */
export function isSameOrigin(left: string, right: string): boolean {
  const own = parseOrigin(left)
  return own !== undefined && own.text === parseOrigin(right)?.text
}

/** Whether the origin is on this machine: `localhost`, a name below it, 127.0.0.0/8 or ::1. */
export function isLoopbackOrigin({ host }: Origin): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || isLoopback4(host)
}

function isLoopback4(host: string): boolean {
  return /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host)
}
