/** Longest field of a log line, in characters after escaping [LOG-05]. */
const MAX_FIELD_CHARS = 8192

// Printable ASCII without `"`, `\` and `<`. Everything else is written as an escape: control characters would end
// the line or drive a terminal, U+2028 ends lines in JavaScript, bidi marks reorder what a person reads, and `<`
// wakes up a log viewer that renders HTML (T6).
const NEEDS_ESCAPE = /[^ !#-;=-[\]-~]/
const ELLIPSIS = '...'

/**
 * A string as JSON, quotes included, in printable ASCII only: one character is one byte.
 * @param maxChars bound of the text between the quotes; what is cut off shows as `...`.
 */
export function jsonText(text: string, maxChars: number = MAX_FIELD_CHARS): string {
  if (text.length <= maxChars && !NEEDS_ESCAPE.test(text)) return `"${text}"`
  return `"${escapeSlowly(text, maxChars)}"`
}

/** A list of strings as a JSON array, each at most `maxChars` long, at most `maxItems` of them. */
export function jsonTexts(items: readonly string[], maxItems: number, maxChars: number): string {
  let out = ''
  const count = Math.min(items.length, maxItems)
  for (let i = 0; i < count; i++)
    out += `${i === 0 ? '' : ','}${jsonText(items[i] ?? '', maxChars)}`
  return `[${out}]`
}

function escapeSlowly(text: string, maxChars: number): string {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const piece = escapeUnit(text.charCodeAt(i))
    const isLast = i === text.length - 1
    if (out.length + piece.length + (isLast ? 0 : ELLIPSIS.length) > maxChars) return out + ELLIPSIS
    out += piece
  }
  return out
}

function escapeUnit(unit: number): string {
  if (unit === 0x22) return '\\"'
  if (unit === 0x5c) return '\\\\'
  if (unit >= 0x20 && unit < 0x7f && unit !== 0x3c) return String.fromCharCode(unit)
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
