import type { Control, Guard } from '../../pipeline/control.ts'
import type { Site } from '../../pipeline/site.ts'
import { operationCondition } from '../access/operation-access.ts'
import type { Kit } from '../kit.ts'
import { CONDITION_REASONS, conditionJudge } from '../object-condition.ts'
import { configureConditions } from './config.ts'
import type { ConditionsConfig } from './config.ts'

/** Holds a call to the operation's condition on its parameters, before any of the body is read. */
export const conditions: Control<ConditionsConfig, Kit> = {
  name: 'conditions',
  ids: ['AZN-02', 'AZN-04', 'AZN-06'],
  stage: 'authorize-object',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: CONDITION_REASONS,
  configure: configureConditions,
  compile: (_config, site, kit) => (site === undefined ? undefined : conditionsGuard(site, kit)),
}

function conditionsGuard(site: Site, kit: Kit): Guard | undefined {
  const condition = operationCondition(site, kit)
  if (condition?.needs !== 'parameters') return undefined
  return { onRequest: conditionJudge(condition, site) }
}
