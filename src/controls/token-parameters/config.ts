import type { Policy } from '../../pipeline/policy.ts'

/** Nothing to do unless tokens come back in some parameter. */
export function configureTokenParameters(policy: Policy): Policy | undefined {
  const isUsed = [...policy.data.tokenize.values()].some(
    ({ parameters = [] }) => parameters.length > 0,
  )
  return isUsed ? policy : undefined
}
