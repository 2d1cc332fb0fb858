import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Taken } from '../../store/counters.ts'
import {
  announceLimit,
  hideLimitsOf401,
  limitDenial,
  LIMIT_REASON,
  withPolicy,
} from '../limit-answer.ts'
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
  const { rate } = config
  const limit = withPolicy({ name: 'principal', rate, aliases: config.headerAliases })
  // Rules give operations rates of their own: a bucket filled at one rate says nothing at another.
  const bucket = `${rate.count}/${rate.windowMs}/${rate.burst}`
  const keys = new WeakMap<Principal, string>()
  const keyOf = (exchange: Exchange): string => {
    const { principal } = exchange
    const known = keys.get(principal)
    if (known !== undefined) return known
    const key = `principal:${bucket}:${callerOf(exchange)}`
    // A credential that was verified before has the same principal each time; nobody's key depends on the address.
    if (KEPT.has(principal.kind)) keys.set(principal, key)
    return key
  }
  const judge = (exchange: Exchange, taken: Taken): Denial | undefined => {
    if (!taken.allowed) return limitDenial(exchange, 'principal_limit', { limit, taken })
    announceLimit(exchange, { limit, taken })
    return undefined
  }
  return {
    onRequest: (exchange): MaybePromise<Denial | undefined> => {
      const taken = counters.take(keyOf(exchange), rate, config.cost, clock.nowMs())
      if (isPromise(taken)) return taken.then((found) => judge(exchange, found))
      return judge(exchange, taken)
    },
    onAnswer: hideLimitsOf401,
  }
}

/** Kinds of credentials whose principals are remembered. */
const KEPT: ReadonlySet<Principal['kind']> = new Set(['jwt', 'wrapped', 'apiKey'])

/** Public operations are called by nobody in particular: there the address stands for the caller. */
function callerOf({ principal, clientKey }: Exchange): string {
  return principal.kind === 'none' ? `ip:${clientKey}` : principal.id
}
