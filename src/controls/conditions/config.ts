import type { Policy } from '../../pipeline/policy.ts'
import type { ObjectConditions } from '../object-condition.ts'

/** Nothing to do where no operation has a condition. */
export function configureConditions({ authorize }: Policy): ObjectConditions | undefined {
  return authorize.operations.size === 0 ? undefined : authorize.operations
}
