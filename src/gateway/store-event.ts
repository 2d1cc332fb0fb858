import type { LifecycleEvent } from '../telemetry/security-events.ts'

/** What the log says when the store of records is lost (`cause`), or back. */
export function storeEvent(cause: string | undefined): LifecycleEvent {
  const event = { control: 'authenticate', reason: 'store' } as const
  return cause === undefined
    ? { ...event, name: 'sp_dependency_up', level: 'info' }
    : { ...event, name: 'sp_dependency_down', level: 'critical', detail: cause }
}
