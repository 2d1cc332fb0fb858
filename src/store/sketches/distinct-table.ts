import { GenerationMap } from '../generation-map.ts'

/** What a table of distinct things holds. */
export interface DistinctLimits {
  /** Callers that are remembered; who comes back later starts anew, so that too much is counted, never too little. */
  readonly maxKeys: number
  /** Bits of a caller's map: a power of two, at least 32, four times what is to be told apart. */
  readonly bits: number
  /** So many different things are kept here before anybody else has to know. */
  readonly early: number
  /** After this long a caller's map is emptied. */
  readonly windowMs: number
}

interface Seen {
  sinceMs: number
  /** Positions, until there are `early` of them. */
  first: number[] | undefined
  map: Int32Array | undefined
}

const NONE: readonly number[] = Object.freeze([])

/**
 * Tells for each caller which things are new, by linear counting: a thing is a bit of a map. Small callers cost a few
 * numbers, large ones `bits / 8` bytes.
 * @see Whang, Vander-Zanden, Taylor: A linear-time probabilistic counting algorithm (1990)
 */
export class DistinctTable {
  readonly #limits: DistinctLimits
  readonly #seen: GenerationMap<Seen>

  constructor(limits: DistinctLimits) {
    this.#limits = limits
    this.#seen = new GenerationMap(limits.maxKeys)
  }

  /**
   * Notes a thing by its hash. @returns the positions that are to be counted now: none for what was seen before and
   * for the first few, then those few together, then each new one.
   */
  note(key: string, hash: number, nowMs: number): readonly number[] {
    const at = hash & (this.#limits.bits - 1)
    const seen = this.#open(key, nowMs)
    const { first, map } = seen
    if (map !== undefined) return setBit(map, at) ? [at] : NONE
    if (first === undefined || first.includes(at)) return NONE
    first.push(at)
    if (first.length < this.#limits.early) return NONE
    seen.map = new Int32Array(this.#limits.bits >>> 5)
    for (const position of first) setBit(seen.map, position)
    seen.first = undefined
    return first
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }

  /** Callers that are remembered; for tests and metrics. */
  get size(): number {
    return this.#seen.size
  }

  #open(key: string, nowMs: number): Seen {
    const known = this.#seen.get(key)
    if (known !== undefined && nowMs - known.sinceMs < this.#limits.windowMs) return known
    const fresh: Seen = { sinceMs: nowMs, first: [], map: undefined }
    this.#seen.set(key, fresh)
    return fresh
  }
}

/** @returns whether it was not set before. */
function setBit(map: Int32Array, at: number): boolean {
  const word = map[at >>> 5] ?? 0
  const bit = 1 << (at & 31)
  if ((word & bit) !== 0) return false
  map[at >>> 5] = word | bit
  return true
}

/** How many bits of `bits` different things set on average; the inverse of the estimate of linear counting. */
export function expectedBits(things: number, bits: number): number {
  return Math.ceil(bits * (1 - Math.exp(-things / bits)))
}

/** Bits that tell `things` apart well: the next power of two from four times as many on, at least 64. */
export function bitsFor(things: number): number {
  return 2 ** Math.max(6, Math.ceil(Math.log2(things * 4)))
}
