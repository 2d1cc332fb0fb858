import { modeOf } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface CompressionConfig {
  /** Origins whose pages may read answers anyway. */
  readonly origins: ReadonlySet<string>
  /** Whether parameters have the types that the document gives them. */
  readonly hasCheckedParameters: boolean
}

/** How `parameters` is governed, without its code. */
const PARAMETERS = { name: 'parameters', block: 'validate', adopt: 'observe' } as const

/** `undefined` where nothing is compressed. */
export function configureCompression(policy: Policy): CompressionConfig | undefined {
  if (policy.data.compress === 'off') return undefined
  const { request } = policy.validate
  return {
    origins: new Set(policy.listen.cors),
    hasCheckedParameters: request !== 'off' && modeOf(PARAMETERS, policy) === 'enforce',
  }
}
