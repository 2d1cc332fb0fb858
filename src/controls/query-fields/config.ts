import type { Policy } from '../../pipeline/policy.ts'

/** The policy is all it needs: who reads what is said there for all operations. */
export function configureQueryFields(policy: Policy): Policy {
  return policy
}
