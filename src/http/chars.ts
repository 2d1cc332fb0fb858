/** Builds a 256-entry membership table; index it by character code or byte, anything above 255 reads `undefined`. */
export function charTable(chars: string): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0; i < chars.length; i++) table[chars.charCodeAt(i)] = 1
  return table
}

/** The letters and digits of ASCII. */
export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** What tokens are made of (RFC 9110 section 5.6.2), by byte. */
export const TCHAR: Uint8Array = charTable(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~`)

// One class, no repetition: linear in the length of the value.
const CONTROL = /[^\t\u0020-\u007e\u0080-\u00ff]/
/** One comparison for each character, twice as fast; it takes tabs too and leaves out DEL. */
const SUSPECT = /[\0-\u001f\u0100-\uffff]/
const LONG = 64
/** Up to here a loop is done before a regular expression has begun; texts cut out of others take longer, and longer ones. */
const SHORT = 16

/** Value of each hexadecimal digit by character code; 255 for every other character. */
export const HEX_VALUE: Uint8Array = hexValues()

function hexValues(): Uint8Array {
  const table = new Uint8Array(256).fill(255)
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16)
    table[digit.charCodeAt(0)] = value
    table[digit.toUpperCase().charCodeAt(0)] = value
  }
  return table
}

/** Value of the two hexadecimal digits at `at`, or -1 when they are not two digits. */
export function hexByteAt(text: string, at: number): number {
  const high = HEX_VALUE[text.charCodeAt(at)] ?? 255
  const low = HEX_VALUE[text.charCodeAt(at + 1)] ?? 255
  return high === 255 || low === 255 ? -1 : high * 16 + low
}

/** Whether `text` is a non-empty `token` (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (TCHAR[text.charCodeAt(i)] !== 1) return false
  return text.length > 0
}

/** Whether `text` is one or more ASCII digits. */
export function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 57) return false
  }
  return text.length > 0
}

/**
 * Whether a field value holds a byte that could end or hide a line: any control but tab, or DEL, or a character
 * above 255, which has no single byte (RFC 9110 section 5.5).
 */
export function hasControl(value: string): boolean {
  if (value.length <= SHORT) return hasControlWithin(value)
  if (value.length > LONG && !SUSPECT.test(value) && !value.includes('\u007f')) return false
  return CONTROL.test(value)
}

function hasControlWithin(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if ((code < 32 && code !== 9) || code === 127 || code > 255) return true
  }
  return false
}

/** Removes spaces and tabs at both ends, nothing else (`trim` would also remove other white space). */
export function trimOws(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isOws(text.charCodeAt(start))) start++
  while (end > start && isOws(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function isOws(code: number): boolean {
  return code === 32 || code === 9
}
