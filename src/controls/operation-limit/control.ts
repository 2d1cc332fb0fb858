import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Taken } from '../../store/counters.ts'
import { limitDenial, LIMIT_REASON, rateLimitHeaders } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { configureOperationLimit } from './config.ts'
import type { OperationLimitConfig } from './config.ts'
import { limitKey } from './limit-key.ts'

/** Limits single operations by any part of the request: `login: "5/min by ip, body.email"`. */
export const operationLimit: Control<OperationLimitConfig, Kit> = {
  name: 'operation-limit',
  ids: ['RLM-02'],
  stage: 'inspect-body',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: { operation_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' } },
  configure: configureOperationLimit,
  compile: (config, site, kit) =>
    site === undefined ? undefined : operationLimitGuard(config, site, kit),
}

function operationLimitGuard(
  config: OperationLimitConfig,
  site: Site,
  { counters, clock }: Kit,
): Guard {
  const limit = { name: site.operation.id.replaceAll(/[^\w.-]/g, '_'), rate: config.rate }
  const judge = (exchange: Exchange, taken: Taken): Denial | undefined => {
    if (!taken.allowed) return limitDenial('operation_limit', limit, taken)
    exchange.answerHeaders.push(...rateLimitHeaders(limit, taken))
    return undefined
  }
  const take = (exchange: Exchange): MaybePromise<Denial | undefined> => {
    const key = `op:${site.label}:${limitKey(exchange, config.by)}`
    const taken = counters.take(key, config.rate, 1, clock.nowMs())
    return isPromise(taken) ? taken.then((found) => judge(exchange, found)) : judge(exchange, taken)
  }
  // Only a limit that looks into the body waits for it.
  const needsBody = config.by.some(({ from }) => from === 'body')
  return needsBody ? { onRequestBody: (exchange) => take(exchange) } : { onRequest: take }
}
