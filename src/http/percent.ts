import { ALPHANUMERIC, charTable, hexByteAt } from './chars.ts'
import { utf8SequenceLength } from './utf8.ts'

/** Why a percent-encoded text is refused. */
export type PercentFault =
  | 'bad_percent'
  | 'invalid_utf8'
  | 'non_ascii'
  | 'control'
  | 'illegal_character'

const UNRESERVED = charTable(`${ALPHANUMERIC}-._~`)

/**
 * Rewrites a percent-encoded text in its one canonical spelling: unreserved characters decoded, hexadecimal digits in
 * upper case, printable ASCII outside `allowed` encoded unless `refused`. Sequences must be whole and, decoded, valid
 * UTF-8, so that `decodeURIComponent` on the result cannot throw.
 * @see RFC 3986 section 6.2.2
 */
export function canonicalPercent(
  raw: string,
  set: CharSet,
): { text: string } | { fault: PercentFault } {
  let text = ''
  let copied = 0
  for (let i = 0; i < raw.length;) {
    const code = raw.charCodeAt(i)
    if (set.allowed[code] === 1) {
      i++
      continue
    }
    const piece = code === 37 ? canonicalSequence(raw, i) : canonicalChar(code, set)
    if (typeof piece !== 'string') return piece
    text += raw.slice(copied, i) + piece
    i += code === 37 ? sequenceWidth(raw, i) : 1
    copied = i
  }
  return { text: copied === 0 ? raw : text + raw.slice(copied) }
}

/** Which characters stay as they are, and which printable ones are refused instead of encoded. */
export interface CharSet {
  readonly allowed: Uint8Array
  readonly refused: Uint8Array
}

function canonicalChar(code: number, set: CharSet): string | { fault: PercentFault } {
  if (code > 126) return { fault: code === 127 ? 'control' : 'non_ascii' }
  if (code < 32) return { fault: 'control' }
  if (code === 32 || set.refused[code] === 1) return { fault: 'illegal_character' }
  return encodeByte(code)
}

function canonicalSequence(raw: string, at: number): string | { fault: PercentFault } {
  const lead = hexByteAt(raw, at + 1)
  if (lead < 0) return { fault: 'bad_percent' }
  if (lead < 0x80) return UNRESERVED[lead] === 1 ? String.fromCharCode(lead) : encodeByte(lead)
  const length = sequenceLength(raw, at, lead)
  return length === 0 ? { fault: 'invalid_utf8' } : raw.slice(at, at + length * 3).toUpperCase()
}

function sequenceWidth(raw: string, at: number): number {
  return sequenceLength(raw, at, hexByteAt(raw, at + 1)) * 3
}

function sequenceLength(raw: string, at: number, lead: number): number {
  return utf8SequenceLength(lead, (index) => {
    const start = at + index * 3
    return raw.charCodeAt(start) === 37 ? hexByteAt(raw, start + 1) : -1
  })
}

function encodeByte(byte: number): string {
  return `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
}
