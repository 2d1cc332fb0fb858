import { HEX_VALUE } from './chars.ts'
import { hashBytes, JsonKeys } from './json-keys.ts'
import type { JsonFault, JsonFaultReason, JsonLimits, JsonOutline } from './json-limits.ts'
import { JsonTexts } from './json-texts.ts'

const MAX_DEPTH = 512
/** Most bytes that one UTF-16 unit of a string takes: written as `\u0041`, and written plainly. */
const MAX_ESCAPED_LENGTH = 6
const MAX_PLAIN_LENGTH = 3
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

/** More than this are not counted. */
const MAX_COUNTED_NAMES = 4096

function namesBound({ maxNames = Infinity }: JsonLimits): number {
  return maxNames > MAX_COUNTED_NAMES ? Infinity : maxNames
}

/**
 * Walks over one JSON text with its place in fields, so that it can pause between two values; methods answer `false`
 * once `#reason` is set. For well-formed UTF-8 only: see `scanJson`.
 */
export class JsonScanner {
  readonly #bytes: Uint8Array
  readonly #limits: JsonLimits
  readonly #keys: JsonKeys
  readonly #texts: JsonTexts
  readonly #unsafeIntegers: number[] = []
  readonly #maxDepth: number
  /** For each open container, 1 for an object. */
  readonly #open: (0 | 1)[] = []
  #depth = 0
  #at = 0
  #nodes = 0
  #reason: JsonFaultReason | undefined
  #offset = 0
  /** Whether the string read last had an escape. */
  #isEscaped = false

  constructor(bytes: Uint8Array, limits: JsonLimits) {
    this.#bytes = bytes
    this.#limits = limits
    this.#maxDepth = Math.min(limits.maxDepth, MAX_DEPTH)
    this.#keys = new JsonKeys(bytes, namesBound(limits))
    this.#texts = new JsonTexts((start, end) => hashBytes(bytes, start, end))
  }

  /**
   * Goes on to the end, or to the first value that begins beyond `until`: then the answer is `undefined`, and the next
   * call goes on from there.
   */
  run(until: number = Infinity): JsonFault | JsonOutline | undefined {
    let goesOn = true
    while (goesOn && this.#at <= until) goesOn = this.#value() && this.#next()
    if (goesOn) return undefined
    if (this.#reason !== undefined) return { fault: this.#reason, offset: this.#offset }
    const manifold = this.#keys.isManifold ? 'shapes' : this.#texts.areMany ? 'texts' : 'none'
    return {
      fault: undefined,
      unsafeIntegers: this.#unsafeIntegers,
      nodes: this.#nodes,
      manifold,
      leading: undefined,
    }
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

  /** Reads a scalar, or enters containers up to the first scalar or the end of an empty container. */
  #value(): boolean {
    for (;;) {
      const byte = this.#skipSpace()
      if (++this.#nodes > this.#limits.maxNodes) return this.#fail('too_many_nodes', this.#at)
      if (byte === QUOTE) return this.#text()
      if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) return this.#scalar(byte)
      if (!this.#enter(byte === OPEN_BRACE ? 1 : 0)) return false
      const close = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET
      if (this.#skipSpace() === close) return this.#leave()
      if (byte === OPEN_BRACE && !this.#key()) return false
    }
  }

  #text(): boolean {
    const start = this.#at + 1
    if (!this.#string(this.#limits.maxStringChars, 'string_too_long')) return false
    this.#texts.add(start, this.#at - 1)
    return true
  }

  #scalar(byte: number): boolean {
    if (byte === MINUS || (byte >= 48 && byte <= 57)) return this.#number()
    return this.#literal(LITERALS.get(byte))
  }

  /** After a value: moves to the next one; `false` at the end of the text as well. */
  #next(): boolean {
    while (this.#depth > 0) {
      const byte = this.#skipSpace()
      const isObject = this.#open[this.#depth - 1] === 1
      if (byte === COMMA) {
        this.#at++
        return !isObject || this.#key()
      }
      if (byte !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return this.#unexpected()
      this.#leave()
    }
    if (this.#skipSpace() !== END) this.#fail('trailing_data', this.#at)
    return false
  }

  #enter(isObject: 0 | 1): boolean {
    if (this.#depth >= this.#maxDepth) return this.#fail('too_deep', this.#at)
    this.#open[this.#depth++] = isObject
    this.#at++
    if (isObject === 1) this.#keys.open()
    return true
  }

  #leave(): true {
    if (this.#open[--this.#depth] === 1) this.#keys.close()
    return this.#step()
  }

  #literal(text: string | undefined): boolean {
    if (text === undefined) return this.#unexpected()
    for (let i = 0; i < text.length; i++, this.#at++) {
      if (this.#bytes[this.#at] !== text.charCodeAt(i)) return this.#unexpected()
    }
    return true
  }

  #step(): true {
    this.#at++
    return true
  }

  /** Reads a key and its colon. */
  #key(): boolean {
    if (this.#skipSpace() !== QUOTE) return this.#unexpected()
    const start = this.#at + 1
    if (!this.#string(this.#limits.maxKeyChars, 'key_too_long')) return false
    const verdict = this.#keys.add(start, this.#at - 1, this.#isEscaped)
    if (verdict !== undefined) return this.#fail(verdict, start)
    return this.#skipSpace() === COLON ? this.#step() : this.#unexpected()
  }

  #string(maxChars: number, tooLong: JsonFaultReason): boolean {
    const bytes = this.#bytes
    const start = this.#at + 1
    let at = start
    this.#isEscaped = false
    for (;;) {
      const stop = Math.min(bytes.length, at + MAX_PLAIN_LENGTH * maxChars + 1)
      let byte = bytes[at]
      while (byte !== undefined && STRING_STOP[byte] === 0 && at < stop) byte = bytes[++at]
      if (byte === QUOTE) break
      if (at === stop && stop < bytes.length) return this.#fail(tooLong, start)
      this.#at = at
      if (byte !== BACKSLASH || !this.#escape())
        return this.#reason === undefined && this.#unexpected()
      at = this.#at
      this.#isEscaped = true
      if (at - start > MAX_ESCAPED_LENGTH * maxChars) return this.#fail(tooLong, start)
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
    if (!this.#isEscaped) {
      const { buffer, byteOffset } = this.#bytes
      return Buffer.from(buffer, byteOffset + start, end - start).toString('utf8').length
    }
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
    // A fraction without an exponent is no larger than its whole part.
    if (this.#bytes[this.#at] === 46 && !this.#fractionDigits()) return this.#unexpected()
    const isPlain = !this.#isExponent()
    if (!isPlain && !this.#exponent()) return this.#unexpected()
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

  #isExponent(): boolean {
    const byte = this.#bytes[this.#at]
    return byte === 101 || byte === 69
  }

  #fractionDigits(): boolean {
    this.#at++
    return this.#digits() && this.#bytes[this.#at] !== 46
  }

  #exponent(): boolean {
    this.#at++
    const sign = this.#bytes[this.#at]
    if (sign === 43 || sign === MINUS) this.#at++
    return this.#digits()
  }

  /** Judges the value of a number that may not be exact: too long, fraction or exponent. */
  #magnitude(start: number): boolean {
    const { buffer, byteOffset } = this.#bytes
    const text = Buffer.from(buffer, byteOffset + start, this.#at - start).toString('latin1')
    const value = Number(text)
    if (!Number.isFinite(value)) return this.#fail('number_out_of_range', start)
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) this.#unsafeIntegers.push(start)
    return true
  }
}
