import type { Control } from '../../pipeline/control.ts'
import type { Kit } from '../kit.ts'
import { conditionControl } from '../object-condition.ts'
import type { ObjectConditions } from '../object-condition.ts'
import { configureConditions } from './config.ts'

/** Holds a call to the operation's condition on its parameters, before any of the body is read. */
export const conditions: Control<ObjectConditions, Kit> = conditionControl({
  name: 'conditions',
  stage: 'authorize-object',
  configure: configureConditions,
  needs: 'parameters',
  hooks: (onRequest) => ({ onRequest }),
})
