import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { PenaltyRule } from '../../base/units.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { callerFinder, callerOf } from '../failures/caller.ts'
import type { Caller } from '../failures/caller.ts'
import type { Kit } from '../kit.ts'
import { PENALTY_REASON, PenaltyRecord } from '../penalty-record.ts'
import { configurePenalties } from './config.ts'

/** Puts callers aside who are refused again and again: longer each time, and forgotten in the end. */
export const penalties: Control<PenaltyRule, Kit> = {
  name: 'penalties',
  ids: ['RLM-04'],
  stage: 'admit',
  scope: 'gateway',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'pass',
  reasons: { penalty_box: PENALTY_REASON },
  configure: configurePenalties,
  compile: (rule, _site, kit) => penaltiesGuard(rule, kit),
}

const COUNTED: ReadonlySet<number> = new Set([401, 403, 404, 422, 429])

function penaltiesGuard(rule: PenaltyRule, kit: Kit): Guard {
  const record = new PenaltyRecord(rule, kit.counters)
  const findCaller = callerFinder(kit)
  const note = (exchange: Exchange, caller: Caller): MaybePromise<Denial | undefined> => {
    const suspect = { id: caller.id, isAddress: caller.id === exchange.clientKey }
    if (record.isExempt(exchange, suspect)) return undefined
    const nowMs = kit.clock.nowMs()
    return andThen(record.judge(exchange, suspect, nowMs), (denial) => {
      if (denial !== undefined) return denial
      return andThen(record.note(suspect, nowMs), (boxMs) => {
        if (boxMs !== undefined) tell(exchange, boxMs)
        return undefined
      })
    })
  }
  return {
    onRefusal: (exchange, { denial, spec }) => {
      if (!COUNTED.has(denial.status ?? spec.status) || denial.reason === 'penalty_box')
        return undefined
      // Before an operation is known nobody has looked at the credential yet.
      const caller = exchange.site === undefined ? findCaller(exchange) : callerOf(exchange)
      return andThen(caller, (found) => note(exchange, found))
    },
    onResponse: (exchange, { status }) =>
      // An answer that the caller has earned is given; it counts all the same.
      COUNTED.has(status)
        ? andThen(note(exchange, callerOf(exchange)), () => undefined)
        : undefined,
  }
}

function tell(exchange: Exchange, boxMs: number): void {
  const detail = `put aside for ${boxMs / 1000} s`
  exchange.events.push({
    name: 'sp_penalty',
    level: 'warn',
    control: 'penalties',
    reason: 'put_aside',
    detail,
  })
}
