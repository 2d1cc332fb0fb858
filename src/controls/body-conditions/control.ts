import type { Control } from '../../pipeline/control.ts'
import type { Kit } from '../kit.ts'
import { conditionControl } from '../object-condition.ts'
import type { ObjectConditions } from '../object-condition.ts'
import { configureBodyConditions } from './config.ts'

/** Holds a call to the operation's condition on its body, once that was read and fits its schema. */
export const bodyConditions: Control<ObjectConditions, Kit> = conditionControl({
  name: 'body-conditions',
  stage: 'inspect-body',
  configure: configureBodyConditions,
  needs: 'body',
  // Runs for an absent body as well: what it would have said is missing then.
  hooks: (onRequestBody) => ({ onRequestBody }),
})
