import type { Policy } from '../../pipeline/policy.ts'

export interface SensitivityConfig {
  /** The configuration says so; the document may as well. */
  readonly isHigh: boolean
}

/** Nothing to do unless operations are closed while the shared counters are away. */
export function configureSensitivity({ limits }: Policy): SensitivityConfig | undefined {
  if (limits.whenStoreFails !== 'strict') return undefined
  return { isHigh: limits.sensitivity === 'high' }
}
