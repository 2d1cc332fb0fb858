import { CLOSED_TAG, FREE_TAG } from './keyed-hash.ts'
import type { KeyTags } from './keyed-hash.ts'

/** Threads that may use one table at the same time; each has a number of its own below this. */
export const MAX_THREADS = 128

const PHASE = 0
/** Slots claimed in each of the two halves, about: it only decides when to turn. */
const CLAIMED = 1
const THREADS = 4
const HEADER_WORDS = 4 + MAX_THREADS
const CELL_WORDS = 4
/** Slots looked at before a half counts as full. */
const MAX_PROBES = 256

/** Memory of one table, to be handed to every thread. `slots`: of each half, a power of two. */
export function newTimeTable(slots: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer((HEADER_WORDS + 2 * CELL_WORDS * slots) * 4)
  new Int32Array(buffer)[PHASE] = 1
  return buffer
}

/**
 * Times by key in memory that threads share. Lock-free: a thread that is killed at any instruction leaves the table as
 * it would have left it a moment before or after.
 *
 * A cell is two tags (the key's keyed hash) and a time, bits of a positive double, which grow as it does; 0: not set
 * yet; negative: moved on. Other values will do that are positive and grow with the time at which they are over.
 * Slots are claimed by compare-and-swap, first free one of the key's probe sequence, and never given back, so a key
 * has one cell. When a half is filling, the keeper turns: the other half, empty by now, becomes the young one, and
 * cells move over, each frozen (sign bit) before its time is set in the young half; whoever finds a cell frozen or not
 * set finishes the move, so it does not matter who began it. Searching a key that is not there closes the free slot at
 * the end of its probe sequence in the old half: a thread that still takes the old half for the young one cannot
 * claim it. Threads announce the phase they work in; the keeper empties a half when none is left that may see it.
 */
export class TimeTable {
  /** Times; cells are named by their index here. */
  readonly values: BigInt64Array
  readonly #words: Int32Array
  readonly #mask: number
  readonly #thread: number
  #phase = 1

