import type { Control, Guard } from '../../pipeline/control.ts'
import type { Site } from '../../pipeline/site.ts'
import { operationCondition } from '../access/operation-access.ts'
import type { Kit } from '../kit.ts'
import { CONDITION_REASONS, conditionJudge } from '../object-condition.ts'
import { configureBodyConditions } from './config.ts'
import type { BodyConditionsConfig } from './config.ts'

/** Holds a call to the operation's condition on its body, once that was read and fits its schema. */
export const bodyConditions: Control<BodyConditionsConfig, Kit> = {
  name: 'body-conditions',
  ids: ['AZN-02', 'AZN-04', 'AZN-06'],
  stage: 'inspect-body',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: CONDITION_REASONS,
  configure: configureBodyConditions,
  compile: (_config, site, kit) => (site === undefined ? undefined : bodyGuard(site, kit)),
}

function bodyGuard(site: Site, kit: Kit): Guard | undefined {
  const condition = operationCondition(site, kit)
  if (condition?.needs !== 'body') return undefined
  // Runs for an absent body as well: what it would have said is missing then.
  return { onRequestBody: conditionJudge(condition, site) }
}
