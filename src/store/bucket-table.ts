import type { KeptKey } from './kept-key.ts'
import { FREE_TAG, KeyedHash, newHashKey } from './shared/keyed-hash.ts'
import type { KeyTags } from './shared/keyed-hash.ts'

/** A turn of the generations happens at most this often when the table is not full. */
const TURN_MS = 60_000
/** Old slots looked at per access: the old generation is gone before the young one can be half full of new keys. */
const SWEEP_SLOTS = 4

/** So many slots for each bucket: a third stays free, so that searches are short. */
const ROOM = 1.5
/** Buckets of a table that is empty. What few callers need stays in the processor's cache, and in few pages of memory. */
const LEAST_ROOM = 1024

/** Where the search for a key begins: its tag as a fraction of all slots. */
function placeOf(tag: number, slots: number): number {
  return Math.floor(((tag >>> 0) * slots) / 0x1_0000_0000)
}

/**
 * Times by the tags of their keys, 16 bytes a slot, side by side: a key of one among many is not in the processor's
 * cache, and one line of it is fetched, not two.
 */
class Generation {
  readonly #tags: Int32Array
  readonly #times: Float64Array
  /** Most keys that it takes. */
  readonly room: number
  readonly slots: number
  size = 0

  constructor(room: number) {
    this.room = room
    this.slots = Math.ceil(room * ROOM) + 2
    const memory = new ArrayBuffer(16 * this.slots)
    this.#tags = new Int32Array(memory)
    this.#times = new Float64Array(memory)
  }

  /** The first tag of the key at a slot; `FREE_TAG`: nobody's. */
  tagAt(slot: number): number {
    return this.#tags[4 * slot] ?? FREE_TAG
  }

  keyAt(slot: number): KeyTags {
    return { a: this.tagAt(slot), b: this.#tags[4 * slot + 1] ?? 0 }
  }

  timeAt(slot: number): number {
    return this.#times[2 * slot + 1] ?? 0
  }

  setTime(slot: number, time: number): void {
    this.#times[2 * slot + 1] = time
  }

  /** The key's slot, or -1. */
  find({ a, b }: KeyTags): number {
    const tags = this.#tags
    const { slots } = this
    for (let slot = placeOf(b, slots); ; slot = slot + 1 === slots ? 0 : slot + 1) {
      const tag = tags[4 * slot]
      if (tag === FREE_TAG) return -1
      if (tag === a && tags[4 * slot + 1] === b) return slot
    }
  }

  /** Gives a key that is not there a slot. */
  add({ a, b }: KeyTags, time: number): number {
    const tags = this.#tags
    const { slots } = this
    let slot = placeOf(b, slots)
    while (tags[4 * slot] !== FREE_TAG) slot = slot + 1 === slots ? 0 : slot + 1
    tags[4 * slot] = a
    tags[4 * slot + 1] = b
    this.setTime(slot, time)
    this.size++
    return slot
  }
}

/**
 * Buckets by key, at most `maxCells`, each a time relative to the table's origin. Keys are known by 64 bits of a keyed
 * hash. Buckets that are full again carry no information and are dropped: each turn makes the young generation old, and
 * every later access moves old ones over or drops them. A generation that is full is followed by one with room for
 * twice as many, up to half of the cells; only at that size a live bucket is lost, when more than half of the old
 * generation is live while new keys arrive at every access.
 */
export class BucketTable {
  readonly #half: number
  readonly #hash = new KeyedHash(newHashKey())
  #young: Generation
  #old: Generation
  /** The next old slot to look at; past the end: all have been. */
  #sweepAt: number
  #turnedMs = 0

  constructor(maxCells: number) {
    this.#half = Math.max(1, Math.floor(maxCells / 2))
    this.#young = new Generation(Math.min(LEAST_ROOM, this.#half))
    this.#old = new Generation(0)
    this.#sweepAt = this.#old.slots
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The key's time; `undefined`: it has none (its bucket is full). */
  find(key: string): number | undefined {
    this.#hash.of(key)
    const slot = this.#young.find(this.#hash)
    if (slot >= 0) return this.#young.timeAt(slot)
    const old = this.#old.find(this.#hash)
    return old < 0 ? undefined : this.#old.timeAt(old)
  }

  /** The place of the key's time, made with `nowMs` when there is none; good until the next call. */
  open(key: string | KeptKey, nowMs: number): number {
    this.#tend(nowMs)
    this.#hash.of(key)
    const slot = this.#young.find(this.#hash)
    if (slot >= 0) return slot
    const old = this.#old.find(this.#hash)
    const time = old < 0 ? nowMs : this.#old.timeAt(old)
    // Its slot in the old generation stays claimed, so that others are still found; its time is over.
    if (old >= 0) this.#old.setTime(old, 0)
    return this.#young.add(this.#hash, time)
  }

  /** The time at a place that `open` named. */
  at(place: number): number {
    return this.#young.timeAt(place)
  }

  set(place: number, time: number): void {
    this.#young.setTime(place, time)
  }

  /** Adds to the time of a key that has one. */
  shift(key: string, byMs: number): void {
    const time = this.find(key)
    if (time === undefined) return
    const slot = this.#young.find(this.#hash)
    if (slot >= 0) this.#young.setTime(slot, time + byMs)
    else this.#old.setTime(this.#old.find(this.#hash), time + byMs)
  }

  /** Forgets the key's time: its bucket is full. */
  delete(key: string): void {
    this.shift(key, -Infinity)
  }

  #tend(nowMs: number): void {
    const isSwept = this.#sweepAt >= this.#old.slots
    if (!isSwept) this.#sweep(nowMs)
    const isDue = isSwept && nowMs - this.#turnedMs >= TURN_MS && this.#young.size > 0
    const young = this.#young
    if (!isDue && young.size < young.room) return
    this.#old = young
    this.#young = new Generation(this.#roomAfter(young))
    this.#sweepAt = 0
    this.#turnedMs = nowMs
  }

  /** For all that may come over from a generation, and for a new key at each access until it is swept. */
  #roomAfter({ size, slots }: Generation): number {
    const needed = size + Math.ceil(slots / SWEEP_SLOTS) + SWEEP_SLOTS
    return Math.min(this.#half, Math.max(LEAST_ROOM, 2 * size, needed))
  }

  #sweep(nowMs: number): void {
    const old = this.#old
    const { slots } = old
    const end = Math.min(this.#sweepAt + SWEEP_SLOTS, slots)
    for (; this.#sweepAt < end; this.#sweepAt++) {
      const at = this.#sweepAt
      if (old.tagAt(at) === FREE_TAG) continue
      old.size--
      const time = old.timeAt(at)
      if (time <= nowMs || this.#young.size >= this.#young.room) continue
      const cell = old.keyAt(at)
      if (this.#young.find(cell) < 0) this.#young.add(cell, time)
      old.setTime(at, 0)
    }
    // Nothing is left in it: its memory can go.
    if (this.#sweepAt >= slots) {
      this.#old = new Generation(0)
      this.#sweepAt = this.#old.slots
    }
  }
}
