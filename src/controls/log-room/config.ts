import type { Policy } from '../../pipeline/policy.ts'

export interface LogRoomConfig {
  readonly when: 'closed'
}

/** Nothing to do unless the log closes the gateway. */
export function configureLogRoom({ whenLogFull }: Policy): LogRoomConfig | undefined {
  return whenLogFull === 'closed' ? { when: 'closed' } : undefined
}
