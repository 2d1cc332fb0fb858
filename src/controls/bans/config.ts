import type { Policy } from '../../pipeline/policy.ts'
import { detectionFor } from '../detection.ts'
import type { Detection } from '../detection.ts'

export function configureBans(policy: Policy): Detection | undefined {
  return detectionFor(policy, 'bans')
}
