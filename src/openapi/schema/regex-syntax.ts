import type { CharSet } from './charset.ts'
import { ALL_CHARS, complement, DIGITS, LINE_ENDS, single, SPACE, union, WORD } from './charset.ts'

/** A regular expression of ECMA-262, as far as patterns of documents use it. */
export type Regex =
  | { readonly kind: 'chars'; readonly set: CharSet; readonly property: string | undefined }
  | { readonly kind: 'sequence'; readonly parts: readonly Regex[] }
  | { readonly kind: 'choice'; readonly branches: readonly Regex[] }
  | {
      readonly kind: 'repeat'
      readonly body: Regex
      readonly min: number
      readonly max: number
      readonly isLazy: boolean
    }
  | { readonly kind: 'assert'; readonly at: 'start' | 'end' | 'boundary' | 'inside' }
  | {
      readonly kind: 'look'
      readonly body: Regex
      readonly isBehind: boolean
      readonly isNegated: boolean
    }
  | { readonly kind: 'group'; readonly body: Regex; readonly index: number; readonly name: string }
  /** To a group by number or name. */
  | { readonly kind: 'backreference'; readonly to: number | string }

/** Nesting of groups beyond this is refused, so that recursion over patterns is bounded. */
const MAX_NESTING = 50

/**
 * Parses a pattern that the native engine has already accepted; `undefined` for what is not understood here
 * (nested classes, modifiers, sets of strings), which is then treated as dangerous. `isUnicode`: compiled with `u`.
 */
export function parseRegex(source: string, isUnicode: boolean): Regex | undefined {
  const parser = new Parser(source, isUnicode)
  const regex = parser.choice(0)
  return parser.isAtEnd && !parser.isLost ? regex : undefined
}

const CONTROL: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '0': 0,
})

class Parser {
  readonly #text: string
  readonly #isUnicode: boolean
  #at = 0
  #groups = 0
  isLost = false

  constructor(source: string, isUnicode: boolean) {
    this.#text = source
    this.#isUnicode = isUnicode
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  choice(depth: number): Regex {
    if (depth > MAX_NESTING) this.isLost = true
    const branches = [this.#sequence(depth)]
    while (!this.isLost && this.#eat('|')) branches.push(this.#sequence(depth))
    return branches.length === 1 && branches[0] !== undefined
      ? branches[0]
      : { kind: 'choice', branches }
  }

  #sequence(depth: number): Regex {
    const parts: Regex[] = []
    while (!this.isLost && !this.isAtEnd && this.#peek() !== '|' && this.#peek() !== ')') {
      parts.push(this.#quantified(this.#atom(depth)))
    }
    return { kind: 'sequence', parts }
  }

  #quantified(body: Regex): Regex {
    const match = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})/.exec(
      this.#text.slice(this.#at, this.#at + 24),
    )
    if (match === null) return body
    this.#at += match[0].length
    const isLazy = this.#eat('?')
    const [min, max] = bounds(match)
    return { kind: 'repeat', body, min, max, isLazy }
  }

