import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Kit } from '../kit.ts'
import { configureOverload } from './config.ts'
import type { OverloadConfig } from './config.ts'

/**
 * Lets go of what matters least when the process cannot keep up: first operations of low priority, then every second
 * request of normal priority, never those of high priority [NET-04].
 */
export const overload: Control<OverloadConfig, Kit> = {
  name: 'overload',
  ids: ['NET-04'],
  stage: 'route',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'pass',
  reasons: {
    shed: {
      status: 503,
      problem: 'unavailable',
      title: 'Service unavailable',
      event: 'sp_overload',
    },
  },
  configure: configureOverload,
  compile: (config, site, { load }) =>
    site === undefined ? undefined : overloadGuard(config, load),
}

const SHED: Denial = Object.freeze({ reason: 'shed', headers: ['Retry-After', '1'] })

function overloadGuard({ delayMs, afterMs, priority }: OverloadConfig, load: Kit['load']): Guard {
  const patience = priority === 'low' ? afterMs : 2 * afterMs
  let turn = 0
  return {
    onRequest: () => {
      const lateMs = load.lateForMs(delayMs)
      if (lateMs === 0 || lateMs < patience) return undefined
      if (priority === 'low') return SHED
      turn = 1 - turn
      return turn === 0 ? SHED : undefined
    },
  }
}
