import type { DetectPolicy } from '../pipeline/detect-policy.ts'
import type { Mode, Policy } from '../pipeline/policy.ts'
import { modeOf } from '../pipeline/control.ts'

/** What a control of the block `detect` is compiled with. */
export interface Detection {
  readonly policy: DetectPolicy
  /** Nothing follows: what would is told. */
  readonly isOnTrial: boolean
}

/** The block under the mode of a control; `undefined` where it is not written. */
export function detectionFor(policy: Policy, name: string): Detection | undefined {
  const { detect } = policy
  if (detect === undefined) return undefined
  const mode: Mode = modeOf({ name, block: 'detect', adopt: 'observe' }, policy)
  return { policy: detect, isOnTrial: mode !== 'enforce' }
}
