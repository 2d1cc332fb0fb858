import type { Rate } from '../../base/units.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface PrincipalLimitConfig {
  readonly rate: Rate
  /** Units one call of this operation takes. */
  readonly cost: number
  readonly headerAliases: readonly string[]
}

export function configurePrincipalLimit({ limits }: Policy): PrincipalLimitConfig | undefined {
  if (limits.principal === undefined) return undefined
  return {
    rate: limits.principal,
    cost: limits.operation?.cost ?? 1,
    headerAliases: limits.headerAliases,
  }
}
