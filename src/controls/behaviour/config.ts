import type { Policy } from '../../pipeline/policy.ts'
import { detectionFor } from '../detection.ts'
import type { Detection } from '../detection.ts'

/** `undefined` where neither ids nor volumes are watched. */
export function configureBehaviour(policy: Policy): Detection | undefined {
  const detection = detectionFor(policy, 'behaviour')
  const { enumeration, volume } = detection?.policy ?? {}
  return enumeration === undefined && volume === undefined ? undefined : detection
}
