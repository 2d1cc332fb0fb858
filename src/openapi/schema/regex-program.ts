import type { CharSet } from './charset.ts'
import { ALL_CHARS, WORD } from './charset.ts'
import { isAnchored } from './regex-cost.ts'
import type { Regex } from './regex-syntax.ts'

/** Larger programs are not made: each new state costs a look at every node. */
const MAX_NODES = 6000

/** The node that always holds: the pattern has come to its end. */
export const MATCH: number = 0

/** No node. */
const NOWHERE: number = -1

/** What a node asks of the text from a place on. */
export type Node =
  | { readonly kind: 'match' }
  /** A character of a set, and then `next`. */
  | { readonly kind: 'char'; readonly set: number; readonly next: number }
  /** Either; `b` may stand later in the program (a loop). */
  | { readonly kind: 'either'; a: number; readonly b: number }
  | { readonly kind: 'start' | 'end'; readonly next: number }
  | { readonly kind: 'boundary'; readonly isInside: boolean; readonly next: number }
  /** What stands before is a character of a set. */
  | {
      readonly kind: 'before'
      readonly set: number
      readonly isNegated: boolean
      readonly next: number
    }
  /** `body` holds from here on, or not, and then `next`. */
  | {
      readonly kind: 'look'
      readonly body: number
      readonly isNegated: boolean
      readonly next: number
    }

/** A pattern as nodes that can be judged from the end of a text to its beginning. */
export interface Program {
  readonly nodes: readonly Node[]
  /** Where a match begins; `NOWHERE` for several patterns together, each of which is to be known. */
  readonly start: number
  /** Parts that are judged one after the other, each until nothing changes: bodies of looks, then the whole. */
  readonly parts: readonly (readonly [from: number, to: number])[]
  readonly sets: readonly Chars[]
  /** Place of `\w` among the sets; `undefined` where no word boundary is asked for. */
  readonly word: number | undefined
  /** What matters about the character before a place: nothing, whether there is one, which one. */
  readonly looksBack: 'never' | 'start' | 'always'
}

/** A class of characters: ranges, or what the native engine says of it. */
export type Chars = Extract<Regex, { kind: 'chars' }>

/**
 * Makes a program of a pattern; `undefined` where it is too large, or refers back, or looks behind at more than one
 * character. `maxChars`: texts are no longer, so that larger repeats are as good as endless.
 */
export function toProgram(regex: Regex, maxChars: number): Program | undefined {
  const builder = new Builder(maxChars)
  const start = builder.build(regex, MATCH)
  return builder.isLost ? undefined : builder.program(start)
}

/** Several patterns as one program. */
export interface JoinedProgram {
  readonly program: Program
  /** For each pattern the node that holds at the beginning of a text in which it occurs. */
  readonly starts: readonly number[]
}

/** As `toProgram`, for several patterns whose judge is to say which of them occur. */
export function toJoinedProgram(
  regexes: readonly Regex[],
  maxChars: number,
): JoinedProgram | undefined {
  const builder = new Builder(maxChars)
  const starts = regexes.map((regex) => builder.build(fromTheStart(regex), MATCH))
  return builder.isLost ? undefined : { program: builder.program(NOWHERE), starts }
}

const ANYTHING: Regex = {
  kind: 'repeat',
  body: { kind: 'chars', set: ALL_CHARS, property: undefined },
  min: 0,
  max: Infinity,
  isLazy: false,
}

/** The pattern with all that may stand before a match. */
function fromTheStart(regex: Regex): Regex {
  return isAnchored(regex) ? regex : { kind: 'sequence', parts: [ANYTHING, regex] }
}

