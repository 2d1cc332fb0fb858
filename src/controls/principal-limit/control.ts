import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Taken } from '../../store/counters.ts'
import { KeptKey } from '../../store/kept-key.ts'
import { announceLimit, hideLimitsOf401, limitDenial, LIMIT_REASON } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { decideLimits } from '../limit-policies.ts'
import type { LimitPolicy } from '../limit-policies.ts'
import { callerPolicies } from './caller-policies.ts'
import { configurePrincipalLimit } from './config.ts'
import type { PrincipalLimitConfig } from './config.ts'

/** Holds every caller to a share, and says on each answer how much of it is left. Nobody shares the anonymous bucket. */
export const principalLimit: Control<PrincipalLimitConfig, Kit> = {
  name: 'principal-limit',
  ids: ['RLM-02', 'RLM-03'],
  stage: 'limit',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    principal_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
    policy_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
    plan_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
    operation_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
  },
  configure: configurePrincipalLimit,
  compile: (config, site, kit) => principalLimitGuard(config, site, kit),
}

function principalLimitGuard(
  config: PrincipalLimitConfig,
  site: Site | undefined,
  kit: Kit,
): Guard {
  const { limitsOf, only } = callerPolicies(config, site)
  const parts = { kit, waits: config.waits }
  const onRequest =
    only === undefined
      ? (exchange: Exchange): MaybePromise<Denial | undefined> =>
          decideLimits(exchange, limitsOf(exchange), parts)
      : takeOnly(only, kit)
  return { onRequest, onAnswer: hideLimitsOf401 }
}

/** One bucket and nothing else, as most operations have: nothing is made per request but the answer. */
function takeOnly(
  { limit, rate, cost, reason, keyOf, countsBy, space }: LimitPolicy,
  { counters, clock }: Kit,
): NonNullable<Guard['onRequest']> {
  const keptOf = countsBy === 'caller' ? keptKey(space, keyOf) : undefined
  const judge = (exchange: Exchange, taken: Taken): Denial | undefined => {
    if (!taken.allowed) return limitDenial(exchange, reason, { limit, taken })
    announceLimit(exchange, { limit, taken })
    return undefined
  }
  return (exchange) => {
    const nowMs = clock.nowMs()
    const kept = keptOf?.(exchange)
    const found = kept && counters.takeKept?.(kept, rate, cost, nowMs)
    const taken = found ?? counters.take(kept?.text ?? keyOf(exchange), rate, cost, nowMs)
    if (isPromise(taken)) return taken.then((found) => judge(exchange, found))
    return judge(exchange, taken)
  }
}

/** A credential that was verified before has the same principal each time, and so the same key. */
function keptKey(
  space: string,
  keyOf: LimitPolicy['keyOf'],
): (exchange: Exchange) => KeptKey | undefined {
  return (exchange) => {
    const { notes } = exchange.principal
    if (notes !== undefined && (notes.limitKey === undefined || notes.limitSpace !== space)) {
      notes.limitKey = new KeptKey(keyOf(exchange))
      notes.limitSpace = space
    }
    return notes?.limitKey
  }
}
