import type { Control } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Kit } from '../kit.ts'
import { configureLogRoom } from './config.ts'
import type { LogRoomConfig } from './config.ts'

/** Closes the gateway while its log has no room (CONTROLS 3.3, local log disk full). */
export const logRoom: Control<LogRoomConfig, Kit> = {
  name: 'log-room',
  ids: ['LOG-02'],
  stage: 'admit',
  scope: 'gateway',
  block: 'logs',
  adopt: 'enforce',
  onFault: 'deny',
  // No event: it could not be written. That the log is full was told while there was room for it.
  reasons: { log_full: { status: 503, problem: 'unavailable', title: 'Service unavailable' } },
  configure: configureLogRoom,
  compile: (_config, _site, { log }) => ({ onRequest: () => (log.isFull ? FULL : undefined) }),
}

const FULL: Denial = Object.freeze({ reason: 'log_full', headers: ['Retry-After', '5'] })
