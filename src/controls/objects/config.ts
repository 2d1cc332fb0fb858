import { modeOf } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface ObjectsConfig {
  /** What a caller hears of an object that is not theirs. */
  readonly denied: 404 | 403
  /** Nothing of a request or an answer changes while the control only watches. */
  readonly isEnforced: boolean
}

/** How the control is governed, without its code. */
const OBJECTS = { name: 'objects', block: 'authorize', adopt: 'enforce' } as const

export function configureObjects(policy: Policy): ObjectsConfig {
  return { denied: policy.authorize.denied, isEnforced: modeOf(OBJECTS, policy) === 'enforce' }
}