class Builder {
  readonly #maxChars: number
  readonly #nodes: Node[] = [{ kind: 'match' }]
  readonly #parts: [number, number][] = []
  readonly #sets = new Map<string, number>()
  readonly #chars: Chars[] = []
  #word: number | undefined
  #looksBack: Program['looksBack'] = 'never'
  isLost = false

  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  program(start: number): Program {
    return {
      nodes: this.#nodes,
      start,
      parts: [...this.#parts, [0, this.#nodes.length]],
      sets: this.#chars,
      word: this.#word,
      looksBack: this.#looksBack,
    }
  }

  /** Adds what a pattern asks before `next`, and answers where it begins. */
  build(regex: Regex, next: number): number {
    if (this.isLost) return next
    switch (regex.kind) {
      case 'chars':
        return this.#add({ kind: 'char', set: this.#set(regex), next })
      case 'group':
        return this.build(regex.body, next)
      case 'sequence':
        return regex.parts.reduceRight((after, part) => this.build(part, after), next)
      case 'choice':
        return regex.branches
          .map((branch) => this.build(branch, next))
          .reduceRight((b, a) => this.#add({ kind: 'either', a, b }))
      case 'repeat':
        return this.#repeat(regex, next)
      case 'assert':
        return this.#assert(regex.at, next)
      case 'look':
        return regex.isBehind ? this.#behind(regex, next) : this.#ahead(regex, next)
      default:
        this.isLost = true
        return next
    }
  }

  #add(node: Node): number {
    if (this.#nodes.length >= MAX_NODES) this.isLost = true
    return this.#nodes.push(node) - 1
  }

  #set(chars: Chars): number {
    const key = chars.property ?? JSON.stringify(chars.set)
    const known = this.#sets.get(key)
    if (known !== undefined) return known
    this.#sets.set(key, this.#chars.length)
    return this.#chars.push(chars) - 1
  }

  #repeat(regex: Extract<Regex, { kind: 'repeat' }>, next: number): number {
    const { body, min } = regex
    const isEndless = regex.max === Infinity || (regex.max >= this.#maxChars && eats(body))
    // So many rounds do not fit into the text.
    if (min > this.#maxChars && eats(body)) return this.#add(this.#never(next))
    let at = isEndless ? this.#loop(body, next) : this.#optional(body, regex.max - min, next)
    for (let i = 0; i < min && !this.isLost; i++) at = this.build(body, at)
    return at
  }

  #never(next: number): Node {
    const nothing: CharSet = []
    return {
      kind: 'char',
      set: this.#set({ kind: 'chars', set: nothing, property: undefined }),
      next,
    }
  }

  #loop(body: Regex, next: number): number {
    const loop: Node = { kind: 'either', a: next, b: next }
    const at = this.#add(loop)
    loop.a = this.build(body, at)
    return at
  }

  /**
   * Any number of rounds up to a bound, as the choice among all exact numbers: then nearly everywhere one of them
   * holds alone. Were each round optional, a thousand would hold together, and each place would cost as much.
   */
  #optional(body: Regex, rounds: number, next: number): number {
    const exact = [next]
    for (let i = 0; i < rounds && !this.isLost; i++)
      exact.push(this.build(body, exact.at(-1) ?? next))
    return this.#oneOf(exact)
  }

  /** A tree, so that few of its nodes hold where one of `nodes` does. */
  #oneOf(nodes: readonly number[]): number {
    const [first, second] = nodes
    if (first === undefined || second === undefined) return first ?? MATCH
    const half = nodes.length >> 1
    const a = this.#oneOf(nodes.slice(0, half))
    return this.#add({ kind: 'either', a, b: this.#oneOf(nodes.slice(half)) })
  }

  #assert(at: 'start' | 'end' | 'boundary' | 'inside', next: number): number {
    if (at === 'end') return this.#add({ kind: 'end', next })
    if (at === 'start') {
      if (this.#looksBack === 'never') this.#looksBack = 'start'
      return this.#add({ kind: 'start', next })
    }
    this.#looksBack = 'always'
    this.#word ??= this.#set({ kind: 'chars', set: WORD, property: undefined })
    return this.#add({ kind: 'boundary', isInside: at === 'inside', next })
  }

  #ahead(regex: Extract<Regex, { kind: 'look' }>, next: number): number {
    const from = this.#nodes.length
    const body = this.build(regex.body, MATCH)
    this.#parts.push([from, this.#nodes.length])
    return this.#add({ kind: 'look', body, isNegated: regex.isNegated, next })
  }

  #behind(regex: Extract<Regex, { kind: 'look' }>, next: number): number {
    const chars = onlyChars(regex.body)
    if (chars === undefined) {
      this.isLost = true
      return next
    }
    this.#looksBack = 'always'
    const set = this.#set(chars)
    return this.#add({ kind: 'before', set, isNegated: regex.isNegated, next })
  }
}

/** The class that a pattern consists of. */
function onlyChars(regex: Regex): Chars | undefined {
  if (regex.kind === 'chars') return regex
  if (regex.kind === 'group') return onlyChars(regex.body)
  const [only] = regex.kind === 'sequence' ? regex.parts : []
  return regex.kind === 'sequence' && regex.parts.length === 1 && only !== undefined
    ? onlyChars(only)
    : undefined
}

/** Whether a match takes at least one character. */
function eats(regex: Regex): boolean {
  switch (regex.kind) {
    case 'chars':
      return true
    case 'group':
      return eats(regex.body)
    case 'sequence':
      return regex.parts.some(eats)
    case 'choice':
      return regex.branches.every(eats)
    case 'repeat':
      return regex.min > 0 && eats(regex.body)
    default:
      return false
  }
}
