import { modeOf } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface TablesConfig {
  readonly policy: Policy
  /** Nothing of a request or an answer changes while the control only watches. */
  readonly isEnforced: boolean
}

/** How the control is governed, without its code. */
const TABLES = { name: 'tables', block: 'authorize', adopt: 'enforce' } as const

export function configureTables(policy: Policy): TablesConfig {
  return { policy, isEnforced: modeOf(TABLES, policy) === 'enforce' }
}
