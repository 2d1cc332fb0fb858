import type { JsonLimits } from '../../http/json-limits.ts'
import { JSON_LIMITS } from '../../http/json-limits.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface BodyConfig {
  /** `strict` refuses unknown fields, `schema` lets them pass. */
  readonly kind: 'strict' | 'schema'
  readonly maxBodyBytes: number
  readonly jsonLimits: JsonLimits
}

export function configureBody({ validate }: Policy): BodyConfig | undefined {
  if (validate.request === 'off') return undefined
  return {
    kind: validate.request,
    maxBodyBytes: validate.maxBodyBytes,
    jsonLimits: { ...JSON_LIMITS, maxDepth: validate.maxDepth },
  }
}
