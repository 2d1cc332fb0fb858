import { parseAuthorization } from '../http/auth-header.ts'
import { parseCookies } from '../http/cookie.ts'
import type { HeaderTable } from '../http/header-table.ts'

/** One credential that a request carries. Nothing about it is verified. */
export interface PresentedCredential {
  readonly place: 'authorization' | 'header' | 'cookie'
  /** Lower-case field name, or the cookie's name. */
  readonly name: string
  /** Scheme of `Authorization` in lower case; empty elsewhere. */
  readonly scheme: string
  /** The token of `Bearer`, `ApiKey` and `Basic`; all that follows the scheme for others; the value elsewhere. */
  readonly text: string
}

/** Where credentials may stand besides `Authorization`. */
export interface CredentialPlaces {
  /** Lower-case names of fields that carry keys, such as `x-api-key`. */
  readonly headers: readonly string[]
  readonly cookies: readonly string[]
}

/** Why the credentials of a request cannot be told (400). */
export interface CredentialFault {
  readonly reason: 'multiple_credentials' | 'malformed_credentials'
  /** For the log; names the place, never the value. */
  readonly detail: string
}

/** Schemes whose credential is one `token68`. */
const TOKEN_SCHEMES: ReadonlySet<string> = new Set(['bearer', 'apikey', 'basic'])
const NONE: readonly PresentedCredential[] = []

/**
 * Finds the credentials of a request: at most one in each place, all of them told, so that the caller can refuse more
 * than the operation asks for. A field or cookie that comes twice is refused: two readers would choose two.
 * `isWellFormed`: whether a bearer token was verified before, character for character, or read by a stricter grammar
 * than that of the field, which is not looked at then.
 * Never throws. @see CONTROLS AUN-02, KEY-02, TOK-01; RFC 9110 section 11.4, RFC 6750 section 2
 */
export function extractCredentials(
  headers: HeaderTable,
  places: CredentialPlaces,
  isWellFormed: (token: string) => boolean = isNever,
): readonly PresentedCredential[] | CredentialFault {
  const authorization = readAuthorization(headers, isWellFormed)
  if (authorization !== undefined && 'reason' in authorization) return authorization
  const found = authorization === undefined ? [] : [authorization]
  for (const name of places.headers) {
    if (name === 'authorization') continue
    const fault = readField(headers, name, found)
    if (fault !== undefined) return fault
  }
  const fault = places.cookies.length > 0 ? readCookies(headers, places.cookies, found) : undefined
  return fault ?? (found.length === 0 ? NONE : found)
}

function isNever(): boolean {
  return false
}

const BEARER = 'Bearer '

function readAuthorization(
  headers: HeaderTable,
  isWellFormed: (token: string) => boolean,
): PresentedCredential | CredentialFault | undefined {
  const text = headers.get('authorization')
  if (text === undefined) return undefined
  // Node keeps the first `Authorization` and hides the rest; an API behind may read the last.
  if (headers.count('authorization') > 1) return multiple('authorization')
  if (text.startsWith(BEARER)) {
    const token = text.slice(BEARER.length)
    if (isWellFormed(token)) return inAuthorization('bearer', token)
  }
  const parsed = parseAuthorization(text)
  if (parsed === undefined) return malformed('authorization')
  const { scheme, token, rest } = parsed
  if (!TOKEN_SCHEMES.has(scheme)) return inAuthorization(scheme, rest)
  return token === undefined ? malformed('authorization') : inAuthorization(scheme, token)
}

function inAuthorization(scheme: string, text: string): PresentedCredential {
  return { place: 'authorization', name: 'authorization', scheme, text }
}

function readField(
  headers: HeaderTable,
  name: string,
  found: PresentedCredential[],
): CredentialFault | undefined {
  const text = headers.get(name)
  if (text === undefined) return undefined
  if (headers.count(name) > 1) return multiple(name)
  if (!/^[\x21-\x7e]+$/.test(text)) return malformed(name)
  found.push({ place: 'header', name, scheme: '', text })
  return undefined
}

function readCookies(
  headers: HeaderTable,
  names: readonly string[],
  found: PresentedCredential[],
): CredentialFault | undefined {
  if (!headers.has('cookie')) return undefined
  const seen = new Set<string>()
  for (const [name, text] of parseCookies(headers.all('cookie'))) {
    if (!names.includes(name)) continue
    if (seen.has(name)) return multiple('cookie')
    seen.add(name)
    if (text !== '') found.push({ place: 'cookie', name, scheme: '', text })
  }
  return undefined
}

function multiple(name: string): CredentialFault {
  return { reason: 'multiple_credentials', detail: `${name} more than once` }
}

function malformed(name: string): CredentialFault {
  return { reason: 'malformed_credentials', detail: `${name} is malformed` }
}

const MAX_PIECES = 50

/**
 * Everything in raw values of credential fields that may be a credential, without looking at grammar: for finding keys
 * that came where they must not. At most 50 pieces.
 */
export function bearerTexts(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => value.slice(0, 8192).split(/[\s;,="]+/, MAX_PIECES))
    .filter((piece) => piece.length >= 16)
    .slice(0, MAX_PIECES)
}
