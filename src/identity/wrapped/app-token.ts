import { isObject, member, parseObject } from '../tokens/compact.ts'
import type { JsonObject } from '../tokens/compact.ts'
import type { ValueSource } from './wrap-rule.ts'

/** Tokens that the gateway wraps, in characters: shorter ones are found in any text, longer ones fit in no field. */
const MIN_TOKEN_CHARS = 8
const MAX_TOKEN_CHARS = 4096
const MAX_SUBJECT_CHARS = 512
/** Longest claims as JSON. */
const MAX_CLAIMS_CHARS = 768

/** What surrounds a token when the API hands it out. */
export interface TokenContext {
  /** The answer's body as parsed, and the request's. */
  readonly response: unknown
  readonly request: unknown
}

/** Who a token of the API stands for. */
export interface AppIdentity {
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
  /** Its own end in milliseconds; `undefined` where it names none. */
  readonly expiresAtMs: number | undefined
}

/** Whether the gateway can wrap a token: visible ASCII without what ends a field or a cookie. */
export function isWrappable(token: string): boolean {
  const isSized = token.length >= MIN_TOKEN_CHARS && token.length <= MAX_TOKEN_CHARS
  return isSized && /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/.test(token)
}

/**
 * Reads who a token stands for. Its signature is not looked at: it comes from the API itself, over our connection to it,
 * and what comes from clients is never read so.
 * @returns why it cannot be told, or who it is. Never throws.
 */
export function identityOf(
  token: string,
  context: TokenContext,
  rule: { readonly subject: ValueSource; readonly claims: readonly ValueSource[] },
): AppIdentity | { readonly fault: string } {
  const own = claimsOf(token)
  const valueOf = ({ from, path }: ValueSource): unknown =>
    at(from === 'token' ? own : context[from], path)
  const subject = subjectText(valueOf(rule.subject))
  if (subject === undefined) return { fault: 'names no subject where the policy looks for it' }
  const claims: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const source of rule.claims) {
    const value = valueOf(source)
    if (value !== undefined) claims[source.path.at(-1) ?? ''] = value
  }
  if (JSON.stringify(claims).length > MAX_CLAIMS_CHARS)
    return { fault: 'has claims above 768 characters' }
  const exp = own === undefined ? undefined : member(own, 'exp')
  const isTime = typeof exp === 'number' && Number.isFinite(exp) && exp >= 0
  return { subject, claims, expiresAtMs: isTime ? exp * 1000 : undefined }
}

/** Claims of a JWS in compact form, as it says them; `undefined` for other tokens. */
function claimsOf(token: string): JsonObject | undefined {
  const parts = token.split('.', 4)
  return parts.length === 3 ? parseObject(Buffer.from(parts[1] ?? '', 'base64url')) : undefined
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path) found = isObject(found) ? member(found, name) : undefined
  return found
}

// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/

/** Ids are numbers in many APIs: exact ones become their text, others name nobody. */
function subjectText(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text === '' || text.length > MAX_SUBJECT_CHARS) return undefined
  return CONTROL.test(text) ? undefined : text
}
