import { andThen, isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { parseJsonStrict } from '../../http/json-scan.ts'
import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Taken } from '../../store/counters.ts'
import {
  announceLimit,
  hideLimitsOf401,
  limitDenial,
  LIMIT_REASON,
  withPolicy,
} from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { accountLimit } from './account-limit.ts'
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

function operationLimitGuard(config: OperationLimitConfig, site: Site, kit: Kit): Guard {
  const { counters, clock } = kit
  const name = site.operation.id.replaceAll(/[^\w.-]/g, '_')
  const limit = withPolicy({ name, rate: config.rate, aliases: config.headerAliases })
  const judge = (exchange: Exchange, taken: Taken): Denial | undefined => {
    if (!taken.allowed) return limitDenial(exchange, 'operation_limit', { limit, taken })
    announceLimit(exchange, { limit, taken })
    return undefined
  }
  const accounts = accountLimit(site, config.by, kit)
  const takeFrom = (exchange: Exchange, key: string): MaybePromise<Denial | undefined> => {
    const taken = counters.take(key, config.rate, 1, clock.nowMs())
    return isPromise(taken) ? taken.then((found) => judge(exchange, found)) : judge(exchange, taken)
  }
  const take = (exchange: Exchange): MaybePromise<Denial | undefined> => {
    const key = `op:${site.label}:${limitKey(exchange, config.by)}`
    if (accounts === undefined) return takeFrom(exchange, key)
    return andThen(accounts.keyOf(exchange, key), (own) => takeFrom(exchange, own))
  }
  // Only a limit that looks into the body waits for it.
  const needsBody = config.by.some(({ from }) => from === 'body')
  const hooks: Guard = needsBody
    ? {
        onRequestBody: (exchange, bytes) => {
          readUnjudged(exchange, bytes)
          return take(exchange)
        },
      }
    : { onRequest: take }
  return { ...hooks, ...accounts?.hooks, onAnswer: hideLimitsOf401 }
}

/** Where bodies are not validated nobody has read this one yet; what is no JSON counts for its address. */
function readUnjudged(exchange: Exchange, bytes: Buffer): void {
  if (exchange.hasBodyValue || bytes.length === 0) return
  const type = parseMediaType(exchange.head.headers.get('content-type') ?? '')
  if (type === undefined || !isJson(type.essence)) return
  const parsed = parseJsonStrict(bytes)
  if (parsed.fault === undefined) exchange.body = parsed.value
}
