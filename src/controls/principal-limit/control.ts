import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Taken } from '../../store/counters.ts'
import { limitDenial, LIMIT_REASON, rateLimitHeaders } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
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
  reasons: { principal_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' } },
  configure: configurePrincipalLimit,
  compile: (config, _site, kit) => principalLimitGuard(config, kit),
}

function principalLimitGuard(config: PrincipalLimitConfig, { counters, clock }: Kit): Guard {
  const limit = { name: 'principal', rate: config.rate }
  const judge = (exchange: Exchange, taken: Taken): Denial | undefined => {
    if (!taken.allowed) return limitDenial('principal_limit', limit, taken)
    exchange.answerHeaders.push(...rateLimitHeaders(limit, taken, config.headerAliases))
    return undefined
  }
  return {
    onRequest: (exchange): MaybePromise<Denial | undefined> => {
      const taken = counters.take(bucketOf(exchange), config.rate, config.cost, clock.nowMs())
      return isPromise(taken)
        ? taken.then((found) => judge(exchange, found))
        : judge(exchange, taken)
    },
  }
}

/** Public operations are called by nobody in particular: there the address stands for the caller. */
function bucketOf({ principal, clientKey }: Exchange): string {
  return principal.kind === 'none' ? `anonymous:${clientKey}` : `principal:${principal.id}`
}
