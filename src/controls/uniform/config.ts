import { modeOf } from '../../pipeline/control.ts'
import type { Policy, UniformKind } from '../../pipeline/policy.ts'

export interface UniformConfig {
  /** Operation id -> which of its answers become one. */
  readonly operations: ReadonlyMap<string, UniformKind>
  /** Nothing is held or changed. */
  readonly isWatching: boolean
}

/** How the control itself is governed. */
const OWN = { name: 'uniform', block: 'data', adopt: 'enforce' } as const

/** `undefined` where no operation is named. */
export function configureUniform(policy: Policy): UniformConfig | undefined {
  const operations = policy.data.uniform
  if (operations.size === 0) return undefined
  return { operations, isWatching: modeOf(OWN, policy) === 'monitor' }
}
