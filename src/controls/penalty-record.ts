import { compileAddressSet } from '../base/cidr.ts'
import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { PenaltyRule } from '../base/units.ts'
import type { Denial } from '../pipeline/denial.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Counters } from '../store/counters.ts'
import { limitDenial } from './limit-answer.ts'

/** What a caller who is put aside hears (draft-ietf-httpapi-ratelimit-headers, abnormal-usage-detected). */
export const PENALTY_REASON = {
  status: 429,
  problem: 'abnormal_usage',
  title: 'Abnormal usage detected',
  event: 'excess_rate_limit_exceeded',
} as const

/** Whom a refusal counts against: a proven principal, or else the address. */
export interface Suspect {
  readonly id: string
  /** By address only: a valid credential from there is somebody else's. */
  readonly isAddress: boolean
}

/** The keys of a suspect's counts, also for whoever lifts them. */
export function penaltyKeys(id: string): readonly [score: string, level: string, box: string] {
  return [`penalty-score:${id}`, `penalty-level:${id}`, `penalty-box:${id}`]
}

/**
 * Scores of refusals and what they lead to. Both are buckets: the score fills up with refusals; how full the other is
 * says how many boxes there were lately, so that the next one lasts longer, and forgives by running out.
 */
export class PenaltyRecord {
  readonly #rule: PenaltyRule
  readonly #counters: Counters
  readonly #isExempt: (address: string) => boolean

  constructor(rule: PenaltyRule, counters: Counters) {
    const exempt = compileAddressSet(rule.exempt, 'limits.penalties.exempt')
    this.#rule = rule
    this.#counters = counters
    this.#isExempt = (address) => rule.exempt.length > 0 && exempt.has(address)
  }

  /** Nobody is put aside whose address stands for many, or who is trusted to probe. */
  isExempt({ clientAddress, hidesClients }: Exchange, { isAddress }: Suspect): boolean {
    return (isAddress && hidesClients) || this.#isExempt(clientAddress)
  }

  /** The refusal of a suspect who is put aside at this moment. */
  judge(exchange: Exchange, suspect: Suspect, nowMs: number): MaybePromise<Denial | undefined> {
    if (this.isExempt(exchange, suspect)) return undefined
    const [, , box] = penaltyKeys(suspect.id)
    return andThen(this.#counters.isBanned(box, nowMs), (untilMs) => {
      if (untilMs === undefined) return undefined
      const taken = { allowed: false, remaining: 0, retryAfterMs: untilMs - nowMs }
      const limit = { name: 'penalty', rate: this.#rule.score }
      return limitDenial(exchange, 'penalty_box', { limit, taken })
    })
  }

  /** Counts a refusal. @returns for how long the suspect is put aside from now on; `undefined`: not. */
  note(suspect: Suspect, nowMs: number): MaybePromise<number | undefined> {
    const [score, level, box] = penaltyKeys(suspect.id)
    const { stepsMs, forgiveMs } = this.#rule
    const levels = { count: 1, windowMs: forgiveMs, burst: stepsMs.length }
    return andThen(this.#counters.take(score, this.#rule.score, 1, nowMs), ({ allowed }) => {
      if (allowed) return undefined
      return andThen(this.#counters.take(level, levels, 1, nowMs), ({ remaining }) => {
        const boxMs = stepsMs[stepsMs.length - 1 - remaining] ?? 0
        const isSet = this.#counters.ban(box, nowMs + boxMs, nowMs)
        return andThen(isSet, () => andThen(this.#counters.reset(score), () => boxMs))
      })
    })
  }
}
