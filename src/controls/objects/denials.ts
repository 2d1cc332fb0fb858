import type { Denial } from '../../pipeline/denial.ts'
import type { ObjectsConfig } from './config.ts'

/** The API's own refusal of an object, in the words of every other. */
export const MISSING: Denial = Object.freeze({ reason: 'missing_object' })

/** Nobody can tell whose it is. */
export const UNREADABLE: Denial = Object.freeze({
  reason: 'unreadable_answer',
  detail: 'the answer is no JSON in which an owner could stand',
})

/** The API did not say whose the object is. */
export const OWNER_UNKNOWN: Denial = Object.freeze({
  reason: 'owner_unknown',
  headers: ['Retry-After', '1'],
  detail: 'the API did not say whose the object is',
})

/** An object of somebody else. `findings`: the rules that failed and where, for the log. */
export function foreign({ denied }: ObjectsConfig, findings: readonly string[]): Denial {
  const reason = denied === 403 ? 'foreign_object_told' : 'foreign_object'
  return { reason, detail: findings.join('; ').slice(0, 1000) }
}
