import { isUtf8 } from 'node:buffer'
import {
  DESCRIBED,
  DROP_ACTION,
  MAX_DEPTH,
  MAX_REPORTED,
  OPEN_ACTION,
  REFUSED,
  UNDECIDED_ACTION,
} from '../layout.ts'
import type { TableReader } from './table-reader.ts'
import type { Doubt, KernelVerdict } from '../verdict.ts'
import { cleanVerdict, doubtful, SIGN_ERROR } from '../verdict.ts'

/** Text that goes, and what stands there instead. */
interface Cut {
  readonly start: number
  readonly end: number
  readonly isNull: boolean
}

/** Whether a value stays, or is refused as a whole. */
const KEPT = 0
const DROPPED = 1

const BYTE_ORDER_MARK = 3
const TOKEN = /[~/]/g

/** Names with escapes are not read; those with a `|` are taken for some. */
const ERROR_NAME =
  /[\\|]|err(?:or|s?$)|exceptio|stack|trace|debug|fault|sql|cause|^(?:message|msg|details?|reason)$/i

class Malformed extends Error {}
class Doubtful extends Error {
  readonly why: Doubt
  constructor(why: Doubt) {
    super(why)
    this.why = why
  }
}

/**
 * Does what the WebAssembly kernel does, plainly: the oracle it is tested against; of signs it tells `SIGN_ERROR` only.
 * Where there is no WebAssembly the
 * filter of values stands in, which is several times faster than this. Never throws.
 * @param action what the table does with the root
 */
export function filterPlainly(body: Buffer, table: TableReader, action: number): KernelVerdict {
  if (!isUtf8(body)) return doubtful('not-utf8')
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  const text = hasMark ? body.subarray(BYTE_ORDER_MARK) : body
  const walk = new Walk(text, table)
  try {
    walk.root(action)
  } catch (error) {
    if (error instanceof Doubtful) return doubtful(error.why)
    if (error instanceof Malformed) return { kind: 'malformed', offset: walk.at }
    throw error
  }
  const signs = walk.names.some((one) => ERROR_NAME.test(one)) ? SIGN_ERROR : 0
  if (walk.cuts.length === 0) return cleanVerdict(signs)
  const dropped = [...new Set(walk.dropped)]
  return { kind: 'filtered', bytes: without(text, walk.cuts), dropped, signs }
}

function without(text: Buffer, cuts: readonly Cut[]): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (const { start, end, isNull } of cuts) {
    parts.push(text.subarray(from, start))
    if (isNull) parts.push(Buffer.from('null'))
    from = end
  }
  return Buffer.concat([...parts, text.subarray(from)])
}

/** Recursive descent; the position is where a fault was seen when it throws. */
class Walk {
  at = 0
  readonly cuts: Cut[] = []
  readonly dropped: string[] = []
  /** All names, as they are spelled. */
  readonly names: string[] = []
  readonly #text: Buffer
  readonly #table: TableReader
  readonly #path: (string | number)[] = []
  #depth = 0

  constructor(text: Buffer, table: TableReader) {
    this.#text = text
    this.#table = table
  }

