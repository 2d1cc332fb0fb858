import type { PenaltyRule } from '../../base/units.ts'
import type { Policy } from '../../pipeline/policy.ts'

export function configurePenalties({ limits }: Policy): PenaltyRule | undefined {
  return limits.penalties
}
