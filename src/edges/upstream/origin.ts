import type { BreakerLimits, UpstreamTarget } from '../../gateway/core.ts'
import type { UpstreamPool } from '../exchange/upstream-port.ts'
import { Breaker } from './breaker.ts'
import type { BreakerState } from './breaker.ts'

/** Something an operator should hear about an origin. */
export interface UpstreamNotice {
  /** Name of the upstream in the plan. */
  readonly upstream: string
  readonly origin: string
  readonly change: 'breaker' | 'health'
  /** `open`, `half-open`, `closed`; `up`, `down`. */
  readonly state: BreakerState | 'up' | 'down'
  readonly detail: string
}

/** One origin of an upstream: its connections, what is under way, and what is known of how it does. */
export class Origin {
  readonly target: UpstreamTarget
  readonly host: string
  readonly weight: number
  readonly pool: UpstreamPool
  readonly #breaker: Breaker | undefined
  /** Requests under way. */
  outstanding = 0
  /** What the health check says; without one it is always true. */
  isUp = true

  constructor(
    pool: UpstreamPool,
    facts: {
      readonly target: UpstreamTarget
      readonly weight: number
      readonly breaker: BreakerLimits | undefined
      readonly onBreaker: (state: BreakerState) => void
    },
  ) {
    this.pool = pool
    this.target = facts.target
    this.host = new URL(facts.target.origin).host
    this.weight = facts.weight
    this.#breaker =
      facts.breaker === undefined ? undefined : new Breaker(facts.breaker, facts.onBreaker)
  }

  admits(nowMs: number): boolean {
    return this.#breaker?.admits(nowMs) ?? true
  }

  enter(nowMs: number): void {
    this.outstanding++
    this.#breaker?.enter(nowMs)
  }

  /** How the request went; said once for each `enter`, when it is known. */
  judge(outcome: 'ok' | 'failed' | 'neutral', nowMs: number): void {
    this.#breaker?.leave(outcome, nowMs)
  }

  /** The request is over; said once for each `enter`. */
  leave(): void {
    this.outstanding--
  }
}

/**
 * The origin that has the least to do for its weight, of those that are well; in turn among equals. Where the health
 * checks call all of them ill, they are not believed: refusing everything helps nobody.
 * @returns `undefined` when every origin's breaker is open.
 */
export function pickOrigin(
  origins: readonly Origin[],
  { nowMs, from, tried }: { nowMs: number; from: number; tried: readonly Origin[] },
): Origin | undefined {
  let best: Origin | undefined
  for (let step = 0; step < origins.length; step++) {
    const origin = origins[(from + step) % origins.length]
    if (origin === undefined || tried.includes(origin) || !origin.admits(nowMs)) continue
    if (best === undefined || isBetter(origin, best)) best = origin
  }
  return best
}

function isBetter(a: Origin, b: Origin): boolean {
  if (a.isUp !== b.isUp) return a.isUp
  return (a.outstanding + 1) * b.weight < (b.outstanding + 1) * a.weight
}
