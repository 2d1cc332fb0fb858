import type { LimitKeyPart, Rate } from '../../base/units.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface OperationLimitConfig {
  readonly rate: Rate
  readonly by: readonly LimitKeyPart[]
  /** Further prefixes in the place of `X-RateLimit-`. */
  readonly headerAliases: readonly string[]
}

/** The limit of the operation, where one is written with a rate. */
export function configureOperationLimit({ limits }: Policy): OperationLimitConfig | undefined {
  const limit = limits.operation
  if (limit?.rate === undefined) return undefined
  return { rate: limit.rate, by: limit.by, headerAliases: limits.headerAliases }
}
