import type { JsonLimits } from '../../http/json-limits.ts'
import { JSON_LIMITS } from '../../http/json-limits.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { requestStrictness } from '../request-schemas.ts'
import type { RequestStrictness } from '../request-schemas.ts'

/** `strict` refuses unknown fields, `schema` lets them pass. */
export interface BodyConfig extends RequestStrictness {
  readonly maxBodyBytes: number
  readonly jsonLimits: JsonLimits
}

export function configureBody(policy: Policy): BodyConfig | undefined {
  const strictness = requestStrictness(policy)
  if (strictness === undefined) return undefined
  const { maxBodyBytes, maxDepth, maxNames } = policy.validate
  return { ...strictness, maxBodyBytes, jsonLimits: { ...JSON_LIMITS, maxDepth, maxNames } }
}