  /** `thread`: this thread's number, below `MAX_THREADS`, used by no other living thread. */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(buffer)
    this.values = new BigInt64Array(buffer)
    this.#mask = (this.#words.length - HEADER_WORDS) / (2 * CELL_WORDS) - 1
    this.#thread = THREADS + thread
  }

  /**
   * Begins an operation: the cell of the key hashed last. `leave` must follow, whatever it answers. A time of 0 is to be
   * settled first; a negative one means: `leave`, and begin anew.
   * @returns -1 when there is no cell: not `mayClaim`, or the half is full.
   */
  enter(hash: KeyTags, mayClaim: boolean): number {
    for (;;) {
      const phase = this.#announce()
      const young = (phase >> 1) & 1
      const cell = this.#probe(young, hash)
      if (cell >= 0) return cell
      // A key that is only in the old half has a time all the same.
      if (!mayClaim && ((phase & 1) === 1 || this.#probe(young ^ 1, hash) < 0)) return -1
      const claimed = this.#claim(young, hash)
      // Where the halves were turned meanwhile, no cell is to be had in the one that was young.
      if (claimed >= 0 || Atomics.load(this.#words, PHASE) === phase) return claimed
    }
  }

  /** Tells the keeper which halves this thread may see. */
  #announce(): number {
    const words = this.#words
    let phase = Atomics.load(words, PHASE)
    for (;;) {
      Atomics.store(words, this.#thread, phase)
      const now = Atomics.load(words, PHASE)
      if (now === phase) break
      phase = now
    }
    this.#phase = phase
    return phase
  }

  /** Ends an operation. */
  leave(): void {
    Atomics.store(this.#words, this.#thread, 0)
  }

  /** The key's cell in a half, or -1. */
  #probe(half: number, hash: KeyTags): number {
    const words = this.#words
    const { a, b } = hash
    for (let step = 0; step < MAX_PROBES; step++) {
      const at = this.#slot(half, b + step)
      const tag = Atomics.load(words, at)
      if (tag === a && this.#isSecond(at, b)) return at / 2 + 1
      if (tag === FREE_TAG || tag === CLOSED_TAG) return -1
    }
    return -1
  }

  #claim(half: number, hash: KeyTags): number {
    const words = this.#words
    const { a, b } = hash
    for (let step = 0; step < MAX_PROBES; step++) {
      const at = this.#slot(half, b + step)
      let tag = Atomics.load(words, at)
      if (tag === FREE_TAG) {
        tag = Atomics.compareExchange(words, at, FREE_TAG, a)
        if (tag === FREE_TAG) {
          Atomics.add(words, CLAIMED + half, 1)
          tag = a
        }
      }
      if (tag === a && this.#isSecond(at, b)) return at / 2 + 1
      // This half has become the old one meanwhile.
      if (tag === CLOSED_TAG) return -1
    }
    return -1
  }

  /** Whether the slot is this key's: the second tag decides, and is set by whoever comes first. */
  #isSecond(at: number, b: number): boolean {
    const second = Atomics.load(this.#words, at + 1)
    if (second !== FREE_TAG) return second === b
    const before = Atomics.compareExchange(this.#words, at + 1, FREE_TAG, b)
    return before === FREE_TAG || before === b
  }

  /** Gives a fresh cell the time that the key has in the old half, or the least time there is. */
  settle(cell: number, hash: KeyTags): void {
    const isTurning = (this.#phase & 1) === 0
    const time = isTurning ? this.#freeze(((this.#phase >> 1) & 1) ^ 1, hash) : LEAST
    Atomics.compareExchange(this.values, cell, 0n, time)
  }

  /** The key's last time in the old half: from here on no thread changes it there, and none adds it. */
  #freeze(half: number, hash: KeyTags): bigint {
    const words = this.#words
    const { a, b } = hash
    for (let step = 0; step < MAX_PROBES; step++) {
      const at = this.#slot(half, b + step)
      let tag = Atomics.load(words, at)
      if (tag === FREE_TAG) tag = Atomics.compareExchange(words, at, FREE_TAG, CLOSED_TAG)
      if (tag === FREE_TAG || tag === CLOSED_TAG) return LEAST
      if (tag === a && this.#isSecond(at, b)) return freezeCell(this.values, at / 2 + 1)
    }
    return LEAST
  }

  #slot(half: number, place: number): number {
    return HEADER_WORDS + CELL_WORDS * (half * (this.#mask + 1) + (place & this.#mask))
  }
}

/** The least value there is: a time long past, or a count that nobody looks at any more. */
export const LEAST = 1n
const SIGN = -0x8000_0000_0000_0000n

/** Marks a cell as moved on. @returns the time it has for good. */
function freezeCell(values: BigInt64Array, cell: number): bigint {
  for (;;) {
    const value = Atomics.load(values, cell)
    if (value < 0n) return value ^ SIGN
    const time = value === 0n ? LEAST : value
    if (Atomics.compareExchange(values, cell, value, time ^ SIGN) === value) return time
  }
}

/** Slots a keeper looks at per call while cells move. */
const SWEEP_SLOTS = 65_536

/** What the one thread that outlives the others does for a table: turns its halves and empties the old one. */
export class TimeTableKeeper {
  readonly #words: Int32Array
  readonly #values: BigInt64Array
  readonly #slots: number
  #isOtherEmpty = true
  #swept = 0

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
    this.#values = new BigInt64Array(buffer)
    this.#slots = (this.#words.length - HEADER_WORDS) / (2 * CELL_WORDS)
  }

  /** Slots in use in the young half. */
  get size(): number {
    return Atomics.load(this.#words, CLAIMED + this.#young)
  }

  /**
   * One step of keeping; call it every 50 ms or so. `now`: bits of the time on the scale of the cells; cells that are
   * not above it are dropped. Takes a few milliseconds at most.
   */
  tend(now: bigint): void {
    const phase = Atomics.load(this.#words, PHASE)
    if ((phase & 1) === 0) this.#sweep(phase, now)
    else if (!this.#isOtherEmpty) this.#empty(phase)
    else if (this.size * 2 >= this.#slots) this.#turn(phase)
  }

  /** A thread died: what it had announced no longer holds anything up. */
  threadGone(thread: number): void {
    Atomics.store(this.#words, THREADS + thread, 0)
  }

  get #young(): number {
    return (Atomics.load(this.#words, PHASE) >> 1) & 1
  }

  #turn(phase: number): void {
    this.#swept = 0
    this.#isOtherEmpty = false
    Atomics.store(this.#words, PHASE, phase + 1)
  }

  /** Moves cells whose time is still to come, some at a time; then the old half is looked at no more. */
  #sweep(phase: number, now: bigint): void {
    const end = Math.min(this.#swept + SWEEP_SLOTS, this.#slots)
    for (; this.#swept < end; this.#swept++) this.#move(this.#swept, now)
    if (this.#swept === this.#slots) Atomics.store(this.#words, PHASE, phase + 1)
  }

  #move(slot: number, now: bigint): void {
    const words = this.#words
    const young = this.#young
    const at = HEADER_WORDS + CELL_WORDS * ((young ^ 1) * this.#slots + slot)
    const tag = Atomics.compareExchange(words, at, FREE_TAG, CLOSED_TAG)
    if (tag === FREE_TAG || tag === CLOSED_TAG) return
    // A slot whose second tag is not set has counted nothing, and from here on it never will.
    const second = Atomics.compareExchange(words, at + 1, FREE_TAG, CLOSED_TAG)
    if (second === FREE_TAG || second === CLOSED_TAG) return
    const time = freezeCell(this.#values, at / 2 + 1)
    if (time > now) this.#put(young, { a: tag, b: second, time })
  }

  #put(
    half: number,
    cell: { readonly a: number; readonly b: number; readonly time: bigint },
  ): void {
    const words = this.#words
    const { a, b, time } = cell
    for (let step = 0; step < MAX_PROBES; step++) {
      const at = HEADER_WORDS + CELL_WORDS * (half * this.#slots + ((b + step) & (this.#slots - 1)))
      let tag = Atomics.load(words, at)
      if (tag === FREE_TAG) {
        tag = Atomics.compareExchange(words, at, FREE_TAG, a)
        if (tag === FREE_TAG) Atomics.add(words, CLAIMED + half, 1)
        if (tag === FREE_TAG) tag = a
      }
      if (tag !== a) continue
      const before = Atomics.compareExchange(words, at + 1, FREE_TAG, b)
      if (before !== FREE_TAG && before !== b) continue
      Atomics.compareExchange(this.#values, at / 2 + 1, 0n, time)
      return
    }
  }

  /** Once every thread that could see the old half has moved on, it becomes a blank sheet. */
  #empty(phase: number): void {
    for (let thread = 0; thread < MAX_THREADS; thread++) {
      const seen = Atomics.load(this.#words, THREADS + thread)
      if (seen !== 0 && seen !== phase) return
    }
    const half = this.#young ^ 1
    const from = HEADER_WORDS + CELL_WORDS * half * this.#slots
    this.#words.fill(0, from, from + CELL_WORDS * this.#slots)
    Atomics.store(this.#words, CLAIMED + half, 0)
    this.#isOtherEmpty = true
  }
}
