import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import { memo } from '../../base/memo.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Taken } from '../../store/counters.ts'
import { KeptKey } from '../../store/kept-key.ts'
import { limitDenial, LIMIT_REASON } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { configureIpLimit } from './config.ts'
import type { IpLimitConfig } from './config.ts'

/** Slows floods from one address before anything dear happens: no signature, no hash, no look-up behind it. */
export const ipLimit: Control<IpLimitConfig, Kit> = {
  name: 'ip-limit',
  ids: ['RLM-01'],
  stage: 'admit',
  scope: 'gateway',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: { ip_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' } },
  configure: configureIpLimit,
  compile: (config, _site, kit) => ipLimitGuard(config, kit),
}

function ipLimitGuard({ rate, headerAliases }: IpLimitConfig, { counters, clock }: Kit): Guard {
  const limit = { name: 'ip', rate, aliases: headerAliases }
  // Addresses come again and again: their keys keep what they hash to.
  const keyOf = memo((client) => new KeptKey(`ip:${client}`), { maxEntries: 4096, maxChars: 64 })
  const judge = (exchange: Exchange, taken: Taken): Denial | undefined =>
    taken.allowed ? undefined : limitDenial(exchange, 'ip_limit', { limit, taken })
  return {
    onRequest: (exchange): MaybePromise<Denial | undefined> => {
      const key = keyOf(exchange.clientKey)
      const nowMs = clock.nowMs()
      const found = counters.takeKept?.(key, rate, 1, nowMs)
      const taken = found ?? counters.take(key.text, rate, 1, nowMs)
      if (isPromise(taken)) return taken.then((found) => judge(exchange, found))
      return judge(exchange, taken)
    },
  }
}
