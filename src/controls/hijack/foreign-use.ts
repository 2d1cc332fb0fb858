import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import type { RiskBook } from '../risk-book.ts'
import { foreignUses } from '../travel-marks.ts'
import type { HijackConfig } from './config.ts'
import { credentialOf } from './credential-book.ts'
import { tellOf } from './tell.ts'

const DAY_MS = 86_400_000
/** KEY-06: uses of a key from outside its networks, after which it is out of the owner's hands. */
const FOREIGN = { count: 5, windowMs: 3_600_000, banMs: 60_000 }

interface Parts {
  readonly config: HijackConfig
  readonly book: RiskBook
  readonly kit: Kit
}

/** KEY-06: a key that is tried again and again from outside its networks is in other hands. */
export function foreignUse(exchange: Exchange, parts: Parts): MaybePromise<undefined> {
  const foreign = exchange.keys.filter(
    ({ restrictions: { cidrs } }) => cidrs?.has(exchange.clientAddress) === false,
  )
  let done: MaybePromise<void> = undefined
  for (const { principal } of foreign)
    done = andThen(done, () => countForeign(exchange, credentialOf(principal), parts))
  return andThen(done, () => undefined)
}

function countForeign(
  exchange: Exchange,
  credential: string,
  { config, book, kit }: Parts,
): MaybePromise<void> {
  const nowMs = kit.clock.nowMs()
  return andThen(kit.counters.fail(foreignUses(credential), FOREIGN, nowMs), (failed) => {
    if (failed.bannedUntilMs === undefined) return undefined
    const reason = 'foreign_network'
    const detail = `${FOREIGN.count} uses in an hour from outside of its networks`
    const event = { name: 'sp_token_misuse', level: 'critical', reason, detail } as const
    tellOf(exchange, event, book, credential)
    if (config.hijack.response === 'log') return undefined
    return book.quarantine(exchange, { credential, untilMs: nowMs + DAY_MS, reason })
  })
}
