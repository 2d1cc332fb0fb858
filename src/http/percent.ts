import { ALPHANUMERIC, charTable, HEX_VALUE, hexByteAt } from './chars.ts'
import { isUtf8Second, utf8Length } from './utf8.ts'

/** Why a percent-encoded text is refused. */
export type PercentFault =
  | 'bad_percent'
  | 'invalid_utf8'
  | 'non_ascii'
  | 'control'
  | 'illegal_character'

/** By UTF-16 unit: 1 for the characters that mean themselves everywhere (RFC 3986 section 2.3). */
export const UNRESERVED: Uint8Array = charTable(`${ALPHANUMERIC}-._~`)
const PERCENT = 37
const PLUS = 43
const SPACE = 32
const HEX_DIGITS = Buffer.from('0123456789ABCDEF')
/** Longer texts are decoded here, which is quicker there than `decodeURIComponent`. UTF-16 units. */
const LONG = 256

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
  const { allowed } = set
  const { length } = raw
  let start = 0
  while (start < length && allowed[raw.charCodeAt(start)] === 1) start++
  if (start === length) return { text: raw }
  const writer = new Writer(raw, start)
  while (writer.at < length) {
    const code = raw.charCodeAt(writer.at)
    const fault =
      allowed[code] === 1
        ? writer.put(code)
        : code === PERCENT
          ? writer.copySequence()
          : (refusal(code, set) ?? writer.putEncoded(code))
    if (fault !== undefined) return { fault }
  }
  return { text: writer.text() }
}

/** Which characters stay as they are, and which printable ones are refused instead of encoded. */
export interface CharSet {
  readonly allowed: Uint8Array
  readonly refused: Uint8Array
}

/** Why a character that is neither allowed nor `%` is refused; `undefined` where it is encoded instead. */
export function refusal(code: number, set: CharSet): PercentFault | undefined {
  if (code > 126) return code === 127 ? 'control' : 'non_ascii'
  if (code < 32) return 'control'
  return code === SPACE || set.refused[code] === 1 ? 'illegal_character' : undefined
}

/** Writes the canonical text as bytes: joining thousands of short pieces would cost ten times as much. */
class Writer {
  readonly #raw: string
  readonly #bytes: Buffer
  #size: number
  /** Where the reading stands. */
  at: number

  /** `start`: what stands before is canonical. */
  constructor(raw: string, start: number) {
    this.#raw = raw
    this.#bytes = Buffer.allocUnsafe(start + (raw.length - start) * 3)
    this.#size = start
    this.#bytes.write(raw.slice(0, start), 'latin1')
    this.at = start
  }

  text(): string {
    return this.#bytes.toString('latin1', 0, this.#size)
  }

  put(code: number): undefined {
    this.#bytes[this.#size++] = code
    this.at++
  }

  putEncoded(code: number): undefined {
    this.#encode(code)
    this.at++
  }

  /** Copies the escapes of one character, decoded where it is unreserved. */
  copySequence(): PercentFault | undefined {
    const lead = hexByteAt(this.#raw, this.at + 1)
    if (lead < 0) return 'bad_percent'
    this.at += 3
    if (lead < 0x80) {
      if (UNRESERVED[lead] === 1) this.#bytes[this.#size++] = lead
      else this.#encode(lead)
      return undefined
    }
    const length = utf8Length(lead)
    const second = this.#escaped()
    if (length === 0 || !isUtf8Second(lead, second)) return 'invalid_utf8'
    this.#encode(lead)
    this.#encode(second)
    this.at += 3
    for (let i = 2; i < length; i++, this.at += 3) {
      const byte = this.#escaped()
      if (byte < 0x80 || byte > 0xbf) return 'invalid_utf8'
      this.#encode(byte)
    }
    return undefined
  }

  /** The byte of the escape at the reading place, or -1. */
  #escaped(): number {
    return this.#raw.charCodeAt(this.at) === PERCENT ? hexByteAt(this.#raw, this.at + 1) : -1
  }

  #encode(byte: number): void {
    const at = this.#size
    this.#bytes[at] = PERCENT
    this.#bytes[at + 1] = HEX_DIGITS[byte >> 4] ?? 0
    this.#bytes[at + 2] = HEX_DIGITS[byte & 15] ?? 0
    this.#size = at + 3
  }
}

/**
 * Decodes one component of a canonical query: `+` is space, percent sequences are UTF-8.
 * Only for text that `canonicalPercent` wrote; other text may make it throw `URIError`.
 */
export function formDecode(text: string): string {
  if (text.length > LONG) return decodeLong(text)
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  return spaced.includes('%') ? decodeURIComponent(spaced) : spaced
}

function decodeLong(text: string): string {
  const hasEscape = text.includes('%')
  if (!hasEscape && !text.includes('+')) return text
  const bytes = Buffer.from(text, 'latin1')
  if (!hasEscape) {
    for (let at = 0; at < bytes.length; at++) if (bytes[at] === PLUS) bytes[at] = SPACE
    return bytes.toString('latin1')
  }
  let size = 0
  for (let at = 0; at < bytes.length; size++) {
    const byte = bytes[at] ?? 0
    if (byte === PERCENT) {
      const value = (HEX_VALUE[bytes[at + 1] ?? 0] ?? 0) * 16 + (HEX_VALUE[bytes[at + 2] ?? 0] ?? 0)
      bytes[size] = value
      at += 3
    } else {
      bytes[size] = byte === PLUS ? SPACE : byte
      at++
    }
  }
  return bytes.toString('utf8', 0, size)
}
