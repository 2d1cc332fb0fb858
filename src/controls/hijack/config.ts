import type { HijackPolicy } from '../../pipeline/detect-policy.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { detectionFor } from '../detection.ts'
import type { Detection } from '../detection.ts'

export interface HijackConfig extends Detection {
  readonly hijack: HijackPolicy
  /** CIDR texts: whose word on clients is believed, and whose own handshake says nothing of them. */
  readonly trustedProxies: readonly string[]
}

/** `undefined` where credentials are not watched. */
export function configureHijack(policy: Policy): HijackConfig | undefined {
  const detection = detectionFor(policy, 'hijack')
  const hijack = detection?.policy.hijack
  if (detection === undefined || hijack === undefined) return undefined
  return { ...detection, hijack, trustedProxies: policy.listen.trustedProxies }
}
