import type { Policy } from '../../pipeline/policy.ts'

/** Nothing to do unless the policy says what is done with any class or field. */
export function configureClasses(policy: Policy): Policy | undefined {
  const { classes, tokenize } = policy.data
  return classes.size === 0 && tokenize.size === 0 ? undefined : policy
}
