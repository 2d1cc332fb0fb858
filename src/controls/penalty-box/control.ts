import type { PenaltyRule } from '../../base/units.ts'
import type { Control } from '../../pipeline/control.ts'
import { callerOf } from '../failures/caller.ts'
import type { Kit } from '../kit.ts'
import { PENALTY_REASON, PenaltyRecord } from '../penalty-record.ts'
import { configurePenaltyBox } from './config.ts'

/** Refuses who was put aside, before anything is done for them [RLM-04]. */
export const penaltyBox: Control<PenaltyRule, Kit> = {
  name: 'penalty-box',
  ids: ['RLM-04'],
  stage: 'limit',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'pass',
  reasons: { penalty_box: PENALTY_REASON },
  configure: configurePenaltyBox,
  compile: (rule, site, { counters, clock }) => {
    if (site === undefined) return undefined
    const record = new PenaltyRecord(rule, counters)
    return {
      onRequest: (exchange) => {
        const { id } = callerOf(exchange)
        const suspect = { id, isAddress: id === exchange.clientKey }
        return record.judge(exchange, suspect, clock.nowMs())
      },
    }
  },
}
