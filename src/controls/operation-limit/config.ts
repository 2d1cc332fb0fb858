import type { LimitKeyPart, Policy, Rate } from '../../pipeline/policy.ts'

export interface OperationLimitConfig {
  readonly rate: Rate
  readonly by: readonly LimitKeyPart[]
}

export function configureOperationLimit({ limits }: Policy): OperationLimitConfig | undefined {
  const limit = limits.operation
  return limit?.rate === undefined ? undefined : { rate: limit.rate, by: limit.by }
}