  root(action: number): void {
    this.#space()
    const start = this.at
    if (this.#value(action) === DROPPED) this.#cut(start, this.at, true)
    this.#space()
    if (this.at < this.#text.length) throw new Malformed()
  }

  #cut(start: number, end: number, isNull: boolean): void {
    this.cuts.push({ start, end, isNull })
  }

  #drop(): void {
    if (this.dropped.length >= MAX_REPORTED) return
    const tokens = this.#path.map((token) =>
      typeof token === 'number' ? token : token.replace(TOKEN, (c) => (c === '~' ? '~0' : '~1')),
    )
    this.dropped.push(tokens.map((token) => `/${token}`).join(''))
  }

  #space(): void {
    while (' \n\r\t'.includes(this.#char()) && this.at < this.#text.length) this.at += 1
  }

  #char(): string {
    return String.fromCharCode(this.#text[this.at] ?? 0)
  }

  #expect(char: string): void {
    if (this.#char() !== char) throw new Malformed()
    this.at += 1
  }

  #value(action: number): number {
    const char = this.#char()
    if (char === '{' || char === '[') return this.#container(char === '[', action)
    if (char === '"') this.#string()
    else if (char === 't') this.#word('true')
    else if (char === 'f') this.#word('false')
    else if (char === 'n') this.#word('null')
    else this.#number()
    return KEPT
  }

  /** What is malformed about a word is seen at its first letter. */
  #word(word: string): void {
    if (this.#text.toString('latin1', this.at, this.at + word.length) !== word)
      throw new Malformed()
    this.at += word.length
  }

  #number(): void {
    if (this.#char() === '-') this.at += 1
    if (this.#char() === '0') this.at += 1
    else this.#digits()
    if (this.#char() === '.') {
      this.at += 1
      this.#digits()
    }
    if (this.#char() === 'e' || this.#char() === 'E') {
      this.at += 1
      if (this.#char() === '+' || this.#char() === '-') this.at += 1
      this.#digits()
    }
  }

  #digits(): void {
    if (!isDigit(this.#char())) throw new Malformed()
    while (isDigit(this.#char())) this.at += 1
  }

  /** Reads a string; answers where its text is, and whether it has escapes. */
  #string(): { readonly name: Buffer; readonly isEscaped: boolean } {
    const start = this.at + 1
    let isEscaped = false
    for (this.at = start; this.#char() !== '"';) {
      if ((this.#text[this.at] ?? 0) < 0x20) throw new Malformed()
      if (this.#char() === '\\') {
        isEscaped = true
        this.#escape()
      } else this.at += 1
    }
    this.at += 1
    return { name: this.#text.subarray(start, this.at - 1), isEscaped }
  }

  #escape(): void {
    const text = this.#text.toString('latin1', this.at, this.at + 6)
    const found = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(text)
    if (found === null) throw new Malformed()
    this.at += found[0].length
  }

  #container(isArray: boolean, action: number): number {
    const stance = this.#table.stance(action, isArray)
    if (action >= 0 && stance === REFUSED) this.#drop()
    if (stance > REFUSED) throw new Doubtful('undecided')
    if (this.#depth >= MAX_DEPTH) throw new Doubtful('too-deep')
    this.#depth += 1
    const isDescribed = action >= 0 && stance === DESCRIBED
    this.at += 1
    this.#space()
    if (this.#char() === (isArray ? ']' : '}')) this.at += 1
    else if (isArray) this.#items(isDescribed ? action : -stance)
    else this.#members(isDescribed ? action : -stance)
    this.#depth -= 1
    return action >= 0 && stance === REFUSED ? DROPPED : KEPT
  }

  /** `state`: the state of the array, or what is done with all of its items. */
  #items(state: number): void {
    for (let index = 0; ; index += 1) {
      const start = this.at
      this.#path.push(index)
      const verdict = this.#value(state >= 0 ? this.#table.item(state, index) : state)
      this.#path.pop()
      if (verdict === DROPPED) this.#cut(start, this.at, true)
      if (!this.#goesOn(']')) return
    }
  }

  #goesOn(end: string): boolean {
    this.#space()
    if (this.#char() === end) {
      this.at += 1
      return false
    }
    this.#expect(',')
    this.#space()
    return true
  }

  #members(state: number): void {
    const seen = new Set<string>()
    let hasKept = false
    let comma = 0
    for (;;) {
      const start = this.at
      const isDropped = this.#member(state, seen)
      const end = this.at
      if (isDropped) this.#cut(hasKept ? comma : start, end, false)
      else hasKept = true
      this.#space()
      comma = this.at
      if (!this.#goesOn('}')) return
      if (!hasKept) this.#cut(comma, comma + 1, false)
    }
  }

  #member(state: number, seen: Set<string>): boolean {
    if (this.#char() !== '"') throw new Malformed()
    const action = this.#key(state, seen)
    const isDropped = action === DROP_ACTION && state >= 0
    if (isDropped) this.#drop()
    this.#space()
    this.#expect(':')
    this.#space()
    const verdict = this.#value(action)
    if (state >= 0) this.#path.pop()
    return isDropped || verdict === DROPPED
  }

  /** Reads a name and decides what is done with its value. */
  #key(state: number, seen: Set<string>): number {
    if (state === DROP_ACTION) {
      this.names.push(this.#string().name.toString('latin1'))
      return DROP_ACTION
    }
    const start = this.at
    const { name, isEscaped } = this.#stringUpToEscape()
    if (isEscaped) throw new Doubtful('escaped-name')
    this.at = start + name.length + 2
    const text = name.toString('utf8')
    this.names.push(name.toString('latin1'))
    const action = state >= 0 ? this.#action(state, text) : OPEN_ACTION
    if (action === UNDECIDED_ACTION && this.#isUnlisted(state, text))
      throw new Doubtful('undecided')
    if (action !== DROP_ACTION && seen.size === seen.add(text).size)
      throw new Doubtful('repeated-name')
    if (state >= 0) this.#path.push(text)
    return action
  }

  /** A name with an escape is left alone before anybody knows whether the escape is right. */
  #stringUpToEscape(): { readonly name: Buffer; readonly isEscaped: boolean } {
    const start = this.at + 1
    let end = start
    while (
      (this.#text[end] ?? 0) >= 0x20 &&
      !'"\\'.includes(String.fromCharCode(this.#text[end] ?? 0))
    )
      end += 1
    this.at = end
    const isEscaped = this.#char() === '\\'
    if (!isEscaped && this.#char() !== '"') throw new Malformed()
    return { name: this.#text.subarray(start, end), isEscaped }
  }

  #isUnlisted(state: number, name: string): boolean {
    return this.#table.listed(state, name) === undefined
  }

  #action(state: number, name: string): number {
    return this.#table.listed(state, name)?.action ?? this.#table.unlisted(state)
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}
