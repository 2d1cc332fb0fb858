import type { CharClasses } from './regex-classes.ts'
import type { Code } from './regex-code.ts'
import { CODE, toCode } from './regex-code.ts'
import type { Program } from './regex-program.ts'
import { MATCH } from './regex-program.ts'

/** No character: before the first, behind the last. */
export const NONE: number = -1
/** What stands around one place of a text. */
export interface Neighbors {
  /** Class of the character at the place; `NONE` at the end of the text. */
  readonly current: number
  /** Class of the character before it; `NONE` at the start of the text. */
  readonly before: number
}

/** One place of a text while its nodes are looked at. */
export interface Place extends Neighbors {
  /** The nodes that hold one character later; `undefined` at the end of the text. */
  readonly later: Uint16Array | undefined
}

/** What holds at a place. */
export interface Seen {
  /** The nodes that hold, in order. */
  readonly nodes: Uint16Array
  /** A match begins here. */
  readonly isFound: boolean
  /** No match begins here or earlier. */
  readonly isDead: boolean
}

/**
 * Finds the nodes of a program that hold at a place of a text. Only those are looked at that ask for one that holds:
 * of the thousands of a large repeat that is a handful.
 */
export class Looker {
  readonly #program: Program
  readonly #code: Code
  readonly #classes: CharClasses
  /** For one place at a time: 1 for each node that holds. */
  readonly #holds: Uint8Array
  /** The same nodes, as they were found. */
  readonly #found: Uint16Array
  #foundCount = 0
  /** Those that ask for one that holds, and were not looked at since. */
  readonly #asking: Uint16Array
  #askingCount = 0
  /** Nodes looked at since the last `look` began. */
  looks = 0

  constructor(program: Program, classes: CharClasses) {
    this.#program = program
    this.#code = toCode(program)
    this.#classes = classes
    this.#holds = new Uint8Array(program.nodes.length)
    this.#found = new Uint16Array(program.nodes.length)
    this.#asking = new Uint16Array(this.#code.othersBefore.items.length)
  }

  look(place: Place): Seen {
    const holds = this.#holds.fill(0)
    this.#foundCount = 0
    this.#askingCount = 0
    this.looks = 0
    this.#settle(MATCH)
    if (place.later !== undefined) this.#lookAtChars(place.later, place.current)
    for (const [from, to] of this.#program.parts) this.#lookAtPart(from, to, place)
    const nodes = this.#found.slice(0, this.#foundCount).sort()
    const { whole } = this.#code
    return {
      nodes,
      isFound: holds[this.#program.start] === 1,
      isDead: whole !== undefined && !nodes.some((at) => whole[at] === 1),
    }
  }

  /** Notes that a node holds. Each does so once, so that there is room for all that ask. */
  #settle(node: number): void {
    this.#holds[node] = 1
    this.#found[this.#foundCount++] = node
    const { starts, items } = this.#code.othersBefore
    const end = starts[node + 1] ?? 0
    for (let i = starts[node] ?? 0; i < end; i++) this.#asking[this.#askingCount++] = items[i] ?? 0
  }

  #lookAtChars(later: Uint16Array, current: number): void {
    const { asks, charsBefore } = this.#code
    const { starts, items } = charsBefore
    const sets = this.#classes.setsOf(current)
    for (let i = 0; i < later.length; i++) {
      const node = later[i] ?? 0
      const end = starts[node + 1] ?? 0
      for (let place = starts[node] ?? 0; place < end; place++) {
        const at = items[place] ?? 0
        if (sets[asks[at] ?? 0] === 1) this.#settle(at)
      }
      this.looks++
    }
  }

  /** Looks at the nodes of a part that ask, and at those that ask for them in turn. */
  #lookAtPart(from: number, to: number, place: Place): void {
    const asking = this.#asking
    let kept = 0
    for (let i = 0; i < this.#askingCount; i++) {
      const at = asking[i] ?? 0
      this.looks++
      if (at < from || at >= to) asking[kept++] = at
      else if (this.#holds[at] === 0 && this.#isSo(at, place)) this.#settle(at)
    }
    this.#askingCount = kept
  }

  /** Whether a node holds, one of those it asks for holding. */
  #isSo(at: number, { current, before }: Place): boolean {
    const { kinds, asks, negated } = this.#code
    const kind = kinds[at]
    if (kind === CODE.either) return true
    if (kind === CODE.start) return before === NONE
    if (kind === CODE.end) return current === NONE
    const ask = asks[at] ?? 0
    const isSo =
      kind === CODE.look
        ? this.#holds[ask] === 1
        : kind === CODE.before
          ? this.#isIn(before, ask)
          : this.#isWord(before) !== this.#isWord(current)
    return isSo !== (negated[at] === 1)
  }

  #isIn(charClass: number, set: number): boolean {
    return charClass !== NONE && this.#classes.setsOf(charClass)[set] === 1
  }

  #isWord(charClass: number): boolean {
    const { word } = this.#program
    return word !== undefined && this.#isIn(charClass, word)
  }
}
