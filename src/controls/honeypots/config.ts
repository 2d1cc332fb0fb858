import type { Policy } from '../../pipeline/policy.ts'
import { detectionFor } from '../detection.ts'
import type { Detection } from '../detection.ts'

/** `undefined` where there are no such paths. */
export function configureHoneypots(policy: Policy): Detection | undefined {
  const detection = detectionFor(policy, 'honeypots')
  return (detection?.policy.honeypots?.paths ?? []).length === 0 ? undefined : detection
}
