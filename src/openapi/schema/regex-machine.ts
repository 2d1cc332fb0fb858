import type { WorkLeft } from './pattern-work.ts'
import { CharClasses } from './regex-classes.ts'
import type { Code } from './regex-code.ts'
import { CODE, toCode } from './regex-code.ts'
import type { Program } from './regex-program.ts'
import { MATCH } from './regex-program.ts'

/** Looks at nodes that a program may take to get to know its states before somebody's work is charged. */
const FIRST_LOOKS = 500_000
/** Bits that the remembered states of one program may hold together. */
const MAX_MEMORY = 4_000_000
/** Most states of a program, however small they are. */
const MAX_STATES = 4096
/** No character: before the first, behind the last. */
const NONE = -1
/** Class of a character that was not met yet. */
const UNKNOWN = -1
const LOW_SURROGATES = 0xdc00

/**
 * What holds at one place of a text: for each node whether the text from there on is as it asks. Which place that is
 * does not matter any more, so that states are found again, in other texts too.
 */
interface State {
  /** A bit for each node. */
  readonly holds: Uint8Array
  /** A match begins here or later. */
  readonly isFound: boolean
  /** The state one character earlier, by class of the character and what stands before it. */
  readonly earlier: (State | undefined)[]
}

/** One place of a text while its nodes are looked at. */
interface Place {
  readonly later: State | undefined
  /** Class of the character at the place; `NONE` at the end of the text. */
  readonly current: number
  /** Class of the character before it; `NONE` at the start of the text. */
  readonly before: number
}

/**
 * Judges a text from its end to its beginning: at each place it is known of every part of the pattern whether it holds
 * from there on. That takes looking ahead in its stride, and the same few states come back, so that nearly every
 * character costs one look-up. Each state that is met for the first time costs a look at every node, which is charged.
 * @see Barriere and Pit-Claudel, "Linear Matching of JavaScript Regexes", PLDI 2024
 */
export class Machine {
  readonly #program: Program
  readonly #code: Code
  readonly #isUnicode: boolean
  readonly #classes: CharClasses
  /** By how much the class of a character moves the place of what stands earlier: see `Program.looksBack`. */
  readonly #stride: number
  readonly #maxStates: number
  readonly #known = new Map<string, State>()
  /** What holds at the end of a text, by the class of its last character. */
  #ends: (State | undefined)[] = []
  /** For one look at a time: a byte for each node. */
  readonly #holdsNow: Uint8Array
  #looksLeft = FIRST_LOOKS

  constructor(program: Program, isUnicode: boolean) {
    this.#program = program
    this.#code = toCode(program)
    this.#isUnicode = isUnicode
    this.#classes = new CharClasses(program.sets)
    this.#stride = strideOf(program.looksBack, this.#classes.bound)
    this.#maxStates = Math.min(MAX_STATES, Math.ceil(MAX_MEMORY / program.nodes.length))
    this.#holdsNow = new Uint8Array(program.nodes.length)
  }

  /** Whether the pattern occurs in the text; `undefined` where the work was used up. */
  test(text: string, work: WorkLeft): boolean | undefined {
    const isUnicode = this.#isUnicode
    const latin = this.#classes.latin
    let at = text.length
    // The unit before the place, and the class of the character that ends with it.
    let unit = at === 0 ? NONE : text.charCodeAt(at - 1)
    let before = at === 0 ? NONE : this.#classes.of(this.#pointBefore(text, at))
    let state = this.#ends[before + 1] ?? this.#end(before, work)
    while (at > 0 && state !== undefined && !state.isFound) {
      at -= isUnicode && unit >= LOW_SURROGATES && isPairBefore(text, at) ? 2 : 1
      const current = before
      before = NONE
      if (at > 0) {
        unit = text.charCodeAt(at - 1)
        before = latin[unit] ?? UNKNOWN
        if (before === UNKNOWN) before = this.#classes.of(this.#pointBefore(text, at))
      }
      state =
        state.earlier[this.#slot(current, before)] ??
        this.#step({ later: state, current, before }, work)
    }
    return state?.isFound
  }

  #slot(current: number, before: number): number {
    const stride = this.#stride
    if (stride === 1) return current
    if (stride === 2) return current * 2 + (before === NONE ? 1 : 0)
    return current * stride + before + 1
  }

