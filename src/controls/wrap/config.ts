import { modeOf } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface WrapConfig {
  /** What cannot be noted as a repair is only noted. */
  readonly isWatching: boolean
}

/** How the control itself is governed. */
const OWN = { name: 'wrap', block: 'auth', adopt: 'enforce' } as const

/** `undefined` where no tokens are wrapped. */
export function configureWrap(policy: Policy): WrapConfig | undefined {
  if (policy.auth.wraps.length === 0) return undefined
  return { isWatching: modeOf(OWN, policy) === 'monitor' }
}
