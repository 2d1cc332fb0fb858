import type { Policy } from '../../pipeline/policy.ts'

/** Nothing to say: it is there or not. */
export type LogRoomConfig = Readonly<Record<never, never>>

/** Nothing to do unless the log closes the gateway. */
export function configureLogRoom({ whenLogFull }: Policy): LogRoomConfig | undefined {
  return whenLogFull === 'closed' ? {} : undefined
}
