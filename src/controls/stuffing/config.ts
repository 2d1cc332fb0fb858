import type { StuffingPolicy } from '../../pipeline/detect-policy.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { detectionFor } from '../detection.ts'
import type { Detection } from '../detection.ts'

export interface StuffingConfig extends Detection {
  readonly stuffing: StuffingPolicy
}

/** `undefined` where log-ins are not watched. */
export function configureStuffing(policy: Policy): StuffingConfig | undefined {
  const detection = detectionFor(policy, 'stuffing')
  const stuffing = detection?.policy.stuffing
  return detection === undefined || stuffing === undefined ? undefined : { ...detection, stuffing }
}