  #atom(depth: number): Regex {
    const char = this.#next()
    if (char === '^') return { kind: 'assert', at: 'start' }
    if (char === '$') return { kind: 'assert', at: 'end' }
    if (char === '(') return this.#group(depth)
    if (char === '[') return this.#class()
    if (char === '.') return chars(complement(LINE_ENDS))
    if (char === '\\') return this.#escape()
    return chars(single(char.codePointAt(0) ?? 0))
  }

  #group(depth: number): Regex {
    let wrap = this.#capture('')
    if (this.#eat('?')) {
      const rest = this.#text.slice(this.#at, this.#at + 80)
      const match = /^(?::|(<?)([=!])|<([\p{L}\p{N}_$]+)>)/u.exec(rest)
      if (match === null) return this.#lose()
      this.#at += match[0].length
      wrap = this.#special(match)
    } else this.#groups++
    const body = this.choice(depth + 1)
    return this.#eat(')') ? wrap(body) : this.#lose()
  }

  #capture(name: string): (body: Regex) => Regex {
    const index = this.#groups + 1
    return (body) => ({ kind: 'group', body, index, name })
  }

  #special(match: RegExpExecArray): (body: Regex) => Regex {
    const [, behind, look, name] = match
    if (look !== undefined) {
      return (body) => ({ kind: 'look', body, isBehind: behind === '<', isNegated: look === '!' })
    }
    if (name === undefined) return (body) => body
    const wrap = this.#capture(name)
    this.#groups++
    return wrap
  }

  #escape(): Regex {
    const char = this.#next()
    if (char === 'b') return { kind: 'assert', at: 'boundary' }
    if (char === 'B') return { kind: 'assert', at: 'inside' }
    if (char === 'k') return this.#named()
    if (char < '1' || char > '9') return this.#classEscape(char)
    let digits = char
    while (/^\d$/.test(this.#peek())) digits += this.#next()
    return { kind: 'backreference', to: Number(digits) }
  }

  #named(): Regex {
    const match = /^<([\p{L}\p{N}_$]+)>/u.exec(this.#text.slice(this.#at, this.#at + 80))
    if (match === null) return this.#lose()
    this.#at += match[0].length
    return { kind: 'backreference', to: match[1] ?? '' }
  }

  /** The escapes that may also stand in a class. */
  #classEscape(char: string): Regex {
    const sets: Readonly<Record<string, CharSet>> = { d: DIGITS, w: WORD, s: SPACE }
    const named = Object.hasOwn(sets, char.toLowerCase()) ? sets[char.toLowerCase()] : undefined
    if (named !== undefined) return chars(char === char.toLowerCase() ? named : complement(named))
    if (char === 'p' || char === 'P') return this.#property(char)
    if (char === 'x') return this.#hex(/^[\da-fA-F]{2}/, char)
    if (char === 'u') return this.#unicode()
    if (char === 'c') {
      const letter = this.#next()
      return /^[A-Za-z]$/.test(letter) ? chars(single(letter.charCodeAt(0) % 32)) : this.#lose()
    }
    if (!this.#isUnicode && char >= '0' && char <= '7') return this.#octal(char)
    return chars(single(CONTROL[char] ?? char.codePointAt(0) ?? 0))
  }

  /** The old octal escapes, which only exist without the `u` flag. */
  #octal(first: string): Regex {
    const match = /^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/.exec(
      first + this.#text.slice(this.#at, this.#at + 2),
    )
    const digits = match?.[0] ?? first
    this.#at += digits.length - 1
    return chars(single(Number.parseInt(digits, 8)))
  }

  #property(char: string): Regex {
    const match = /^\{([\w=]+)\}/.exec(this.#text.slice(this.#at, this.#at + 80))
    // Without the `u` flag `\p` is the letter.
    if (!this.#isUnicode) return chars(single(char.charCodeAt(0)))
    if (match === null) return this.#lose()
    this.#at += match[0].length
    return { kind: 'chars', set: ALL_CHARS, property: `\\${char}{${match[1] ?? ''}}` }
  }

  #unicode(): Regex {
    const rest = this.#text.slice(this.#at, this.#at + 12)
    const braced = /^\{([\da-fA-F]{1,6})\}/.exec(rest)
    if (this.#isUnicode && braced !== null) {
      this.#at += braced[0].length
      return chars(single(Number.parseInt(braced[1] ?? '0', 16)))
    }
    const pair = /^([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})/.exec(rest)
    if (pair === null) return this.#hex(/^[\da-fA-F]{4}/, 'u')
    this.#at += pair[0].length
    const units = [pair[1], pair[2]].map((hex) => Number.parseInt(hex ?? '0', 16))
    return chars(single(String.fromCharCode(...units).codePointAt(0) ?? 0))
  }

  #hex(digits: RegExp, letter: string): Regex {
    const match = digits.exec(this.#text.slice(this.#at, this.#at + 8))
    // Without its digits the escape is just the letter.
    if (match === null) return chars(single(letter.charCodeAt(0)))
    this.#at += match[0].length
    return chars(single(Number.parseInt(match[0], 16)))
  }

  #class(): Regex {
    const isNegated = this.#eat('^')
    const sets: CharSet[] = []
    const properties: string[] = []
    while (!this.isAtEnd && this.#peek() !== ']') {
      const item = this.#classItem()
      if (item.kind !== 'chars') return this.#lose()
      if (item.property !== undefined) properties.push(item.property)
      else sets.push(item.set)
    }
    if (!this.#eat(']')) return this.#lose()
    const set = union(...sets)
    if (properties.length === 0) return chars(isNegated ? complement(set) : set)
    return { kind: 'chars', set: ALL_CHARS, property: classText(set, properties, isNegated) }
  }

  #classItem(): Regex {
    const low = this.#classAtom()
    if (this.#peek() !== '-' || this.#text[this.#at + 1] === ']') return low
    const from = onlyChar(low)
    const mark = this.#at
    this.#at++
    const high = this.#classAtom()
    const to = onlyChar(high)
    if (from !== undefined && to !== undefined) return chars([[from, to]])
    // Not a range (`[\w-.]` without the `u` flag): the hyphen stands for itself.
    this.#at = mark + 1
    const hyphen = single(0x2d)
    return low.kind === 'chars' && low.property === undefined
      ? chars(union(low.set, hyphen))
      : this.#lose()
  }

  #classAtom(): Regex {
    const char = this.#next()
    if (char !== '\\') return chars(single(char.codePointAt(0) ?? 0))
    const escape = this.#next()
    return escape === 'b' ? chars(single(8)) : this.#classEscape(escape)
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #next(): string {
    const point = this.#text.codePointAt(this.#at)
    if (point === undefined) {
      this.isLost = true
      return ''
    }
    const char = String.fromCodePoint(point)
    this.#at += char.length
    return char
  }

  #eat(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }

  #lose(): Regex {
    this.isLost = true
    return { kind: 'backreference', to: 0 }
  }
}

function chars(set: CharSet): Regex {
  return { kind: 'chars', set, property: undefined }
}

function onlyChar(regex: Regex): number | undefined {
  if (regex.kind !== 'chars' || regex.property !== undefined || regex.set.length !== 1)
    return undefined
  const [range] = regex.set
  return range !== undefined && range[0] === range[1] ? range[0] : undefined
}

function bounds(match: RegExpExecArray): readonly [number, number] {
  const [text, low, comma, high] = match
  if (text === '*') return [0, Infinity]
  if (text === '+') return [1, Infinity]
  if (text === '?') return [0, 1]
  const min = Number(low)
  if (comma === undefined) return [min, min]
  return [min, high === undefined || high === '' ? Infinity : Number(high)]
}

/** A class with Unicode properties, as RE2 writes it. */
function classText(set: CharSet, properties: readonly string[], isNegated: boolean): string {
  return `[${isNegated ? '^' : ''}${rangesText(set)}${properties.join('')}]`
}

/** The ranges of a set inside a class of RE2. */
export function rangesText(set: CharSet): string {
  return set.map(([from, to]) => `\\x{${from.toString(16)}}-\\x{${to.toString(16)}}`).join('')
}
