import { ConfigError } from '../base/config-error.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Condition } from '../pipeline/conditions/condition.ts'
import type { Control, Guard } from '../pipeline/control.ts'
import type { Denial, ReasonSpec } from '../pipeline/denial.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { FACTS_UNKNOWN, heldTo } from './held-to.ts'
import type { Policy } from '../pipeline/policy.ts'
import type { Site } from '../pipeline/site.ts'
import { operationCondition } from './access/operation-access.ts'
import type { Kit } from './kit.ts'

/** A condition on an object that is not met: as if there were no such object, or plainly, as the policy says. */
const CONDITION_REASONS: Readonly<Record<'hidden' | 'condition' | 'facts_unknown', ReasonSpec>> = {
  hidden: { status: 404, problem: 'not_found', title: 'Not found', event: 'authz_fail' },
  condition: { status: 403, problem: 'not_allowed', title: 'Not allowed', event: 'authz_fail' },
  facts_unknown: FACTS_UNKNOWN,
}

type Judge = (exchange: Exchange) => MaybePromise<Denial | undefined>

/** Makes the judge of a condition. Throws `ConfigError` where what it looks at is never read. */
function conditionJudge(condition: Condition, { policy, label }: Site): Judge {
  if (policy.validate.request === 'off')
    throw new ConfigError({
      path: condition.at,
      message: `${condition.text} looks at what ${label} is sent, and validate.request is off there`,
      cure: 'write validate: { request: schema }, and mode: monitor to let everything pass',
    })
  const denial: Denial = Object.freeze({
    reason: policy.authorize.denied === 404 ? 'hidden' : 'condition',
    detail: `does not hold: ${condition.text}`.slice(0, 300),
  })
  return heldTo(condition, denial)
}

/** The conditions of operations. */
export type ObjectConditions = Policy['authorize']['operations']

/** One of the two moments at which a condition on an object can be judged. */
export interface ConditionMoment extends Pick<
  Control<ObjectConditions, Kit>,
  'name' | 'stage' | 'configure'
> {
  /** What the conditions need that are judged then. */
  readonly needs: Condition['needs']
  readonly hooks: (judge: Judge) => Guard
}

/** A control that holds calls to the conditions of their operations at one moment. */
export function conditionControl({
  name,
  stage,
  configure,
  needs,
  hooks,
}: ConditionMoment): Control<ObjectConditions, Kit> {
  return {
    name,
    ids: ['AZN-02', 'AZN-04', 'AZN-06'],
    stage,
    scope: 'operation',
    block: 'authorize',
    adopt: 'enforce',
    onFault: 'deny',
    reasons: CONDITION_REASONS,
    configure,
    compile: (_config, site, kit) => {
      const condition = site === undefined ? undefined : operationCondition(site, kit)
      if (site === undefined || condition?.needs !== needs) return undefined
      return hooks(conditionJudge(condition, site))
    },
  }
}
