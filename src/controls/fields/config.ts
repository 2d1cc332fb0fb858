import type { Policy } from '../../pipeline/policy.ts'

/** The policy is all it needs: rules of fields are shared by every operation of an API. */
export function configureFields(policy: Policy): Policy {
  return policy
}
