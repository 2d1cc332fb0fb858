import type { FailureLimit, Rate } from '../../base/units.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface FailuresConfig {
  /** Wrong credentials from one address. */
  readonly failures: FailureLimit | undefined
  /** 401 and 404 answers to callers without a valid credential, from one address. */
  readonly errors: Rate | undefined
}

export function configureFailures({ limits }: Policy): FailuresConfig {
  const { failures, errors } = limits
  return { failures, errors }
}
