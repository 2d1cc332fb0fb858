import type { DetectPolicy } from '../../pipeline/detect-policy.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { detectionFor } from '../detection.ts'
import type { Detection } from '../detection.ts'

export interface HijackConfig extends Detection {
  readonly response: NonNullable<DetectPolicy['hijack']>
}

/** `undefined` where credentials are not watched. */
export function configureHijack(policy: Policy): HijackConfig | undefined {
  const detection = detectionFor(policy, 'hijack')
  const response = detection?.policy.hijack
  return detection === undefined || response === undefined ? undefined : { ...detection, response }
}
