import type { Grade } from '../../pipeline/detect-policy.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { detectionFor } from '../detection.ts'
import type { Detection } from '../detection.ts'

export interface BotsConfig extends Detection {
  readonly most: Grade
}

/** `undefined` where programs are not watched. */
export function configureBots(policy: Policy): BotsConfig | undefined {
  const detection = detectionFor(policy, 'bots')
  const most = detection?.policy.bots
  return detection === undefined || most === undefined ? undefined : { ...detection, most }
}
