import type { Secret } from '../base/secret.ts'
import type { SecurityEvent } from '../pipeline/exchange.ts'
import type { Counters } from '../store/counters.ts'
import { FailoverCounters } from '../store/failover-counters.ts'
import { RedisCounters } from '../store/redis/redis-counters.ts'
import { openRedis } from '../store/redis/redis-link.ts'
import { parseRedisUrl } from '../store/redis/redis-target.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { CounterSettings } from './config/settings.ts'

/** Where limits are counted, with what ends it. */
export interface OpenCounters {
  readonly counters: Counters
  /** From here on tells of a store that goes away and comes back. */
  watch(hear: (event: SecurityEvent) => void, metrics?: Metrics): void
  /** Resolves once the store answers, or is not waited for any longer. */
  ready(): Promise<void>
  close(): void
}

/** How long a start waits for the counters of all nodes. */
const START_MS = 2000

const AWAY: SecurityEvent = {
  name: 'sp_dependency_down',
  level: 'critical',
  control: 'limits',
  reason: 'counters',
}
const BACK: SecurityEvent = { ...AWAY, name: 'sp_dependency_up', level: 'info' }

/**
 * Opens what the settings name. `local`: the counters of this process, which are the only ones where no others are
 * configured, and stand in for them while they are away. `pepper`: the same for all nodes.
 */
export function openCounters(
  settings: CounterSettings,
  local: Counters,
  pepper: Secret<Buffer>,
): OpenCounters {
  if (settings.kind === 'memory') {
    return {
      counters: local,
      watch: () => undefined,
      ready: () => Promise.resolve(),
      close: () => undefined,
    }
  }
  const link = openRedis(parseRedisUrl(settings.url.reveal(), 'counters'))
  const shared = new RedisCounters({ link, pepper, local })
  const counters = new FailoverCounters({
    shared,
    local,
    whenAway: settings.whenAway,
    reconnect: () => link.reconnect(),
    close: () => {
      shared.close()
      link.close()
    },
  })
  return {
    counters,
    watch: (hear, metrics) => {
      const up = metrics
        ?.gauge('sallyport_dependency_up', 'Whether a dependency answers.', ['dependency'])
        .cell('counters')
      if (up !== undefined) up.value = 1
      counters.watch(({ isUp, cause }) => {
        if (up !== undefined) up.value = isUp ? 1 : 0
        hear(isUp ? BACK : { ...AWAY, detail: messageOf(cause) })
      })
    },
    ready: () => counters.ready(START_MS),
    close: () => counters.close(),
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
