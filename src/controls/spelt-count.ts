import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Rate } from '../base/units.ts'
import type { Kit } from './kit.ts'

/**
 * A count of one name in all its spellings, and beside it what one spelling alone adds to it. Whoever registers `ALICE`
 * where an API tells it from `alice` must not clear the guesses at `alice` by logging in as themselves.
 */
export interface SpeltCount {
  /** The bucket of the name. */
  readonly key: string
  /** The bucket of this spelling of it. */
  readonly spelt: string
  readonly rate: Pick<Rate, 'count' | 'windowMs' | 'burst'>
}

/** Puts a spelling beside a bucket. */
export function speltKey(key: string, spelling: string): string {
  return `${key}~${spelling}`
}

/** Notes that what the name's bucket counted was this spelling. */
export function noteSpelling(count: SpeltCount, { counters, clock }: Kit): MaybePromise<unknown> {
  return counters.take(count.spelt, count.rate, 1, clock.nowMs())
}

/**
 * Empties the count where nothing but this spelling stands in it. `own`: units of the name's bucket that this very try
 * took. @returns whether it did.
 */
export function forgiveSpelling(
  { key, spelt, rate }: SpeltCount,
  own: number,
  { counters, clock }: Kit,
): MaybePromise<boolean> {
  const nowMs = clock.nowMs()
  const unitMs = rate.windowMs / rate.count
  return andThen(counters.peek(key, rate, 0, nowMs), (all) =>
    andThen(counters.peek(spelt, rate, 0, nowMs), (mine) => {
      // Half a unit: the two are counted a moment apart.
      if (all.resetMs - mine.resetMs > (own + 0.5) * unitMs) return false
      return andThen(counters.reset(key), () => andThen(counters.reset(spelt), () => true))
    }),
  )
}
