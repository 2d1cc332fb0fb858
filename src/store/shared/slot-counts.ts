import type { KeyTags } from './keyed-hash.ts'
import { MAX_THREADS } from './time-table.ts'

/** Keys that share a row are counted together: too many of one may cost the other a place, never the reverse. */
const ROWS = 16_384

/** Memory to count what runs: 8 MiB, used as it is filled. */
export function newSlotCounts(): SharedArrayBuffer {
  return new SharedArrayBuffer(ROWS * MAX_THREADS * 4)
}

/**
 * What runs at this moment, of all threads together, by key. A thread only ever writes its own counts, so those of one
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
    const from = rowOf(tags)
    Atomics.add(this.#words, from + this.#thread, 1)
    let running = 0
    for (let thread = 0; thread < MAX_THREADS; thread++)
      running += Atomics.load(this.#words, from + thread)
    if (running <= max) return true
    Atomics.sub(this.#words, from + this.#thread, 1)
    return false
  }

  leave(tags: KeyTags): void {
    Atomics.sub(this.#words, rowOf(tags) + this.#thread, 1)
  }
}

function rowOf({ b }: KeyTags): number {
  return (b & (ROWS - 1)) * MAX_THREADS
}

/** What the thread that outlives the others does for the counts. */
export class SlotCountsKeeper {
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  /** A thread is no more: what it ran has ended. */
  threadGone(thread: number): void {
    for (let row = 0; row < ROWS; row++) {
      const at = row * MAX_THREADS + thread
      if (Atomics.load(this.#words, at) !== 0) Atomics.store(this.#words, at, 0)
    }
  }
}
