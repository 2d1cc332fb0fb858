import { HEX_VALUE } from './chars.ts'

const QUOTE = 34
const MINUS = 45
const BACKSLASH = 92
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const LETTER_F = 102
const LETTER_N = 110
const LETTER_T = 116
const LETTER_U = 117

/** What the letters of the short escapes stand for, RFC 8259 section 7. */
const SHORT: ReadonlyMap<number, string> = new Map(
  ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map(([letter = '', meaning = '']) => [
    letter.charCodeAt(0),
    meaning,
  ]),
)

/**
 * Makes the value of a JSON text that `scanJson` accepted, as `JSON.parse` does, but that objects inherit nothing and
 * texts are not looked up among all that the engine knows, as `JSON.parse` does with short ones. Where objects have many
 * shapes, they have no prototype at all: the engine keeps such an object as a table from the start, where it would make
 * a hidden class for each new order of names, a microsecond for each member of a hostile text. For ordinary texts
 * `JSON.parse` is faster.
 */
export function buildJson(text: string, many: 'texts' | 'shapes'): unknown {
  return new JsonBuilder(text, many === 'shapes').value()
}

/** An object that inherits nothing, so that no name means anything to it, and is no table. */
const Bare = function () {} as unknown as new () => Record<string, unknown>
Bare.prototype = Object.freeze(Object.create(null))

/** Depth is bounded by the scan before. */
class JsonBuilder {
  readonly #text: string
  readonly #hasManyShapes: boolean
  #at = 0

  constructor(text: string, hasManyShapes: boolean) {
    this.#text = text
    this.#hasManyShapes = hasManyShapes
  }

  value(): unknown {
    switch (this.#next()) {
      case QUOTE:
        return this.#string()
      case OPEN_BRACE:
        return this.#object()
      case OPEN_BRACKET:
        return this.#array()
      case LETTER_T:
        return this.#literal(4, true)
      case LETTER_F:
        return this.#literal(5, false)
      case LETTER_N:
        return this.#literal(4, null)
      default:
        return this.#number()
    }
  }

  /** The character at the next place that is not white space. */
  #next(): number {
    const text = this.#text
    let code = text.charCodeAt(this.#at)
    while (code <= 32) code = text.charCodeAt(++this.#at)
    return code
  }

  #object(): Record<string, unknown> {
    const members: Record<string, unknown> = this.#hasManyShapes
      ? (Object.create(null) as Record<string, unknown>)
      : new Bare()
    this.#at += 1
    while (this.#next() !== CLOSE_BRACE) {
      // A comma, or the first name.
      if (this.#text.charCodeAt(this.#at) !== QUOTE) {
        this.#at += 1
        this.#next()
      }
      const name = this.#string()
      this.#next()
      this.#at += 1
      members[name] = this.value()
    }
    this.#at += 1
    return members
  }

  #array(): unknown[] {
    const items: unknown[] = []
    this.#at += 1
    while (this.#next() !== CLOSE_BRACKET) {
      if (items.length > 0) this.#at += 1
      items.push(this.value())
    }
    this.#at += 1
    return items
  }

  #literal<T>(length: number, value: T): T {
    this.#at += length
    return value
  }

  #string(): string {
    const text = this.#text
    const start = this.#at
    let end = start + 1
    let isEscaped = false
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(end)) {
      isEscaped ||= code === BACKSLASH
      end += code === BACKSLASH ? 2 : 1
    }
    this.#at = end + 1
    return isEscaped ? this.#unescaped(start + 1, end) : text.slice(start + 1, end)
  }

  #unescaped(start: number, end: number): string {
    const text = this.#text
    let plain = ''
    let from = start
    for (let at = start; at < end;) {
      if (text.charCodeAt(at) !== BACKSLASH) {
        at += 1
        continue
      }
      const letter = text.charCodeAt(at + 1)
      plain += text.slice(from, at)
      plain += letter === LETTER_U ? unitAt(text, at + 2) : (SHORT.get(letter) ?? '')
      at += letter === LETTER_U ? 6 : 2
      from = at
    }
    return plain + text.slice(from, end)
  }

  #number(): number {
    const text = this.#text
    const start = this.#at
    let value = 0
    let code = text.charCodeAt(this.#at)
    // Short whole numbers are most of them.
    for (; code >= 48 && code <= 57; code = text.charCodeAt(++this.#at))
      value = value * 10 + code - 48
    const isShort = this.#at - start <= 15 && this.#at > start
    if (isShort && code !== 46 && (code | 32) !== 101) return value
    while (isInNumber(code)) code = text.charCodeAt(++this.#at)
    return Number(text.slice(start, this.#at))
  }
}

/** The UTF-16 unit of four hexadecimal digits; halves of a pair find together in the text. */
function unitAt(text: string, at: number): string {
  let unit = 0
  for (let i = at; i < at + 4; i++) unit = unit * 16 + (HEX_VALUE[text.charCodeAt(i)] ?? 0)
  return String.fromCharCode(unit)
}

/** Digits, signs, the point, `e`; what ends a text is none. */
function isInNumber(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    code === MINUS ||
    code === 43 ||
    code === 46 ||
    (code | 32) === 101
  )
}
