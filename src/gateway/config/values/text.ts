import { ConfigError } from '../../../base/config-error.ts'
import { showValue } from '../report.ts'

function refuse(path: string, message: string, cure: string): never {
  throw new ConfigError({ path, message, cure })
}

/** Where a secret stands. The secret itself is never written into the configuration. */
export type Reference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }

/** Reads `env:NAME` or `file:PATH`. Throws `ConfigError` that never repeats the text: it may be the secret. */
export function parseReference(text: string, path: string): Reference {
  const env = /^env:([A-Za-z_]\w{0,200})$/.exec(text)?.[1]
  if (env !== undefined) return { kind: 'env', name: env }
  const file = /^file:([^\0\n]{1,1000})$/.exec(text)?.[1]
  if (file !== undefined) return { kind: 'file', path: file }
  return refuse(path, 'is not a reference', 'write env:NAME or file:PATH, never the secret itself')
}

/** Reads `file:PATH` and returns the path as written. Throws `ConfigError` that never repeats the text. */
export function parseFileReference(text: string, path: string): string {
  const reference = /^file:([^\0\n]{1,1000})$/.exec(text)?.[1]
  return reference ?? refuse(path, 'is not a file reference', 'write file:PATH')
}

/** Reads the path of a claim: `claims.roles`, `claims.realm_access.roles`, `claims["https://x/roles"]`. Throws `ConfigError`. */
export function parseClaimPath(text: string, path: string): readonly string[] {
  const whole = /^claims((\.[\w:-]{1,100})|(\["[^"\\]{1,200}"\])){1,8}$/
  if (!whole.test(text)) {
    return refuse(
      path,
      `${showValue(text)} is not the path of a claim`,
      'write claims.roles, claims.realm_access.roles or claims["https://example.com/roles"]',
    )
  }
  const steps = text.slice('claims'.length).matchAll(/\.([\w:-]+)|\["([^"]+)"\]/g)
  return [...steps].map((step) => step[1] ?? step[2] ?? '')
}

/**
 * Reads the moment when something ends: a day (it ends when that day begins, UTC) or a full RFC 3339 date-time.
 * @returns milliseconds since the epoch. Throws `ConfigError`.
 */
export function parseUntil(text: string, path: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d))?$/.exec(text)
  const day = match === null ? NaN : Date.parse(`${match[1]}T00:00:00Z`)
  const untilMs =
    match === null ? NaN : Date.parse(match[2] === undefined ? `${match[1]}T00:00:00Z` : text)
  // Date.parse turns 2026-02-30 into March; a day that does not exist must not become another one.
  if (Number.isNaN(untilMs) || new Date(day).toISOString().slice(0, 10) !== match?.[1]) {
    return refuse(
      path,
      `${showValue(text)} is not a date`,
      'write a day such as 2026-12-06 (it ends when that day begins, UTC) or 2026-12-06T08:00:00Z',
    )
  }
  return untilMs
}

/** One place the decision log goes to. */
export type SinkTarget =
  | { readonly kind: 'stdout' | 'stderr' }
  | { readonly kind: 'file'; readonly path: string }

/** Reads `stdout`, `stderr` or `file:PATH`; the path as written. Throws `ConfigError`. */
export function parseSink(text: string, path: string): SinkTarget {
  if (text === 'stdout' || text === 'stderr') return { kind: text }
  const file = /^file:([^\0\n]{1,1000})$/.exec(text)?.[1]
  if (file !== undefined) return { kind: 'file', path: file }
  return refuse(path, `${showValue(text)} is not a log sink`, 'write stdout, stderr or file:PATH')
}

/** Reads `unix:PATH`; the path as written. Throws `ConfigError`. */
export function parseSocketAddress(text: string, path: string): string {
  const socket = /^unix:([^\0\n]{1,1000})$/.exec(text)?.[1]
  return socket ?? refuse(path, `${showValue(text)} is not a Unix socket`, 'write unix:PATH')
}

/** Reads a header spelling such as `X-Rate-Limit-*` and returns the prefix `X-Rate-Limit-`. Throws `ConfigError`. */
export function parseHeaderAlias(text: string, path: string): string {
  const prefix = /^([A-Za-z][A-Za-z\d-]{0,60}-)\*$/.exec(text)?.[1]
  return (
    prefix ??
    refuse(path, `${showValue(text)} is not a header spelling`, 'write it as X-Rate-Limit-*')
  )
}

/** Reads the base path of an API; comes back without trailing slash, empty for the root. Throws `ConfigError`. */
export function parseBasePath(text: string, path: string): string {
  const isClean =
    /^\/(?!\/)[\w.~!$&'()*+,;=:@/-]*$/.test(text) && !/\/\/|\/\.{1,2}(\/|$)/.test(text)
  if (!isClean) {
    return refuse(path, `${showValue(text)} is not a base path`, 'write / or a path such as /v1')
  }
  return text.replace(/\/$/, '')
}

/** Reads the path of a rule: segments, `{name}` or `*` for any one, `*` at the end for everything below. Throws `ConfigError`. */
export function parsePathPattern(text: string, path: string): string {
  if (!/^\/[^\s?#]{0,1000}$/.test(text) || /[^/]\*|\*[^/]/.test(text)) {
    return refuse(
      path,
      `${showValue(text)} is not a path`,
      'write /orders, /orders/{id} or /admin/* for everything below /admin',
    )
  }
  return text
}
