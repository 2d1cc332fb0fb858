import type { Policy } from '../../pipeline/policy.ts'

/** Nothing to do unless some field has tokens. */
export function configureTokens(policy: Policy): Policy | undefined {
  return policy.data.tokenize.size === 0 ? undefined : policy
}
