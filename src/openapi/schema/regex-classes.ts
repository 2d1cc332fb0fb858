import { toNative } from './regex-re2.ts'
import type { Chars } from './regex-program.ts'

/** Characters whose class was found by asking the native engine, kept so that it is asked once. */
const MAX_KNOWN = 4096
const LATIN = 256
const NO_SETS = new Uint8Array(0)

/**
 * Sorts characters into classes: two of one class are in the same sets of a pattern, so that the pattern cannot tell
 * them apart.
 */
export class CharClasses {
  readonly #sets: readonly Chars[]
  readonly #natives: readonly (RegExp | undefined)[]
  /** Where the ranges of all sets begin or have ended, sorted. */
  readonly #bounds: readonly number[]
  readonly #byRange: (number | undefined)[] = []
  readonly #known = new Map<number, number>()
  readonly #bySets = new Map<string, number>()
  readonly #members: Uint8Array[] = []
  /** Classes of the first 256 characters, as far as they were met; else -1. */
  readonly latin: Int16Array = new Int16Array(LATIN).fill(-1)

  /** More than there can be classes, and at least one more. */
  readonly bound: number

  constructor(sets: readonly Chars[]) {
    this.#sets = sets
    this.#natives = sets.map(({ property }) =>
      property === undefined ? undefined : new RegExp(toNative(property), 'u'),
    )
    const ends = sets.flatMap(({ set }) => set.flatMap(([from, to]) => [from, to + 1]))
    this.#bounds = [...new Set([0, ...ends])].toSorted((a, b) => a - b)
    const natives = this.#natives.filter((native) => native !== undefined).length
    this.bound = this.#bounds.length * 2 ** natives + 1
  }

  /** Number of the class of a character. Classes are numbered as they are met. */
  of(point: number): number {
    if (point >= LATIN) return this.#find(point)
    const known = this.latin[point] ?? -1
    if (known >= 0) return known
    return (this.latin[point] = this.#find(point))
  }

  /** For each set 1 where the characters of a class are in it. */
  setsOf(charClass: number): Uint8Array {
    return this.#members[charClass] ?? NO_SETS
  }

  #find(point: number): number {
    const range = this.#rangeOf(point)
    if (this.#natives.every((native) => native === undefined))
      return (this.#byRange[range] ??= this.#classOf(point))
    let found = this.#known.get(point)
    if (found === undefined) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.set(point, (found = this.#classOf(point)))
    }
    return found
  }

  /** Place of the last bound that is not beyond the character. */
  #rangeOf(point: number): number {
    let low = 0
    let high = this.#bounds.length - 1
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
