import type { BucketRate, Demand, Taken } from '../counters.ts'
import { judgeWindow, sliceAt, sliceEndMs, SLICES } from '../sliding-window.ts'
import type { KeyTags } from './keyed-hash.ts'
import { SliceTags } from './slice-tags.ts'
import { LEAST, newTimeTable, TimeTable } from './time-table.ts'

/** A cell holds until when it counts, in units that last for 34 years, above so many bits of its count. */
const COUNT_BITS = 31n
const COUNT_MASK = (1n << COUNT_BITS) - 1n
const UNIT_MS = 256

/** Memory for so many counts, one for each slice of a key that took something. */
export function newWindowCounts(slots: number): SharedArrayBuffer {
  return newTimeTable(slots)
}

/** What has not expired at `now` is above this; `now` on the scale of the counts' origin. */
export function expiredBits(now: number): bigint {
  return (BigInt(Math.floor(now / UNIT_MS) + 1) << COUNT_BITS) - 1n
}

/** A take at a moment of the counts' own scale. */
export interface WindowAsk {
  readonly demand: Demand
  readonly nowMs: number
}

/** There is no room for the key; the caller counts it elsewhere. */
export const NO_ROOM = 'no room'

/**
 * Sliding quotas that threads share: a cell for each key and slice. Takes of one slice meet in its cell, so none is
 * lost and none is too much; right after a kill at any instruction, as the table is.
 */
export class WindowCounts {
  readonly #table: TimeTable
  readonly #originMs: number
  readonly #tags = new SliceTags()
  readonly #counts = new Float64Array(SLICES + 1)
  /** Whose slices were looked at last, and when: a take that follows at once need not look at the past ones again. */
  #seen = { a: 0, b: 0, slice: 0, nowMs: 0 }

  /** `thread`: as in `TimeTable`. `originMs`: the moment before which nothing was counted. */
  constructor(buffer: SharedArrayBuffer, thread: number, originMs: number) {
    this.#table = new TimeTable(buffer, thread)
    this.#originMs = originMs
  }

  /** What a take of the key that was hashed would answer. */
  look(hash: KeyTags, { demand: { rate, cost }, nowMs }: WindowAsk): Taken {
    const slice = sliceAt(rate, nowMs)
    this.#read(hash, slice, 0)
    this.#seen = { a: hash.a, b: hash.b, slice, nowMs }
    return judgeWindow(rate, { cost, isTaking: false }, { slice, nowMs, counts: this.#counts })
  }

  /** Takes, where it is allowed. */
  take(hash: KeyTags, { demand: { rate, cost }, nowMs }: WindowAsk): Taken | typeof NO_ROOM {
    const slice = sliceAt(rate, nowMs)
    const { a, b, slice: seenSlice, nowMs: seenMs } = this.#seen
    const isSeen = a === hash.a && b === hash.b && seenSlice === slice && seenMs === nowMs
    if (!isSeen) this.#read(hash, slice, 1)
    // What is taken here from now on is newer than what was seen.
    this.#seen = { a: 0, b: 0, slice: 0, nowMs: 0 }
    const tags = this.#tags.of(hash, slice)
    for (;;) {
      const cell = this.#table.enter(tags, true)
      const done = cell < 0 ? NO_ROOM : this.#takeAt(cell, { rate, cost, nowMs, slice })
      this.#table.leave()
      if (done !== undefined) return done
    }
  }

  /** Gives back units that were taken at this moment. @returns whether the key was counted here. */
  giveBack(hash: KeyTags, { demand: { rate, cost }, nowMs }: WindowAsk): boolean {
    const tags = this.#tags.of(hash, sliceAt(rate, nowMs))
    for (;;) {
      const cell = this.#table.enter(tags, false)
      const value = cell < 0 ? 0n : this.#settled(cell, tags)
      const left = Math.max(0, countIn(value) - Math.min(cost, rate.count))
      const next = ((value >> COUNT_BITS) << COUNT_BITS) | BigInt(left)
      const isDone =
        cell < 0 ||
        value === LEAST ||
        (value > 0n && Atomics.compareExchange(this.#table.values, cell, value, next) === value)
      this.#table.leave()
      if (isDone) return cell >= 0 && value !== LEAST
    }
  }

  /** Counts of the key's slices from `from` back, newest first. */
  #read(hash: KeyTags, slice: number, from: number): void {
    for (let back = from; back <= SLICES; back++)
      this.#counts[back] = this.#countOf(this.#tags.of(hash, slice - back))
  }

  #countOf(tags: KeyTags): number {
    for (;;) {
      const cell = this.#table.enter(tags, false)
      const value = cell < 0 ? 0n : this.#settled(cell, tags)
      this.#table.leave()
      if (value >= 0n) return countIn(value)
    }
  }

  /** @returns `undefined` when the cell moved on meanwhile. */
  #takeAt(
    cell: number,
    ask: {
      readonly rate: BucketRate
      readonly cost: number
      readonly nowMs: number
      readonly slice: number
    },
  ): Taken | undefined {
    const { rate, cost, nowMs, slice } = ask
    const { values } = this.#table
    const endMs = Math.max(0, sliceEndMs(rate, slice) - this.#originMs)
    const until = BigInt(Math.ceil(endMs / UNIT_MS) + 1)
    for (;;) {
      const value = this.#settled(cell, this.#tags)
      if (value < 0n) return undefined
      const count = countIn(value)
      this.#counts[0] = count
      const state = { slice, nowMs, counts: this.#counts }
      const taken = judgeWindow(rate, { cost, isTaking: true }, state)
      if (!taken.allowed) return taken
      const next = (until << COUNT_BITS) | BigInt(count + Math.min(cost, rate.count))
      if (Atomics.compareExchange(values, cell, value, next) === value) return taken
    }
  }

  #settled(cell: number, tags: KeyTags): bigint {
    const value = Atomics.load(this.#table.values, cell)
    if (value !== 0n) return value
    this.#table.settle(cell, tags)
    return Atomics.load(this.#table.values, cell)
  }
}

/** A cell that has just been made has no end yet: it has counted nothing. */
function countIn(value: bigint): number {
  return value >> COUNT_BITS === 0n ? 0 : Number(value & COUNT_MASK)
}
