import { readQuotedString, readToken, skipOws } from './quoted-string.ts'

/**
 * Reads `*( OWS ";" OWS name "=" value )` from `at` to the end of the text; names come out in lower case.
 * @returns `undefined` when malformed or when a name is repeated. Never throws.
 * @see RFC 9110 section 5.6.6
 */
export function readParameters(text: string, at: number): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>()
  let i = skipOws(text, at)
  while (i < text.length) {
    if (text.charCodeAt(i) !== 59) return undefined
    const name = readToken(text, skipOws(text, i + 1), '= \t;"')
    if (name === undefined || text.charCodeAt(name.end) !== 61) return undefined
    const value = readQuotedString(text, name.end + 1) ?? readToken(text, name.end + 1, ' \t;')
    const key = name.value.toLowerCase()
    if (value === undefined || parameters.has(key)) return undefined
    parameters.set(key, value.value)
    i = skipOws(text, value.end)
  }
  return parameters
}
