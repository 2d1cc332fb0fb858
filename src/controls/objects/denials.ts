import type { Denial } from '../../pipeline/denial.ts'
import type { ObjectsConfig } from './config.ts'

/** The API's own refusal of an object, in the words of every other. */
export const MISSING: Denial = Object.freeze({ reason: 'missing_object' })

/** Nobody can tell whose it is. */
export const UNREADABLE: Denial = Object.freeze({
  reason: 'unreadable_answer',
  detail: 'the answer is no JSON in which an owner could stand',
})

/** Nobody said whose the object is: the API did not, or whom the rule asks. `detail`: for the log. */
export function ownerUnknown(detail: string = 'the API did not say whose the object is'): Denial {
  return { reason: 'owner_unknown', headers: ['Retry-After', '1'], detail }
}

/** An object of somebody else. `findings`: the rules that failed and where, for the log. */
export function foreign({ denied }: ObjectsConfig, findings: readonly string[]): Denial {
  const reason = denied === 403 ? 'foreign_object_told' : 'foreign_object'
  return { reason, detail: findings.join('; ').slice(0, 1000) }
}
