import { ConfigError } from '../base/config-error.ts'
import type { Condition } from '../pipeline/conditions/condition.ts'
import type { Denial, ReasonSpec } from '../pipeline/denial.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'

/** A condition on an object that is not met: as if there were no such object, or plainly, as the policy says. */
export const CONDITION_REASONS: Readonly<Record<'hidden' | 'condition', ReasonSpec>> = {
  hidden: { status: 404, problem: 'not_found', title: 'Not found', event: 'authz_fail' },
  condition: { status: 403, problem: 'not_allowed', title: 'Not allowed', event: 'authz_fail' },
}

/** Makes the judge of a condition. Throws `ConfigError` where what it looks at is never read. */
export function conditionJudge(
  condition: Condition,
  { policy, label }: Site,
): (exchange: Exchange) => Denial | undefined {
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
  return (exchange) => (condition.holds(exchange) ? undefined : denial)
}