  #pointBefore(text: string, at: number): number {
    const unit = text.charCodeAt(at - 1)
    if (!this.#isUnicode || (unit & 0xfc00) !== 0xdc00 || !isPairBefore(text, at)) return unit
    return (text.charCodeAt(at - 2) - 0xd800) * 1024 + unit - 0xdc00 + 0x10000
  }

  #end(before: number, work: WorkLeft): State | undefined {
    const state = this.#look({ later: undefined, current: NONE, before }, work)
    if (state !== undefined) this.#ends[before + 1] = state
    return state
  }

  #step(place: Place & { readonly later: State }, work: WorkLeft): State | undefined {
    const state = this.#look(place, work)
    if (state !== undefined) place.later.earlier[this.#slot(place.current, place.before)] = state
    return state
  }

  /** Looks at every node. */
  #look(place: Place, work: WorkLeft): State | undefined {
    const { asks, chars, others, loops } = this.#code
    const holds = this.#holdsNow.fill(0)
    holds[MATCH] = 1
    if (place.later !== undefined) this.#lookAtChars(place.later, place.current, holds)
    let looks = chars.length
    for (const [index, part] of others.entries()) {
      const own = loops[index] ?? []
      do {
        this.#lookAt(part, holds, place)
        looks += part.length
        // A loop that stood before its body was known.
      } while (own.some((at) => holds[at] === 0 && holds[asks[at] ?? 0] === 1))
    }
    if (!this.#pay(looks, work)) return undefined
    const isFound = place.later?.isFound === true || holds[this.#program.start] === 1
    return this.#remember(holds, isFound)
  }

  #lookAtChars(later: State, current: number, holds: Uint8Array): void {
    const { asks, nexts, chars } = this.#code
    const sets = this.#classes.setsOf(current)
    const bits = later.holds
    for (let i = 0; i < chars.length; i++) {
      const at = chars[i] ?? 0
      const next = nexts[at] ?? 0
      if ((((bits[next >> 3] ?? 0) >> (next & 7)) & 1) === 1) holds[at] = sets[asks[at] ?? 0] ?? 0
    }
  }

  #lookAt(part: Int32Array, holds: Uint8Array, place: Place): void {
    const { kinds, asks, nexts } = this.#code
    for (let i = 0; i < part.length; i++) {
      const at = part[i] ?? 0
      if (kinds[at] === CODE.either)
        holds[at] = (holds[asks[at] ?? 0] ?? 0) | (holds[nexts[at] ?? 0] ?? 0)
      else if (this.#holds(at, holds, place)) holds[at] = 1
    }
  }

  #pay(looks: number, work: WorkLeft): boolean {
    if (this.#looksLeft >= looks) this.#looksLeft -= looks
    else work.left -= looks
    return work.left >= 0
  }

  #remember(holds: Uint8Array, isFound: boolean): State {
    const bits = pack(holds)
    const key = (isFound ? '1' : '0') + bits.toString('latin1')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= this.#maxStates) this.#forget()
    const state: State = { holds: bits, isFound, earlier: [] }
    this.#known.set(key, state)
    return state
  }

  #forget(): void {
    for (const state of this.#known.values()) state.earlier.length = 0
    this.#known.clear()
    this.#ends = []
  }

  #holds(at: number, holds: Uint8Array, { current, before }: Place): boolean {
    const { kinds, asks, nexts, negated } = this.#code
    const kind = kinds[at]
    if (kind === CODE.match) return true
    if (holds[nexts[at] ?? 0] === 0) return false
    if (kind === CODE.start) return before === NONE
    if (kind === CODE.end) return current === NONE
    const ask = asks[at] ?? 0
    const isSo =
      kind === CODE.look
        ? holds[ask] === 1
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

/** At least three where all classes count: there is always one class more than there can be. */
function strideOf(looksBack: Program['looksBack'], bound: number): number {
  if (looksBack === 'never') return 1
  return looksBack === 'start' ? 2 : Math.max(3, bound)
}

function pack(bytes: Uint8Array): Buffer {
  const bits = Buffer.allocUnsafeSlow((bytes.length + 7) >> 3)
  for (let at = 0, to = 0; to < bits.length; to++) {
    let byte = 0
    for (let bit = 0; bit < 8; bit++, at++) byte |= (bytes[at] ?? 0) << bit
    bits[to] = byte
  }
  return bits
}

function isPairBefore(text: string, at: number): boolean {
  return (
    at > 1 &&
    (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 &&
    (text.charCodeAt(at - 2) & 0xfc00) === 0xd800
  )
}
