import type { Policy } from '../../pipeline/policy.ts'

/** Always: an operation that is a trap must not reach the API, whether anybody watches or not. */
export function configureHoneypotOperations(policy: Policy): Policy {
  return policy
}
