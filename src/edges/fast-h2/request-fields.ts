import { isDigits, isToken } from '../../http/chars.ts'
import { HeaderTable } from '../../http/header-table.ts'

/** What the fields of a request say. */
export interface RequestFields {
  readonly method: string
  /** `:path`; empty for CONNECT. */
  readonly rawTarget: string
  readonly authority: string | undefined
  readonly headers: HeaderTable
  readonly bodyLength: number | undefined
  /** The client waits for `100 Continue`. */
  readonly expectsContinue: boolean
  /** The client said `te: trailers`. */
  readonly takesTrailers: boolean
}

/** RFC 9113 section 8.2.2. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
const PSEUDO: readonly string[] = [':method', ':scheme', ':authority', ':path']
const COLON = 58
const SLASH = 47
/** Longest length that is exact in a double. */
const MAX_LENGTH_DIGITS = 15
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/
/** Visible ASCII and what is beyond it; the canonical form is asked for elsewhere. */
const TARGET = /^[!-~\u0080-\u00ff]+$/

/** Characters of a host and a port (RFC 3986 section 3.2); no user may be named (RFC 9113 section 8.3.1). */
const AUTHORITY = /^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]+$/

/** A part of a request is missing, twice there, or in the wrong place. */
const MALFORMED = undefined

/**
 * Reads the fields of a request, whose names and values are right one by one (RFC 9113 sections 8.1.1, 8.2.2, 8.3.1).
 * `cookie` crumbs become one field again (section 8.2.3).
 * @returns `undefined` for a malformed request.
 */
export function requestFields(fields: readonly string[]): RequestFields | undefined {
  const [method, scheme, authority, path] = pseudoFields(fields)
  const names =
    PSEUDO.length - [method, scheme, authority, path].filter((one) => one === undefined).length
  const rest = regularFields(fields, names * 2)
  if (rest === undefined || method === undefined || !isToken(method)) return MALFORMED
  if (authority !== undefined && !AUTHORITY.test(authority)) return MALFORMED
  const isConnect = method === 'CONNECT'
  // Section 8.5: CONNECT has neither; the extension of RFC 8441 was not offered.
  if (isConnect && (scheme !== undefined || path !== undefined || authority === undefined))
    return MALFORMED
  if (!isConnect && !isTarget(method, scheme, path)) return MALFORMED
  const headers = new HeaderTable(rest)
  const host = headers.get('host')
  if (authority === undefined && host === undefined) return MALFORMED
  if (host !== undefined && !isHost(headers, host)) return MALFORMED
  const said = headers.get('content-length')
  if (said !== undefined && !isLength(headers, said)) return MALFORMED
  const te = headers.get('te')
  if (te !== undefined && te !== 'trailers') return MALFORMED
  return {
    method,
    rawTarget: path ?? '',
    authority,
    headers,
    bodyLength: said === undefined ? undefined : Number(said),
    expectsContinue: headers.has('expect'),
    takesTrailers: te !== undefined,
  }
}

/** Those at the beginning, each at most once; any other that is a pseudo field is found among the regular ones. */
function pseudoFields(fields: readonly string[]): (string | undefined)[] {
  const found: (string | undefined)[] = [undefined, undefined, undefined, undefined]
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const place = PSEUDO.indexOf(fields[i] ?? '')
    if (place < 0 || found[place] !== undefined) break
    found[place] = fields[i + 1] ?? ''
  }
  return found
}

function regularFields(fields: readonly string[], from: number): string[] | undefined {
  const rest: string[] = []
  let cookieAt = -1
  for (let i = from; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    if (name.charCodeAt(0) === COLON || CONNECTION_FIELDS.has(name)) return undefined
    if (name === 'cookie' && cookieAt >= 0) {
      rest[cookieAt] = `${rest[cookieAt]}; ${value}`
      continue
    }
    rest.push(name, value)
    if (name === 'cookie') cookieAt = rest.length - 1
  }
  return rest
}

function isTarget(
  method: string,
  scheme: string | undefined,
  path: string | undefined,
): path is string {
  if (scheme === undefined || path === undefined || !SCHEME.test(scheme)) return false
  const isPath = path.charCodeAt(0) === SLASH || (path === '*' && method === 'OPTIONS')
  return isPath && TARGET.test(path)
}

/** One, and nothing but a host and a port: two would name two (RFC 9110 section 7.2). */
function isHost(headers: HeaderTable, host: string): boolean {
  return AUTHORITY.test(host) && headers.count('host') === 1
}

function isLength(headers: HeaderTable, said: string): boolean {
  return said.length <= MAX_LENGTH_DIGITS && isDigits(said) && headers.count('content-length') === 1
}

/** Fields that say how a message is framed, or whom it is for: behind it they come too late (RFC 9110 section 6.5.1). */
const HEAD_FIELDS: ReadonlySet<string> = new Set(['content-length', 'host', 'te'])

/** Trailers: no pseudo field, none of the connection, and none that a head would have needed (RFC 9113 section 8.1). */
export function areTrailers(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (name.charCodeAt(0) === COLON || CONNECTION_FIELDS.has(name) || HEAD_FIELDS.has(name))
      return false
  }
  return true
}
