import type { Policy } from '../../pipeline/policy.ts'
import { configureConditions } from '../conditions/config.ts'
import type { ObjectConditions } from '../object-condition.ts'

/** The same conditions: which of them look at the body shows once they are compiled. */
export const configureBodyConditions: (policy: Policy) => ObjectConditions | undefined =
  configureConditions
