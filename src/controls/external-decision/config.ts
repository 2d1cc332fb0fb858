import type { DecisionPoint, Policy } from '../../pipeline/policy.ts'

export function configureExternalDecision({ authorize }: Policy): DecisionPoint | undefined {
  return authorize.decision
}
