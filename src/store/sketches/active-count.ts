import { seededHash } from './seeded-hash.ts'

const BITS = 65_536
const HOUR_MS = 3_600_000

/** About how many different callers there were in an hour: linear counting in 8 KiB, good for 100,000 callers. */
export class ActiveCount {
  #map = new Int32Array(BITS >>> 5)
  #set = 0
  #sinceMs = -HOUR_MS
  #before = 0

  note(id: string, nowMs: number): void {
    if (nowMs - this.#sinceMs >= HOUR_MS) this.#turn(nowMs)
    const at = seededHash(id, 0) & (BITS - 1)
    const word = this.#map[at >>> 5] ?? 0
    const bit = 1 << (at & 31)
    if ((word & bit) !== 0) return
    this.#map[at >>> 5] = word | bit
    this.#set += 1
  }

  /** The larger of this hour and the one before. */
  get estimate(): number {
    return Math.max(this.#before, this.#now())
  }

  #now(): number {
    const free = Math.max(1, BITS - this.#set)
    return Math.round(-BITS * Math.log(free / BITS))
  }

  #turn(nowMs: number): void {
    this.#before = nowMs - this.#sinceMs < 2 * HOUR_MS ? this.#now() : 0
    this.#map.fill(0)
    this.#set = 0
    this.#sinceMs = nowMs
  }
}
