import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { unlockKeys } from '../controls/unlock-keys.ts'
import type { UnlockSubject } from '../identity/unlock-subject.ts'
import type { Plan } from './plan.ts'
import type { Services } from './services.ts'

/**
 * Forgets what is counted against somebody: failures, locks, waits, penalties and rates; quotas of plans stay.
 * @returns how many counts there may have been.
 */
export function unlock(
  subject: UnlockSubject,
  { sites }: Pick<Plan, 'sites'>,
  { counters }: Pick<Services, 'counters'>,
): MaybePromise<number> {
  const keys = unlockKeys(
    subject,
    sites.map(({ site }) => site),
  )
  const done = keys.reduce<MaybePromise<void>>(
    (before, key) => andThen(before, () => counters.reset(key)),
    undefined,
  )
  return andThen(done, () => keys.length)
}
