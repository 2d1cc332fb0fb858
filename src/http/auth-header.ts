import { isToken } from './chars.ts'
import { quotedString, readQuotedString, readToken, skipOws } from './quoted-string.ts'

/** The credentials of one `Authorization` field. */
export interface Credentials {
  /** In lower case. */
  readonly scheme: string
  /** What follows the scheme when it is one `token68`, such as a bearer token; else `undefined`. */
  readonly token: string | undefined
  /** Comma-separated parameters, names in lower case; empty when `token` is there or nothing follows. */
  readonly parameters: ReadonlyMap<string, string>
  /** What follows the scheme, untouched. */
  readonly rest: string
}

/** One challenge of `WWW-Authenticate`. */
export interface Challenge {
  /** As it is to be written, such as `Bearer`. */
  readonly scheme: string
  /** Written in order as quoted strings. */
  readonly parameters?: readonly (readonly [name: string, value: string])[]
}

/** Letters, digits, `-._~+/`, then any number of `=`. Linear: the two parts share no character. */
const TOKEN68 = /^[\w\-.~+/]+=*$/
const NONE: ReadonlyMap<string, string> = new Map()
const MAX_PARAMETERS = 32

/**
 * Splits `Authorization`, strictly: one scheme, one or more spaces, then one token68 or a list of parameters without
 * repeats. A second token (`Bearer a, Bearer b`), a stray quote or an empty element is malformed.
 * @returns `undefined` when malformed. Never throws.
 * @see RFC 9110 section 11.4
 */
export function parseAuthorization(text: string): Credentials | undefined {
  const parts = splitAuthorization(text)
  if (parts === undefined) return undefined
  const { scheme, rest } = parts
  if (rest === '') return { scheme, token: undefined, parameters: NONE, rest }
  if (TOKEN68.test(rest)) return { scheme, token: rest, parameters: NONE, rest }
  const parameters = readList(rest)
  return parameters === undefined ? undefined : { scheme, token: undefined, parameters, rest }
}

/**
 * Splits `Authorization` into the scheme in lower case and what follows, untouched, for schemes with their own grammar
 * (`AWS4-HMAC-SHA256` writes slashes in bare values).
 * @returns `undefined` when it does not begin with a token. Never throws.
 */
export function splitAuthorization(text: string): { scheme: string; rest: string } | undefined {
  const space = text.indexOf(' ')
  const name = space < 0 ? text : text.slice(0, space)
  if (!isToken(name)) return undefined
  return { scheme: name.toLowerCase(), rest: space < 0 ? '' : text.slice(skipSpaces(text, space)) }
}

function skipSpaces(text: string, at: number): number {
  let end = at
  while (text.charCodeAt(end) === 32) end++
  return end
}

function readList(text: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>()
  for (let i = 0; ;) {
    const name = readToken(text, i, '= \t,"')
    if (name === undefined) return undefined
    const equals = skipOws(text, name.end)
    if (text.charCodeAt(equals) !== 61) return undefined
    const at = skipOws(text, equals + 1)
    const value = readQuotedString(text, at) ?? readToken(text, at, ' \t,')
    const key = name.value.toLowerCase()
    if (value === undefined || parameters.has(key)) return undefined
    if (parameters.size >= MAX_PARAMETERS) return undefined
    parameters.set(key, value.value)
    i = skipOws(text, value.end)
    if (i >= text.length) return parameters
    if (text.charCodeAt(i) !== 44) return undefined
    i = skipOws(text, i + 1)
  }
}

/** Writes the value of one `WWW-Authenticate` field that offers every challenge in order [AUN-03]. */
export function formatChallenges(challenges: readonly Challenge[]): string {
  return challenges.map(formatChallenge).join(', ')
}

function formatChallenge({ scheme, parameters = [] }: Challenge): string {
  const list = parameters.map(([name, value]) => `${name}=${quotedString(value)}`).join(', ')
  return list === '' ? scheme : `${scheme} ${list}`
}
