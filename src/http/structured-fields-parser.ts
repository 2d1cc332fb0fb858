import { isUtf8 } from 'node:buffer'
import { hexByteAt } from './chars.ts'
import {
  SF_KEY,
  SF_KEY_START,
  SF_MAX_INTEGER,
  SF_TOKEN,
  SF_TOKEN_START,
  SfDate,
  SfDecimal,
  SfDisplayString,
  SfToken,
} from './structured-fields.ts'
import type {
  SfBareItem,
  SfDictionary,
  SfInnerList,
  SfItem,
  SfList,
  SfMember,
  SfParameters,
} from './structured-fields.ts'

/** Longer field values are refused unread, in characters; vectors of RFC 9651 need about 22,000. */
const SF_MAX_CHARS = 65_536

/** Parses a list from all lines of a field; `undefined` when malformed. Never throws. RFC 9651 section 4.2.1. */
export function parseList(lines: readonly string[]): SfList | undefined {
  return parse(lines, (parser) => parser.list())
}

/** Parses a dictionary; the last of equal keys wins. `undefined` when malformed. Never throws. Section 4.2.2. */
export function parseDictionary(lines: readonly string[]): SfDictionary | undefined {
  return parse(lines, (parser) => parser.dictionary())
}

/** Parses an item; `undefined` when malformed. Never throws. RFC 9651 section 4.2.3. */
export function parseItem(lines: readonly string[]): SfItem | undefined {
  return parse(lines, (parser) => parser.item())
}

/** Thrown inside the parser only, so that its methods need no check after each call. */
class Malformed extends Error {}

function parse<T>(lines: readonly string[], read: (parser: Parser) => T): T | undefined {
  const text = lines.join(', ')
  if (text.length > SF_MAX_CHARS) return undefined
  const parser = new Parser(text)
  try {
    parser.skip(' ')
    const value = read(parser)
    parser.skip(' ')
    return parser.isDone ? value : undefined
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isDone(): boolean {
    return this.#at >= this.#text.length
  }

  skip(chars: string): void {
    while (!this.isDone && chars.includes(this.#peek())) this.#at++
  }

  list(): SfList {
    const members: SfMember[] = []
    while (!this.isDone) {
      members.push(this.#member())
      if (!this.#comma()) break
    }
    return members
  }

  dictionary(): SfDictionary {
    const members = new Map<string, SfMember>()
    while (!this.isDone) {
      const key = this.#key()
      const member = this.#take('=')
        ? this.#member()
        : { value: true, parameters: this.#parameters() }
      members.set(key, member)
      if (!this.#comma()) break
    }
    return members
  }

  item(): SfItem {
    const value = this.#bareItem()
    return { value, parameters: this.#parameters() }
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }

  /** Moves past a comma between members; a comma at the end is malformed. */
  #comma(): boolean {
    this.skip(' \t')
    if (this.isDone) return false
    if (!this.#take(',')) throw new Malformed()
    this.skip(' \t')
    if (this.isDone) throw new Malformed()
    return true
  }

  #member(): SfMember {
    return this.#peek() === '(' ? this.#innerList() : this.item()
  }

  #innerList(): SfInnerList {
    const items: SfItem[] = []
    this.#at++
    for (;;) {
      this.skip(' ')
      if (this.#take(')')) return { items, parameters: this.#parameters() }
      items.push(this.item())
      if (this.#peek() !== ' ' && this.#peek() !== ')') throw new Malformed()
    }
  }

  #parameters(): SfParameters {
    const parameters = new Map<string, SfBareItem>()
    while (this.#take(';')) {
      this.skip(' ')
      const key = this.#key()
      parameters.set(key, this.#take('=') ? this.#bareItem() : true)
    }
    return parameters
  }

  #key(): string {
    return this.#run(SF_KEY_START, SF_KEY)
  }

  #run(start: Uint8Array, rest: Uint8Array): string {
    const from = this.#at
    if (start[this.#text.charCodeAt(from)] !== 1) throw new Malformed()
    while (rest[this.#text.charCodeAt(++this.#at)] === 1);
    return this.#text.slice(from, this.#at)
  }

  #bareItem(): SfBareItem {
    const first = this.#peek()
    if (first === '-' || (first >= '0' && first <= '9')) return this.#number()
    if (first === '"') return this.#string()
    if (first === ':') return this.#bytes()
    if (first === '?') return this.#boolean()
    if (first === '@') return this.#date()
    if (first === '%') return this.#displayString()
    return new SfToken(this.#run(SF_TOKEN_START, SF_TOKEN))
  }

  #number(): number | SfDecimal {
    const match = /^-?(\d+)(?:(\.)(\d*))?/.exec(this.#text.slice(this.#at, this.#at + 20))
    if (match === null) throw new Malformed()
    const [text, whole = '', point, fraction = ''] = match
    this.#at += text.length
    if (point === undefined) {
      if (whole.length > 15) throw new Malformed()
      return Number(text) + 0
    }
    if (whole.length > 12 || fraction.length < 1 || fraction.length > 3) throw new Malformed()
    const value = Number(text) + 0
    return Number.isInteger(value) ? new SfDecimal(value) : value
  }

  #string(): string {
    let value = ''
    for (this.#at++; !this.isDone; this.#at++) {
      let char = this.#peek()
      if (char === '"') {
        this.#at++
        return value
      }
      if (char === '\\') {
        this.#at++
        char = this.#peek()
        if (char !== '"' && char !== '\\') throw new Malformed()
      }
      if (char < ' ' || char > '~') throw new Malformed()
      value += char
    }
    throw new Malformed()
  }

  #bytes(): Uint8Array {
    const end = this.#text.indexOf(':', this.#at + 1)
    const base64 = this.#text.slice(this.#at + 1, Math.max(end, 0))
    if (end < 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw new Malformed()
    this.#at = end + 1
    return new Uint8Array(Buffer.from(base64, 'base64'))
  }

  #boolean(): boolean {
    const digit = this.#text.charAt(this.#at + 1)
    if (digit !== '0' && digit !== '1') throw new Malformed()
    this.#at += 2
    return digit === '1'
  }

  #date(): SfDate {
    this.#at++
    const seconds = this.#number()
    if (typeof seconds !== 'number' || !Number.isInteger(seconds)) throw new Malformed()
    if (Math.abs(seconds) > SF_MAX_INTEGER) throw new Malformed()
    return new SfDate(seconds)
  }

  #displayString(): SfDisplayString {
    const bytes: number[] = []
    if (this.#text.charAt(this.#at + 1) !== '"') throw new Malformed()
    for (this.#at += 2; !this.#take('"'); this.#at++) {
      const code = this.#text.charCodeAt(this.#at)
      if (!(code >= 0x20 && code <= 0x7e)) throw new Malformed()
      if (code !== 0x25) {
        bytes.push(code)
        continue
      }
      const byte = /[A-F]/.test(this.#text.slice(this.#at, this.#at + 3))
        ? -1
        : hexByteAt(this.#text, this.#at + 1)
      if (byte < 0) throw new Malformed()
      bytes.push(byte)
      this.#at += 2
    }
    const utf8 = Buffer.from(bytes)
    if (!isUtf8(utf8)) throw new Malformed()
    return new SfDisplayString(utf8.toString('utf8'))
  }
}
