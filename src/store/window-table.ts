import type { BucketRate, Taken } from './counters.ts'
import { GenerationMap } from './generation-map.ts'
import { judgeWindow, sliceAt, sliceEndMs, SLICES } from './sliding-window.ts'

/** What a key took, by slice; the ring's place of a slice is its number modulo the ring's length. */
interface Quota {
  slice: number
  readonly ring: number[]
  /** When nothing of it counts any more. */
  endsMs: number
}

const RING = SLICES + 1

/** Proven keys that are looked at for one that has ended, when there is no room. */
const LOOKED_AT = 16

/** One take, or the question for it. */
interface WindowAsk {
  readonly rate: BucketRate
  readonly cost: number
  readonly nowMs: number
  /** As in `Demand`. */
  readonly isProven?: boolean | undefined
}

/**
 * Sliding quotas by key, at most `maxKeys`. Half of the room is for keys that are proven: what they took is never
 * forgotten before it ends. The other half is for keys that anybody may make up, of which those that nobody asks for
 * are forgotten first; proven ones that find their half full of live quotas are counted there too, rather than refused.
 */
export class WindowTable {
  readonly #proven = new Map<string, Quota>()
  readonly #maxProven: number
  readonly #quotas: GenerationMap<Quota>
  readonly #counts = new Float64Array(RING)

  constructor(maxKeys: number) {
    this.#maxProven = Math.ceil(maxKeys / 2)
    this.#quotas = new GenerationMap(maxKeys - this.#maxProven)
  }

  /** What a take would answer; takes where `isTaking` and it is allowed. */
  take(key: string, ask: WindowAsk, isTaking: boolean): Taken {
    const { rate, cost, nowMs } = ask
    const quota = this.#ofThisClock(key, sliceAt(rate, nowMs))
    const slice = Math.max(sliceAt(rate, nowMs), quota?.slice ?? 0)
    for (let back = 0; back < RING; back++)
      this.#counts[back] = quota === undefined ? 0 : countAt(quota, slice - back)
    const taken = judgeWindow(rate, { cost, isTaking }, { slice, nowMs, counts: this.#counts })
    if (isTaking && taken.allowed) this.#add(key, slice, ask)
    return taken
  }

  /** Takes back what `take` took at this moment. */
  giveBack(key: string, slice: number, units: number): void {
    const quota = this.#find(key)
    if (quota === undefined || quota.slice - slice > SLICES) return
    const at = slice % RING
    quota.ring[at] = Math.max(0, (quota.ring[at] ?? 0) - units)
  }

  /**
   * What is more than a window ahead was counted in other slices: by a window of another length, before a reload, or
   * before the clock was set back. It would not come to an end.
   */
  #ofThisClock(key: string, slice: number): Quota | undefined {
    const quota = this.#find(key)
    if (quota === undefined || quota.slice - slice <= SLICES) return quota
    this.#proven.delete(key)
    this.#quotas.delete(key)
    return undefined
  }

  #find(key: string): Quota | undefined {
    return this.#proven.get(key) ?? this.#quotas.get(key)
  }

  #add(key: string, slice: number, ask: WindowAsk): void {
    const { rate, cost } = ask
    const quota = this.#find(key) ?? this.#open(key, slice, ask)
    advance(quota, slice)
    const at = slice % RING
    quota.ring[at] = (quota.ring[at] ?? 0) + Math.min(cost, rate.count)
    quota.endsMs = Math.max(quota.endsMs, sliceEndMs(rate, slice))
  }

  #open(key: string, slice: number, { isProven, nowMs }: WindowAsk): Quota {
    const quota = { slice, ring: Array.from({ length: RING }, () => 0), endsMs: 0 }
    if (isProven === true && this.#hasRoom(nowMs)) this.#proven.set(key, quota)
    else this.#quotas.set(key, quota)
    return quota
  }

  /** Looks at a few proven keys, so that all have had their turn after as many tries. */
  #hasRoom(nowMs: number): boolean {
    if (this.#proven.size < this.#maxProven) return true
    let looked = 0
    for (const [key, quota] of this.#proven) {
      this.#proven.delete(key)
      if (quota.endsMs <= nowMs) return true
      this.#proven.set(key, quota)
      if (++looked === LOOKED_AT) break
    }
    return false
  }
}

function countAt(quota: Quota, slice: number): number {
  const isHeld = slice <= quota.slice && slice > quota.slice - RING
  return isHeld ? (quota.ring[slice % RING] ?? 0) : 0
}

/** Slices that the clock has reached begin with nothing. */
function advance(quota: Quota, slice: number): void {
  const fresh = Math.min(slice - quota.slice, RING)
  for (let ahead = 1; ahead <= fresh; ahead++) quota.ring[(quota.slice + ahead) % RING] = 0
  // Beyond a whole ring all of it was blanked, whatever the places were.
  quota.slice = slice
}
