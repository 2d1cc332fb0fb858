import { isUtf8 } from 'node:buffer'
import { HEX_VALUE } from './chars.ts'
import { JsonKeys } from './json-keys.ts'
import { utf8SequenceLength } from './utf8.ts'

/** Bounds of a JSON text. */
export interface JsonLimits {
  /** Deepest nesting of arrays and objects; at most 512 is honored, the scanner recurses. */
  readonly maxDepth: number
  /** Most values of any kind, containers counted. */
  readonly maxNodes: number
  /** Longest key in UTF-16 units, after unescaping. */
  readonly maxKeyChars: number
  /** Longest string in UTF-16 units, after unescaping. */
  readonly maxStringChars: number
  /** Longest number in characters. */
  readonly maxNumberChars: number
}

/** The bounds of [VAL-05]. */
export const JSON_LIMITS: JsonLimits = {
  maxDepth: 32,
  maxNodes: 10_000,
  maxKeyChars: 256,
  maxStringChars: 100_000,
  maxNumberChars: 64,
}

/** Why a JSON text is refused; stable codes for the log. */
export type JsonFaultReason =
  | 'byte_order_mark'
  | 'invalid_utf8'
  | 'syntax'
  | 'unexpected_end'
  | 'trailing_data'
  | 'duplicate_key'
  | 'dangerous_key'
  | 'lone_surrogate'
  | 'too_deep'
  | 'too_many_nodes'
  | 'key_too_long'
  | 'string_too_long'
  | 'number_too_long'
  | 'number_out_of_range'

/** A refused JSON text. */
export interface JsonFault {
  readonly fault: JsonFaultReason
  /** Byte at which it was seen. */
  readonly offset: number
}

/** What is known of a JSON text that passed. */
export interface JsonOutline {
  readonly fault: undefined
  /**
   * Byte offsets of numbers whose value is an integer beyond plus or minus (2^53 - 1), where `JSON.parse` would change
   * digits. The caller refuses them unless declared; `jsonPointerAt` says where they stand.
   */
  readonly unsafeIntegers: readonly number[]
  /** Number of values. */
  readonly nodes: number
}

/**
 * Checks a JSON text byte by byte before `JSON.parse` sees it [VAL-05]: strict grammar and everything two parsers
 * could read differently. Linear in the number of bytes whatever they are; never throws.
 * @see RFC 8259 sections 2, 4, 6, 7, 8
 */
export function scanJson(
  bytes: Uint8Array,
  limits: JsonLimits = JSON_LIMITS,
): JsonFault | JsonOutline {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return { fault: 'byte_order_mark', offset: 0 }
  }
  if (!isUtf8(bytes)) return { fault: 'invalid_utf8', offset: invalidUtf8At(bytes) }
  return new JsonScanner(bytes, limits).run()
}

/** A strictly checked JSON value. */
export interface JsonValue {
  readonly fault: undefined
  readonly value: unknown
  /** See `JsonOutline`. */
  readonly unsafeIntegers: readonly number[]
}

/** Parses a JSON text that `scanJson` accepts; never throws. */
export function parseJsonStrict(
  bytes: Buffer,
  limits: JsonLimits = JSON_LIMITS,
): JsonValue | JsonFault {
  const outline = scanJson(bytes, limits)
  if (outline.fault !== undefined) return outline
  return {
    fault: undefined,
    value: JSON.parse(bytes.toString('utf8')) as unknown,
    unsafeIntegers: outline.unsafeIntegers,
  }
}

const MAX_RECURSION = 512
const MAX_ESCAPED_LENGTH = 6
const QUOTE = 34
const COMMA = 44
const MINUS = 45
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
/** Read past the end; equal to no byte. */
const END = -1

const LITERALS: ReadonlyMap<number, string> = new Map([
  [116, 'true'],
  [102, 'false'],
  [110, 'null'],
])

/** 1 for bytes that end the plain run inside a string: quote, backslash, controls. */
const STRING_STOP = new Uint8Array(256).fill(1, 0, 32)
STRING_STOP[QUOTE] = 1
STRING_STOP[BACKSLASH] = 1

/** 1 for the letters that may follow a backslash, `u` aside. */
const ESCAPE = new Uint8Array(256)
for (const letter of Buffer.from('"\\/bfnrt')) ESCAPE[letter] = 1

