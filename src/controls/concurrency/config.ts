import type { Policy, Priority } from '../../pipeline/policy.ts'

export interface ConcurrencyConfig {
  readonly total: number | 'adaptive' | undefined
  readonly principal: number | undefined
  /** Of this operation. */
  readonly operation: number | undefined
  readonly priority: Priority
}

export function configureConcurrency({ limits }: Policy): ConcurrencyConfig | undefined {
  const { total, principal } = limits.concurrency
  const operation = limits.operation?.concurrency
  if (total === undefined && principal === undefined && operation === undefined) return undefined
  return { total, principal, operation, priority: limits.priority }
}

/** The share of all places that a priority may fill. */
export const SHARES: Readonly<Record<Priority, number>> = { low: 0.6, normal: 0.9, high: 1 }
