import type { BucketRate, Taken } from './counters.ts'
import { GenerationMap } from './generation-map.ts'
import { judgeWindow, sliceAt, SLICES } from './sliding-window.ts'

/** What a key took, by slice; the ring's place of a slice is its number modulo the ring's length. */
interface Quota {
  slice: number
  readonly ring: number[]
}

const RING = SLICES + 1

/** Sliding quotas by key, at most `maxKeys`: beyond it keys that nobody asks for are forgotten first. */
export class WindowTable {
  readonly #quotas: GenerationMap<Quota>
  readonly #counts = new Float64Array(RING)

  constructor(maxKeys: number) {
    this.#quotas = new GenerationMap(maxKeys)
  }

  /** What a take would answer; takes where `isTaking` and it is allowed. */
  take(
    key: string,
    ask: { readonly rate: BucketRate; readonly cost: number; readonly nowMs: number },
    isTaking: boolean,
  ): Taken {
    const { rate, cost, nowMs } = ask
    const quota = this.#ofThisClock(key, sliceAt(rate, nowMs))
    const slice = Math.max(sliceAt(rate, nowMs), quota?.slice ?? 0)
    for (let back = 0; back < RING; back++)
      this.#counts[back] = quota === undefined ? 0 : countAt(quota, slice - back)
    const taken = judgeWindow(rate, { cost, isTaking }, { slice, nowMs, counts: this.#counts })
    if (isTaking && taken.allowed) this.#add(key, slice, Math.min(cost, rate.count))
    return taken
  }

  /** Takes back what `take` took at this moment. */
  giveBack(key: string, slice: number, units: number): void {
    const quota = this.#quotas.get(key)
    if (quota === undefined || quota.slice - slice > SLICES) return
    const at = slice % RING
    quota.ring[at] = Math.max(0, (quota.ring[at] ?? 0) - units)
  }

  /**
   * What is more than a window ahead was counted in other slices: by a window of another length, before a reload, or
   * before the clock was set back. It would not come to an end.
   */
  #ofThisClock(key: string, slice: number): Quota | undefined {
    const quota = this.#quotas.get(key)
    if (quota === undefined || quota.slice - slice <= SLICES) return quota
    this.#quotas.delete(key)
    return undefined
  }

  #add(key: string, slice: number, units: number): void {
    let quota = this.#quotas.get(key)
    if (quota === undefined) {
      quota = { slice, ring: Array.from({ length: RING }, () => 0) }
      this.#quotas.set(key, quota)
    }
    advance(quota, slice)
    const at = slice % RING
    quota.ring[at] = (quota.ring[at] ?? 0) + units
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