/** Recursive descent with its position in a field; methods answer `false` once `#reason` is set. */
class JsonScanner {
  readonly #bytes: Uint8Array
  readonly #limits: JsonLimits
  readonly #maxDepth: number
  readonly #keys: JsonKeys
  readonly #unsafeIntegers: number[] = []
  #at = 0
  #nodes = 0
  #reason: JsonFaultReason | undefined
  #offset = 0
  /** Whether the string read last had an escape. */
  #isEscaped = false

  constructor(bytes: Uint8Array, limits: JsonLimits) {
    this.#bytes = bytes
    this.#limits = limits
    this.#maxDepth = Math.min(limits.maxDepth, MAX_RECURSION)
    this.#keys = new JsonKeys(bytes)
  }

  run(): JsonFault | JsonOutline {
    const complete = this.#value(0)
    if (complete && this.#skipSpace() !== END) this.#fail('trailing_data', this.#at)
    if (this.#reason !== undefined) return { fault: this.#reason, offset: this.#offset }
    return { fault: undefined, unsafeIntegers: this.#unsafeIntegers, nodes: this.#nodes }
  }

  #fail(reason: JsonFaultReason, offset: number): false {
    this.#reason = reason
    this.#offset = offset
    return false
  }

  #unexpected(): false {
    return this.#fail(this.#at >= this.#bytes.length ? 'unexpected_end' : 'syntax', this.#at)
  }

  /** Moves to the next byte that is not white space and answers it, or `END`. */
  #skipSpace(): number {
    const bytes = this.#bytes
    let at = this.#at
    let byte = bytes[at]
    while (byte === 32 || byte === 10 || byte === 13 || byte === 9) byte = bytes[++at]
    this.#at = at
    return byte ?? END
  }

