import type { Policy } from '../../pipeline/policy.ts'
import { requestStrictness } from '../request-schemas.ts'
import type { RequestStrictness } from '../request-schemas.ts'

export interface ParametersConfig extends RequestStrictness {
  /** Most that one page may be asked for where the document sets no maximum. */
  readonly capPage: number
}

export function configureParameters(policy: Policy): ParametersConfig | undefined {
  const strictness = requestStrictness(policy)
  return strictness && { ...strictness, capPage: policy.validate.capPage }
}
