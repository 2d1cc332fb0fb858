import { GenerationMap } from '../generation-map.ts'

/** What a table of distinct things holds. */
export interface DistinctLimits {
  /** Callers that are remembered; who comes back later starts anew, so that too much is told, never too little. */
  readonly maxKeys: number
  /** Bits of a caller's map: a power of two, at least 64, about four times what is to be told apart. */
  readonly bits: number
  /** So many different things are kept here before anybody else has to know, at most `exactThings(bits)`. */
  readonly early: number
  /** After this long a caller's row is emptied. */
  readonly windowMs: number
}

/** A caller's row: a table of hashes, half full at most, and in its place, when that is too small, the map. */
interface Seen {
  sinceMs: number
  words: Int32Array
  /** Hashes in `words`; `MAP`: they are bits. */
  hashes: number
}

const MAP = -1
/** A row begins with so many words and doubles. */
const FIRST_WORDS = 4
/** A word without a hash. */
const FREE = 0
const NONE: readonly number[] = Object.freeze([])

/**
 * Tells for each caller which things are new. The first `exactThings(bits)` are known by their hash; after them a thing
 * is a bit of a map (linear counting), and one whose bit is set passes for seen. A row has at most `bits / 8` bytes,
 * those of small callers fewer. What is told is a hash, the same in every thread: whoever counts what several
 * tables tell, each hash once, counts no thing twice, and of `things` no fewer than `expectedTold`, on average.
 * @see Whang, Vander-Zanden, Taylor: A linear-time probabilistic counting algorithm (1990)
 */
export class DistinctTable {
  readonly #limits: DistinctLimits
  readonly #exact: number
  readonly #early: number
  readonly #seen: GenerationMap<Seen>

  constructor(limits: DistinctLimits) {
    this.#limits = limits
    this.#exact = exactThings(limits.bits)
    this.#early = Math.min(limits.early, this.#exact)
    this.#seen = new GenerationMap(limits.maxKeys)
  }

  /**
   * Notes a thing by its hash (32 bits). @returns the hashes that are to be counted now, as signed numbers: none for
   * what was seen before and for the first few, then those few together, then each new one.
   */
  note(key: string, hash: number, nowMs: number): readonly number[] {
    const seen = this.#open(key, nowMs)
    const name = nameOf(hash)
    if (seen.hashes === MAP) return this.#mark(seen, name)
    const at = findWord(seen.words, name)
    if (seen.words[at] === name) return NONE
    if (seen.hashes === this.#exact) {
      seen.words = this.#mapOf(seen.words)
      seen.hashes = MAP
      return this.#mark(seen, name)
    }
    seen.words[at] = name
    if (++seen.hashes * 2 > seen.words.length) seen.words = widened(seen.words)
    return this.#told(seen, name)
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }

  /** Callers that are remembered; for tests and metrics. */
  get size(): number {
    return this.#seen.size
  }

  /** Bytes of a caller's row; 0: not remembered. For tests and metrics. */
  bytesOf(key: string): number {
    return this.#seen.get(key)?.words.byteLength ?? 0
  }

  #told({ words, hashes }: Seen, name: number): readonly number[] {
    const early = this.#early
    if (hashes < early) return NONE
    return hashes === early ? [...words].filter((word) => word !== FREE) : [name]
  }

  #mark({ words }: Seen, name: number): readonly number[] {
    return setBit(words, name & (this.#limits.bits - 1)) ? [name] : NONE
  }

  #mapOf(hashes: Int32Array): Int32Array {
    const { bits } = this.#limits
    const map = new Int32Array(bits >>> 5)
    for (const hash of hashes) if (hash !== FREE) setBit(map, hash & (bits - 1))
    return map
  }

  #open(key: string, nowMs: number): Seen {
    const known = this.#seen.get(key)
    if (known !== undefined && nowMs - known.sinceMs < this.#limits.windowMs) return known
    const words = new Int32Array(Math.min(FIRST_WORDS, this.#limits.bits >>> 5))
    const fresh: Seen = { sinceMs: nowMs, words, hashes: 0 }
    this.#seen.set(key, fresh)
    return fresh
  }
}

/** What stands for a hash: never the mark of a free word. */
function nameOf(hash: number): number {
  return (hash | 0) === FREE ? 1 : hash | 0
}

/** Where a name is, or the free word where it belongs; the table is half empty, so there is one. */
function findWord(words: Int32Array, name: number): number {
  const mask = words.length - 1
  // Its lowest bits are its place in the map.
  let at = (name >>> 16) & mask
  while (words[at] !== FREE && words[at] !== name) at = (at + 1) & mask
  return at
}

function widened(words: Int32Array): Int32Array {
  const wider = new Int32Array(words.length * 2)
  for (const word of words) if (word !== FREE) wider[findWord(wider, word)] = word
  return wider
}

/** @returns whether it was not set before. */
function setBit(map: Int32Array, at: number): boolean {
  const word = map[at >>> 5] ?? 0
  const bit = 1 << (at & 31)
  if ((word & bit) !== 0) return false
  map[at >>> 5] = word | bit
  return true
}

/** How many things of a caller are told exactly: their hashes half fill the room of a map of `bits`. */
export function exactThings(bits: number): number {
  return bits >>> 6
}

/**
 * How many of `things` different ones a table of `bits` tells on average; all of the first `exactThings(bits)`. A table
 * that is full to a quarter (`things` = `bits / 4`) tells 11 % too little, to an eighth 6 %; it never tells too much.
 */
export function expectedTold(things: number, bits: number): number {
  const exact = exactThings(bits)
  if (things <= exact) return things
  return exact + expectedBits(things, bits) - expectedBits(exact, bits)
}

/**
 * What is told of `things` different ones by one table or by many, give or take: midway between `expectedTold` and all
 * of them, so that a limit of `bits / 4` things is met within 8 % of it, one of `bits / 8` within 4 %, and one of up to
 * `exactThings(bits)` exactly.
 */
export function toldOf(things: number, bits: number): number {
  return Math.ceil((things + expectedTold(things, bits)) / 2)
}

/** How many bits of `bits` different things set on average. */
function expectedBits(things: number, bits: number): number {
  return bits * (1 - Math.exp(-things / bits))
}

/** Bits that tell `things` apart well: the next power of two from four times as many on, at least 64. */
export function bitsFor(things: number): number {
  return 2 ** Math.max(6, Math.ceil(Math.log2(things * 4)))
}
