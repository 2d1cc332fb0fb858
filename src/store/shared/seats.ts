import { KeyedHash, newHashKey } from './keyed-hash.ts'
import { MAX_THREADS } from './time-table.ts'

/** Addresses that share a row are counted together: too many of one may cost the other a seat, never the reverse. */
const ROWS = 4096

/** What threads share to count connections. */
export interface SeatMemory {
  readonly hashKey: Int32Array
  /** A row of counts for each group of addresses, and one for all; each thread has a place of its own in a row. */
  readonly counts: SharedArrayBuffer
}

/** Makes the memory: 2 MB, used as it is filled. */
export function newSeats(): SeatMemory {
  return {
    hashKey: newHashKey(),
    counts: new SharedArrayBuffer((ROWS + 1) * MAX_THREADS * 4),
  }
}

/** How many seats there are, and whose view this is. */
export interface SeatOptions {
  /** As in `TimeTable`. */
  readonly thread: number
  readonly all: number
  readonly perAddress: number
}

/**
 * Open connections of all threads together, in all and by address. A thread only ever writes its own counts, so the
 * main thread can empty those of one that was killed at any instruction. Two threads that ask for the last seat at the
 * same moment may both go without; never more are given out than there are.
 */
export class Seats {
  readonly #words: Int32Array
  readonly #hash: KeyedHash
  readonly #options: SeatOptions

  constructor(memory: SeatMemory, options: SeatOptions) {
    this.#words = new Int32Array(memory.counts)
    this.#hash = new KeyedHash(memory.hashKey)
    this.#options = options
  }

  /** Whether there is a seat for one more; `isCounted`: those of the address count as well, not only all. */
  take(address: string, isCounted: boolean): boolean {
    const { all, perAddress } = this.#options
    if (!this.#sit(ROWS, all)) return false
    if (!isCounted || this.#sit(this.#rowOf(address), perAddress)) return true
    this.#stand(ROWS)
    return false
  }

  /** Gives back what `take` gave. */
  leave(address: string, isCounted: boolean): void {
    this.#stand(ROWS)
    if (isCounted) this.#stand(this.#rowOf(address))
  }

  #rowOf(address: string): number {
    this.#hash.of(address)
    return this.#hash.b & (ROWS - 1)
  }

  #sit(row: number, seats: number): boolean {
    const from = row * MAX_THREADS
    Atomics.add(this.#words, from + this.#options.thread, 1)
    let taken = 0
    for (let thread = 0; thread < MAX_THREADS; thread++)
      taken += Atomics.load(this.#words, from + thread)
    if (taken <= seats) return true
    this.#stand(row)
    return false
  }

  #stand(row: number): void {
    Atomics.sub(this.#words, row * MAX_THREADS + this.#options.thread, 1)
  }
}

/** A thread is no more: its connections are closed. */
export function emptySeats(memory: SeatMemory, thread: number): void {
  const words = new Int32Array(memory.counts)
  for (let row = 0; row <= ROWS; row++) Atomics.store(words, row * MAX_THREADS + thread, 0)
}
