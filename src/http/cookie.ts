import { isToken, trimOws } from './chars.ts'

/** One cookie pair as sent; surrounding double quotes of the value are kept, as servers differ about them. */
export type CookiePair = readonly [name: string, value: string]

const MAX_COOKIES = 100

/**
 * Parses the values of all `Cookie` fields in order, duplicates kept so that a caller can refuse them.
 * Pieces without `=` or with a name that is no token are left out, surplus ones beyond 100 too. Never throws.
 * @see RFC 6265 section 4.2.1
 */
export function parseCookies(fields: readonly string[]): readonly CookiePair[] {
  const pairs: CookiePair[] = []
  for (const field of fields) {
    for (const piece of field.split(';', MAX_COOKIES)) {
      const equals = piece.indexOf('=')
      const name = trimOws(piece.slice(0, Math.max(equals, 0)))
      if (isToken(name) && pairs.length < MAX_COOKIES)
        pairs.push([name, trimOws(piece.slice(equals + 1))])
    }
  }
  return pairs
}

/** Name of the first cookie sent more than once, or `undefined`. */
export function duplicateCookie(pairs: readonly CookiePair[]): string | undefined {
  const seen = new Set<string>()
  for (const [name] of pairs) {
    if (seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}

/** A cookie that a server sets. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  /** Names in lower case; the last of equal names wins, as in RFC 6265 section 5.3; flags have an empty value. */
  readonly attributes: ReadonlyMap<string, string>
}

/** Parses the value of one `Set-Cookie` field; `undefined` when it has no name. Never throws. */
export function parseSetCookie(text: string): SetCookie | undefined {
  const [pair = '', ...rest] = text.split(';', MAX_COOKIES)
  const equals = pair.indexOf('=')
  const name = trimOws(pair.slice(0, Math.max(equals, 0)))
  if (!isToken(name)) return undefined
  const attributes = new Map<string, string>()
  for (const piece of rest) {
    const at = piece.indexOf('=')
    const key = trimOws(at < 0 ? piece : piece.slice(0, at)).toLowerCase()
    if (key !== '') attributes.set(key, at < 0 ? '' : trimOws(piece.slice(at + 1)))
  }
  return { name, value: trimOws(pair.slice(equals + 1)), attributes }
}
