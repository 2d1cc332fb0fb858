import { HEX_VALUE } from './chars.ts'

const BACKSLASH = 92
const LETTER_U = 117

/** What the letters of the short escapes stand for, by their byte. */
const SHORT = new Uint8Array(256)
for (const [letter, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'])
  SHORT[letter?.charCodeAt(0) ?? 0] = meaning?.charCodeAt(0) ?? 0

/**
 * Writes the text of a JSON string, which was checked already, to `target` as UTF-8 without its escapes.
 * `target` has room for `end - start` bytes from `at` on, which is always enough.
 * @returns the offset behind what was written.
 */
export function unescapeJson(
  source: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  target: Uint8Array,
  at: number,
): number {
  let to = at
  for (let from = start; from < end;) {
    const byte = source[from] ?? 0
    const letter = byte === BACKSLASH ? (source[from + 1] ?? 0) : 0
    if (letter === LETTER_U) {
      const high = unitAt(source, from + 2)
      const isPair = high >= 0xd800 && high < 0xdc00
      const low = isPair ? unitAt(source, from + 8) : 0
      to = writeUtf8(target, to, isPair ? (high - 0xd800) * 1024 + low - 0xdc00 + 0x10000 : high)
      from += isPair ? 12 : 6
    } else {
      target[to++] = byte === BACKSLASH ? (SHORT[letter] ?? 0) : byte
      from += byte === BACKSLASH ? 2 : 1
    }
  }
  return to
}

function unitAt(bytes: Uint8Array, at: number): number {
  let unit = 0
  for (let i = at; i < at + 4; i++) unit = unit * 16 + (HEX_VALUE[bytes[i] ?? 0] ?? 0)
  return unit
}

/** RFC 3629 section 3. */
function writeUtf8(target: Uint8Array, at: number, point: number): number {
  let to = at
  if (point < 0x80) target[to++] = point
  else if (point < 0x800) target[to++] = 0xc0 | (point >> 6)
  else {
    if (point < 0x10000) target[to++] = 0xe0 | (point >> 12)
    else {
      target[to++] = 0xf0 | (point >> 18)
      target[to++] = 0x80 | ((point >> 12) & 63)
    }
    target[to++] = 0x80 | ((point >> 6) & 63)
  }
  if (point >= 0x80) target[to++] = 0x80 | (point & 63)
  return to
}
