import { isToken } from './chars.ts'

/** A value and the index after it. */
export interface Parsed {
  readonly value: string
  readonly end: number
}

/**
 * Reads the `quoted-string` that starts at `at`, unescaped.
 * @returns `undefined` when there is none, it is open, or it holds a control character.
 * @see RFC 9110 section 5.6.4
 */
export function readQuotedString(text: string, at: number): Parsed | undefined {
  if (text.charCodeAt(at) !== 34) return undefined
  let value = ''
  for (let i = at + 1; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code === 34) return { value, end: i + 1 }
    if (code === 92) code = text.charCodeAt(++i)
    if (!(code === 9 || (code >= 32 && code !== 127))) return undefined
    value += String.fromCharCode(code)
  }
  return undefined
}

/** Reads the `token` that starts at `at` and ends before the first of `stops`. */
export function readToken(text: string, at: number, stops: string): Parsed | undefined {
  let end = at
  while (end < text.length && !stops.includes(text.charAt(end))) end++
  const value = text.slice(at, end)
  return isToken(value) ? { value, end } : undefined
}

/** Index of the first character at or after `at` that is neither space nor tab. */
export function skipOws(text: string, at: number): number {
  let end = at
  while (text.charCodeAt(end) === 32 || text.charCodeAt(end) === 9) end++
  return end
}

/** Writes a `quoted-string`; characters that no field may carry become `?`. */
export function quotedString(value: string): string {
  return `"${value.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`
}
