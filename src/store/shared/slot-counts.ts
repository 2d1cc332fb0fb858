import type { KeyTags } from './keyed-hash.ts'
import { MAX_THREADS } from './time-table.ts'

/** Rows of one half. Each key has a row in both; what it runs is the lesser of the two. */
const ROWS = 16_384

/** Memory to count what runs: 16 MiB, used as it is filled. */
export function newSlotCounts(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * ROWS * MAX_THREADS * 4)
}

/**
 * What runs at this moment, of all threads together, by key. Keys that share both rows are counted together: too many of
 * one may cost the other a place, never the reverse. One row would be shared by every 16,000th caller with the count of
 * everybody, who would then be refused whenever there is work. A thread only ever writes its own counts, so those of one
 * that was killed at any instruction can be emptied. Two that ask for the last place at the same moment may both go
 * without; never more are given out than there are.
 */
export class SlotCounts {
  readonly #words: Int32Array
  readonly #thread: number

  /** `thread`: as in `TimeTable`. */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(buffer)
    this.#thread = thread
  }

  /** Whether one more of the key may begin; then it counts until `leave`. */
  enter(tags: KeyTags, max: number): boolean {
    const [one, other] = rowsOf(tags)
    Atomics.add(this.#words, one + this.#thread, 1)
    Atomics.add(this.#words, other + this.#thread, 1)
    if (Math.min(this.#running(one), this.#running(other)) <= max) return true
    this.leave(tags)
    return false
  }

  leave(tags: KeyTags): void {
    for (const row of rowsOf(tags)) Atomics.sub(this.#words, row + this.#thread, 1)
  }

  #running(row: number): number {
    let running = 0
    for (let thread = 0; thread < MAX_THREADS; thread++)
      running += Atomics.load(this.#words, row + thread)
    return running
  }
}

function rowsOf({ a, b }: KeyTags): readonly [number, number] {
  return [(b & (ROWS - 1)) * MAX_THREADS, (ROWS + (a & (ROWS - 1))) * MAX_THREADS]
}

/** What the thread that outlives the others does for the counts. */
export class SlotCountsKeeper {
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  /** A thread is no more: what it ran has ended. */
  threadGone(thread: number): void {
    for (let row = 0; row < 2 * ROWS; row++) {
      const at = row * MAX_THREADS + thread
      if (Atomics.load(this.#words, at) !== 0) Atomics.store(this.#words, at, 0)
    }
  }
}
