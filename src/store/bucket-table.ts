/** One bucket; `tatMs` is relative to the table's origin, so that the fraction stays exact to nanoseconds. */
export interface Bucket {
  tatMs: number
}

/** A turn of the generations happens at most this often when the table is not full. */
const TURN_MS = 60_000
/** Old cells looked at per access: the old generation is gone before the young one can be half full of new keys. */
const SWEEP_STEPS = 2

/**
 * Buckets by key, at most `maxCells`. Cells that are full again carry no information and are dropped: each turn
 * makes the young generation old, and every later access moves two old cells over or drops them.
 * A live cell is lost only when more than half of the old generation is live while new keys arrive at every access.
 */
export class BucketTable {
  readonly #half: number
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()
  #sweep: MapIterator<[string, Bucket]> | undefined
  #turnedMs = 0

  constructor(maxCells: number) {
    this.#half = Math.max(1, Math.floor(maxCells / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The bucket, or `undefined` when the key has none (it is full). */
  find(key: string): Bucket | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  /** The bucket, made when there is none. `nowMs` is relative to the origin. */
  open(key: string, nowMs: number): Bucket {
    this.#tend(nowMs)
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const bucket = this.#old.get(key) ?? { tatMs: nowMs }
    this.#old.delete(key)
    this.#young.set(key, bucket)
    return bucket
  }

  delete(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  #tend(nowMs: number): void {
    if (this.#sweep !== undefined) this.#sweepSome(nowMs)
    const isDue = nowMs - this.#turnedMs >= TURN_MS && this.#sweep === undefined
    if (!isDue && this.#young.size < this.#half) return
    this.#old = this.#young
    this.#young = new Map()
    this.#sweep = this.#old.entries()
    this.#turnedMs = nowMs
  }

  #sweepSome(nowMs: number): void {
    for (let step = 0; step < SWEEP_STEPS; step++) {
      const next = this.#sweep?.next()
      if (next === undefined || next.done === true) {
        this.#sweep = undefined
        return
      }
      const [key, bucket] = next.value
      if (bucket.tatMs > nowMs && this.#young.size < this.#half) this.#young.set(key, bucket)
      this.#old.delete(key)
    }
  }
}
