import { FREE_TAG } from './keyed-hash.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { MAX_THREADS } from './time-table.ts'

const PHASE = 0
const SLOTS = 1
const ARENA = 2
/** Words taken of each half's arena, and slots claimed in each half. */
const TOP = 3
const CLAIMED = 5
const THREADS = 8
const HEADER_WORDS = 8 + MAX_THREADS
const CELL_WORDS = 4
const MAX_PROBES = 256

/** A log: its next number, the first number that counts, its ring's size, and the ring of times. */
const NEXT = 0
const FLOOR = 1
const SIZE = 2
const RING = 4

/** Memory of one failure table. `slots`: of each half, a power of two; `arenaWords`: for the logs of each half. */
export function newFailureTable(slots: number, arenaWords: number): SharedArrayBuffer {
  const words = HEADER_WORDS + 2 * (CELL_WORDS * slots + arenaWords)
  const buffer = new SharedArrayBuffer(words * 4)
  const view = new Int32Array(buffer)
  view[PHASE] = 2
  view[SLOTS] = slots
  view[ARENA] = arenaWords
  return buffer
}

/**
 * Exact sliding logs of failures by key, in memory that threads share; lock-free, and right after a kill at any
 * instruction: only the failure that the killed thread was counting is missing, or counts for longer than its window.
 *
 * Each log is a ring of times, twice as long as the count that bans: a number is drawn, then its time is written.
 * A thread that sleeps between the two can be overtaken only by so many failures that the ban is due anyway.
 * Logs are never moved: while both halves are in use a key's failures are those of both. When the young half fills up
 * the keeper forgets the old one, which then becomes the young one.
 */
export class FailureTable {
  readonly #words: Int32Array
  readonly #slots: number
  readonly #arena: number
  readonly #thread: number