  #value(depth: number): boolean {
    const byte = this.#skipSpace()
    if (++this.#nodes > this.#limits.maxNodes) return this.#fail('too_many_nodes', this.#at)
    if (byte === QUOTE) return this.#string(this.#limits.maxStringChars, 'string_too_long')
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth >= this.#maxDepth) return this.#fail('too_deep', this.#at)
      this.#at++
      return byte === OPEN_BRACE ? this.#object(depth + 1) : this.#array(depth + 1)
    }
    if (byte === MINUS || (byte >= 48 && byte <= 57)) return this.#number()
    return this.#literal(LITERALS.get(byte))
  }

  #literal(text: string | undefined): boolean {
    if (text === undefined) return this.#unexpected()
    for (let i = 0; i < text.length; i++, this.#at++) {
      if (this.#bytes[this.#at] !== text.charCodeAt(i)) return this.#unexpected()
    }
    return true
  }

  #array(depth: number): boolean {
    if (this.#skipSpace() === CLOSE_BRACKET) return this.#step()
    for (;;) {
      if (!this.#value(depth)) return false
      const byte = this.#skipSpace()
      if (byte === CLOSE_BRACKET) return this.#step()
      if (byte !== COMMA) return this.#unexpected()
      this.#at++
    }
  }

  #object(depth: number): boolean {
    if (this.#skipSpace() === CLOSE_BRACE) return this.#step()
    const scope = this.#keys.open()
    for (;;) {
      if (this.#skipSpace() !== QUOTE) return this.#unexpected()
      if (!this.#key()) return false
      if (this.#skipSpace() !== COLON) return this.#unexpected()
      this.#at++
      if (!this.#value(depth)) return false
      const byte = this.#skipSpace()
      if (byte === CLOSE_BRACE) {
        this.#keys.close(scope)
        return this.#step()
      }
      if (byte !== COMMA) return this.#unexpected()
      this.#at++
    }
  }

  #step(): true {
    this.#at++
    return true
  }

  #key(): boolean {
    const start = this.#at + 1
    if (!this.#string(this.#limits.maxKeyChars, 'key_too_long')) return false
    const verdict = this.#keys.add(start, this.#at - 1, this.#isEscaped)
    return verdict === undefined || this.#fail(verdict, start)
  }

  #string(maxChars: number, tooLong: JsonFaultReason): boolean {
    const bytes = this.#bytes
    const start = this.#at + 1
    let at = start
    this.#isEscaped = false
    for (;;) {
      let byte = bytes[at]
      while (byte !== undefined && STRING_STOP[byte] === 0) byte = bytes[++at]
      if (byte === QUOTE) break
      this.#at = at
      if (byte !== BACKSLASH || !this.#escape())
        return this.#reason === undefined && this.#unexpected()
      at = this.#at
      this.#isEscaped = true
      if (at - start > MAX_ESCAPED_LENGTH * maxChars) break
    }
    if (at - start > maxChars && this.#charsBetween(start, at) > maxChars)
      return this.#fail(tooLong, start)
    this.#at = at + 1
    return true
  }

  /** Reads one escape at the backslash; a high surrogate takes its low one with it. */
  #escape(): boolean {
    const letter = this.#bytes[++this.#at] ?? END
    if (letter !== 117) return ESCAPE[letter] === 1 && this.#step()
    const start = this.#at - 1
    const unit = this.#hexUnit(start)
    if (unit < 0) return false
    this.#at = start + 6
    if (unit < 0xd800 || unit > 0xdfff) return true
    const low = unit < 0xdc00 ? this.#hexUnit(this.#at) : -1
    if (low < 0xdc00 || low > 0xdfff) return this.#fail('lone_surrogate', start)
    this.#at += 6
    return true
  }

  /** Value of `\uXXXX` at `at`, or -1. */
  #hexUnit(at: number): number {
    const bytes = this.#bytes
    if (bytes[at] !== BACKSLASH || bytes[at + 1] !== 117) return -1
    let unit = 0
    for (let i = at + 2; i < at + 6; i++) {
      const digit = HEX_VALUE[bytes[i] ?? 0] ?? 255
      if (digit === 255) return -1
      unit = unit * 16 + digit
    }
    return unit
  }

  /** UTF-16 units of the string between two offsets; only strings with more bytes than allowed units get here. */
  #charsBetween(start: number, end: number): number {
    let chars = 0
    for (let at = start; at < end; at++) {
      const byte = this.#bytes[at] ?? 0
      if (byte === BACKSLASH) at += this.#bytes[at + 1] === 117 ? 5 : 1
      if (byte < 0x80 || byte >= 0xc0) chars += byte >= 0xf0 ? 2 : 1
    }
    return chars
  }

  #number(): boolean {
    const start = this.#at
    if (this.#bytes[start] === MINUS) this.#at++
    const digitsAt = this.#at
    // A leading zero stands alone: the digit after it is an error the caller finds.
    if (this.#bytes[digitsAt] === 48) this.#at++
    else if (!this.#digits()) return this.#unexpected()
    const digits = this.#at - digitsAt
    const isPlain = !this.#isFractionOrExponent()
    if (!isPlain && !this.#fraction()) return this.#unexpected()
    if (this.#at - start > this.#limits.maxNumberChars) return this.#fail('number_too_long', start)
    return (isPlain && digits <= 15) || this.#magnitude(start)
  }

  #digits(): boolean {
    const bytes = this.#bytes
    const start = this.#at
    let at = start
    for (let byte = bytes[at]; byte !== undefined && byte >= 48 && byte <= 57; byte = bytes[++at]);
    this.#at = at
    return at > start
  }

  #isFractionOrExponent(): boolean {
    const byte = this.#bytes[this.#at]
    return byte === 46 || byte === 101 || byte === 69
  }

  #fraction(): boolean {
    if (this.#bytes[this.#at] === 46) {
      this.#at++
      if (!this.#digits()) return false
      if (!this.#isFractionOrExponent()) return true
    }
    if (this.#bytes[this.#at] === 46) return false
    this.#at++
    const sign = this.#bytes[this.#at]
    if (sign === 43 || sign === MINUS) this.#at++
    return this.#digits()
  }

  /** Judges the value of a number that may not be exact: too long, fraction or exponent. */
  #magnitude(start: number): boolean {
    let text = ''
    for (let at = start; at < this.#at; at++) text += String.fromCharCode(this.#bytes[at] ?? 0)
    const value = Number(text)
    if (!Number.isFinite(value)) return this.#fail('number_out_of_range', start)
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) this.#unsafeIntegers.push(start)
    return true
  }
}

function invalidUtf8At(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const start = at
    const length = utf8SequenceLength(bytes[at] ?? 0, (index) => bytes[start + index] ?? -1)
    if (length === 0) return at
    at += length
  }
  return 0
}
