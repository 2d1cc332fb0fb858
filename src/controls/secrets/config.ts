import type { Policy } from '../../pipeline/policy.ts'

/** The policy, for what it says of fields; nothing where `data.secrets` is off. */
export function configureSecrets(policy: Policy): Policy | undefined {
  return policy.data.secrets === 'off' ? undefined : policy
}