  /** `thread`: as in `TimeTable`. */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(buffer)
    this.#slots = this.#words[SLOTS] ?? 0
    this.#arena = this.#words[ARENA] ?? 0
    this.#thread = THREADS + thread
  }

  /**
   * Counts a failure of the key hashed last at `atMs` (whole milliseconds, from 1). When it is the `count`-th within
   * `windowMs` the caller bans, then clears.
   * @returns failures within the window, this one included, at most `count`; -1 when there is no room for the key.
   */
  add(
    hash: KeyedHash,
    rule: { readonly count: number; readonly windowMs: number },
    atMs: number,
  ): number {
    const phase = this.#enter()
    const young = (phase >> 1) & 1
    const log = this.#open(young, hash, rule.count)
    if (log < 0) {
      this.#leave()
      return -1
    }
    const words = this.#words
    const number = Atomics.add(words, log + NEXT, 1)
    const size = Atomics.load(words, log + SIZE)
    Atomics.store(words, log + RING + (number & (size - 1)), atMs | 0)
    // No count reaches back that far; a number that is drawn later finds no time of an earlier lap.
    Atomics.store(words, log + RING + ((number + size / 2) & (size - 1)), 0)
    const old = (phase & 1) === 0 ? this.#find(young ^ 1, hash) : -1
    const asked = { ...rule, atMs }
    let failures = this.#count(log, number + 1, asked)
    if (old >= 0 && failures < rule.count)
      failures += this.#count(old, Atomics.load(words, old + NEXT), asked)
    this.#leave()
    return Math.min(failures, rule.count)
  }

  /** Forgets the failures of the key hashed last. */
  clear(hash: KeyedHash): void {
    const phase = this.#enter()
    const young = (phase >> 1) & 1
    this.#forget(this.#find(young, hash), (phase & 1) === 0 ? this.#find(young ^ 1, hash) : -1)
    this.#leave()
  }

  #forget(...logs: readonly number[]): void {
    for (const log of logs) {
      if (log < 0) continue
      Atomics.store(this.#words, log + FLOOR, Atomics.load(this.#words, log + NEXT))
    }
  }

  /** Failures before number `end` that are younger than the window, newest first; at most the rule's count. */
  #count(
    log: number,
    end: number,
    rule: { readonly count: number; readonly windowMs: number; readonly atMs: number },
  ): number {
    const words = this.#words
    const size = Atomics.load(words, log + SIZE)
    const floor = Atomics.load(words, log + FLOOR)
    let failures = 0
    for (let back = 1; back <= size && failures < rule.count; back++) {
      const number = (end - back) | 0
      if (((number - floor) | 0) < 0) break
      const time = Atomics.load(words, log + RING + (number & (size - 1)))
      // 0: drawn but not written, by a thread at this moment or by one that died there; it counts.
      if (time !== 0 && ((rule.atMs - time) | 0) >= rule.windowMs) break
      failures++
    }
    return failures
  }

  #enter(): number {
    const words = this.#words
    let phase = Atomics.load(words, PHASE)
    for (;;) {
      Atomics.store(words, this.#thread, phase)
      const now = Atomics.load(words, PHASE)
      if (now === phase) return phase
      phase = now
    }
  }

  #leave(): void {
    Atomics.store(this.#words, this.#thread, 0)
  }

  /** Where the key's log stands in a half, or -1. */
  #find(half: number, hash: KeyedHash): number {
    for (let step = 0; step < MAX_PROBES; step++) {
      const at = this.#slot(half, hash.b + step)
      const tag = Atomics.load(this.#words, at)
      if (tag === FREE_TAG) return -1
      if (tag === hash.a && Atomics.load(this.#words, at + 1) === hash.b)
        return Atomics.load(this.#words, at + 2) - 1
    }
    return -1
  }

  /** Where the key's log stands, made when there is none that holds `count` failures; -1: no room. */
  #open(half: number, hash: KeyedHash, count: number): number {
    const at = this.#claim(half, hash)
    if (at < 0) return -1
    const words = this.#words
    const place = Atomics.load(words, at + 2)
    const size = ringSize(count)
    if (place > 0 && Atomics.load(words, place - 1 + SIZE) >= size) return place - 1
    const log = this.#allocate(half, size)
    if (log < 0) return -1
    // Whoever is late takes what the other made; what was allocated in vain goes with the half.
    const before = Atomics.compareExchange(words, at + 2, place, log + 1)
    return before === place ? log : before - 1
  }

  #claim(half: number, { a, b }: KeyedHash): number {
    const words = this.#words
    for (let step = 0; step < MAX_PROBES; step++) {
      const at = this.#slot(half, b + step)
      let tag = Atomics.compareExchange(words, at, FREE_TAG, a)
      if (tag === FREE_TAG) {
        Atomics.add(words, CLAIMED + half, 1)
        tag = a
      }
      if (tag !== a) continue
      const second = Atomics.compareExchange(words, at + 1, FREE_TAG, b)
      if (second === FREE_TAG || second === b) return at
    }
    return -1
  }

  #allocate(half: number, size: number): number {
    const need = RING + size
    const top = Atomics.load(this.#words, TOP + half)
    if (top + need > this.#arena) return -1
    const offset = Atomics.add(this.#words, TOP + half, need)
    if (offset + need > this.#arena) return -1
    const log = HEADER_WORDS + 2 * CELL_WORDS * this.#slots + half * this.#arena + offset
    Atomics.store(this.#words, log + SIZE, size)
    return log
  }

  #slot(half: number, place: number): number {
    return HEADER_WORDS + CELL_WORDS * (half * this.#slots + (place & (this.#slots - 1)))
  }
}

/** A power of two, so that numbers may wrap. */
function ringSize(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)))
}

/** What the one thread that outlives the others does for a failure table: forgets the old half when the young fills up. */
export class FailureTableKeeper {
  readonly #words: Int32Array
  readonly #slots: number
  readonly #arena: number

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
    this.#slots = this.#words[SLOTS] ?? 0
    this.#arena = this.#words[ARENA] ?? 0
  }

  /** One step of keeping; call it every 50 ms or so. */
  tend(): void {
    const words = this.#words
    const phase = Atomics.load(words, PHASE)
    const young = (phase >> 1) & 1
    if ((phase & 1) === 1) {
      this.#empty(phase)
      return
    }
    const isFilling =
      Atomics.load(words, TOP + young) * 2 >= this.#arena ||
      Atomics.load(words, CLAIMED + young) * 2 >= this.#slots
    // Odd: the old half is no longer looked at.
    if (isFilling) Atomics.store(words, PHASE, phase + 1)
  }

  /** As in `TimeTableKeeper`. */
  threadGone(thread: number): void {
    Atomics.store(this.#words, THREADS + thread, 0)
  }

  #empty(phase: number): void {
    const words = this.#words
    for (let thread = 0; thread < MAX_THREADS; thread++) {
      const seen = Atomics.load(words, THREADS + thread)
      if (seen !== 0 && seen !== phase) return
    }
    const half = ((phase >> 1) & 1) ^ 1
    const cells = HEADER_WORDS + CELL_WORDS * half * this.#slots
    words.fill(0, cells, cells + CELL_WORDS * this.#slots)
    const arena = HEADER_WORDS + 2 * CELL_WORDS * this.#slots + half * this.#arena
    words.fill(0, arena, arena + Math.min(this.#arena, Atomics.load(words, TOP + half)))
    Atomics.store(words, TOP + half, 0)
    Atomics.store(words, CLAIMED + half, 0)
    // Even: the emptied half is the young one, and what was young is old.
    Atomics.store(words, PHASE, phase + 1)
  }
}
