import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Kit } from './kit.ts'

/** For how long an address is known after a log-in. */
const KNOWN_MS = 30 * 86_400_000

/**
 * Remembers that a log-in succeeded from an address, under a key that names both: who locks an account must not lock
 * out its owner. The mark is a ban of the counters, which every thread sees and which ends by itself.
 */
export function markKnown(key: string, { counters, clock }: Kit): MaybePromise<unknown> {
  return counters.fail(`known:${key}`, { count: 1, windowMs: 1000, banMs: KNOWN_MS }, clock.nowMs())
}

/** Whether a log-in succeeded from there before. */
export function isKnown(key: string, { counters, clock }: Kit): MaybePromise<boolean> {
  return andThen(counters.isBanned(`known:${key}`, clock.nowMs()), (until) => until !== undefined)
}
