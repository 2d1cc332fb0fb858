import type { Exchange } from '../../pipeline/exchange.ts'
import type { Counters } from '../../store/counters.ts'
import { AdaptiveLimit } from './adaptive-limit.ts'

/** Places whose number follows the API's times; one for all operations of a thread, also across reloads. */
export class AdaptivePlaces {
  static readonly #known = new WeakMap<Counters, AdaptivePlaces>()
  readonly #limit = new AdaptiveLimit()
  #taken = 0

  /** Those that belong to the counters of this thread. */
  static of(counters: Counters): AdaptivePlaces {
    const known = AdaptivePlaces.#known.get(counters) ?? new AdaptivePlaces()
    AdaptivePlaces.#known.set(counters, known)
    return known
  }

  /** Whether there is a place in the `share` of all. */
  enter(share: number): boolean {
    if (this.#taken >= Math.floor(this.#limit.limit * share)) return false
    this.#taken++
    return true
  }

  /** Gives a place back and learns from how the API did. */
  leave({ upstreamMs, upstream, status, abortedBy }: Exchange): void {
    const atOnce = this.#taken
    this.#taken--
    if (abortedBy === 'client') return
    if (status === 504 || isOverload(upstream?.status)) this.#limit.failed()
    else if (upstreamMs > 0) this.#limit.answered(upstreamMs, atOnce)
  }
}

/** Of the API: overloaded, or too late; other failures may have any cause. */
function isOverload(status: number | undefined): boolean {
  return status === 503 || status === 504
}
