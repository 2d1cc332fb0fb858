import { toNative } from './regex-write.ts'
import type { Chars } from './regex-program.ts'

/** Characters beyond U+FFFF whose class was found by asking the native engine, kept so that it is asked once. */
const MAX_KNOWN = 4096
const PAGE = 256
const PLANE = 0x10000
const NO_SETS = new Uint8Array(0)

/**
 * Sorts characters into classes: two of one class are in the same sets of a pattern, so that the pattern cannot tell
 * them apart.
 */
export class CharClasses {
  readonly #sets: readonly Chars[]
  readonly #natives: readonly (RegExp | undefined)[]
  readonly #hasNative: boolean
  /** Where the ranges of all sets begin or have ended, sorted. */
  readonly #bounds: readonly number[]
  readonly #byRange: (number | undefined)[] = []
  readonly #known = new Map<number, number>()
  readonly #bySets = new Map<string, number>()
  readonly #members: Uint8Array[] = []
  /** The same class for 256 characters, by class. */
  readonly #uniform: (Int16Array | undefined)[] = []
  /** Classes of the characters up to U+FFFF, in pages of 256, as far as they were met; else -1. */
  readonly pages: (Int16Array | undefined)[] = Array.from({ length: PLANE / PAGE })

  constructor(sets: readonly Chars[]) {
    this.#sets = sets
    this.#natives = sets.map(({ property }) =>
      property === undefined ? undefined : new RegExp(toNative(property), 'u'),
    )
    this.#hasNative = this.#natives.some((native) => native !== undefined)
    const ends = sets.flatMap(({ set }) => set.flatMap(([from, to]) => [from, to + 1]))
    this.#bounds = [...new Set([0, ...ends])].toSorted((a, b) => a - b)
  }

  /** Number of the class of a character. Classes are numbered as they are met. */
  of(point: number): number {
    if (point >= PLANE) return this.#find(point)
    const page = (this.pages[point >> 8] ??= this.#newPage(point - (point % PAGE)))
    const known = page[point % PAGE] ?? -1
    if (known >= 0) return known
    return (page[point % PAGE] = this.#find(point))
  }

  /** Where no range begins or ends inside, the page is shared: texts cannot make many. */
  #newPage(first: number): Int16Array {
    const isEven = this.#rangeOf(first) === this.#rangeOf(first + PAGE - 1)
    if (!isEven || this.#hasNative) return new Int16Array(PAGE).fill(-1)
    const charClass = this.#find(first)
    return (this.#uniform[charClass] ??= new Int16Array(PAGE).fill(charClass))
  }

  /** For each set 1 where the characters of a class are in it. */
  setsOf(charClass: number): Uint8Array {
    return this.#members[charClass] ?? NO_SETS
  }

  #find(point: number): number {
    const range = this.#rangeOf(point)
    if (!this.#hasNative) return (this.#byRange[range] ??= this.#classOf(point))
    if (point < PLANE) return this.#classOf(point)
    let found = this.#known.get(point)
    if (found === undefined) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.set(point, (found = this.#classOf(point)))
    }
    return found
  }

  /** Place of the last bound that is not beyond the character. */
  #rangeOf(point: number): number {
    const last = this.#bounds.length - 1
    // Nearly all patterns have nothing to say about characters beyond U+FFFF.
    if (point >= (this.#bounds[last] ?? 0)) return last
    let low = 0
    let high = last
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#bounds[middle] ?? 0) <= point) low = middle
      else high = middle - 1
    }
    return low
  }

  #classOf(point: number): number {
    const members = Uint8Array.from(this.#sets, (_, index) => (this.#isIn(point, index) ? 1 : 0))
    const key = members.join('')
    const known = this.#bySets.get(key)
    if (known !== undefined) return known
    this.#bySets.set(key, this.#members.length)
    return this.#members.push(members) - 1
  }

  #isIn(point: number, index: number): boolean {
    const native = this.#natives[index]
    if (native !== undefined) return native.test(String.fromCodePoint(point))
    return this.#sets[index]?.set.some(([from, to]) => point >= from && point <= to) === true
  }
}
