import type { Secret } from '../base/secret.ts'
import type { Counters } from '../store/counters.ts'
import { FailoverCounters } from '../store/failover-counters.ts'
import { RedisCounters } from '../store/redis/redis-counters.ts'
import { openRedis } from '../store/redis/redis-link.ts'
import { parseRedisUrl } from '../store/redis/redis-target.ts'
import type { CounterSettings } from './config/settings.ts'
import type { DependencyWord } from './dependencies.ts'

/** Where limits are counted, with what ends it. */
export interface OpenCounters {
  readonly counters: Counters
  /** From here on tells of a store that goes away and comes back. */
  watch(hear: (word: DependencyWord) => void): void
  /** Resolves once the store answers, or is not waited for any longer. */
  ready(): Promise<void>
  close(): void
}

/** How long a start waits for the counters of all nodes. */
const START_MS = 2000

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
    watch: (hear) =>
      counters.watch(({ isUp, cause }) =>
        hear({ name: 'counters', isUp, ...(isUp ? {} : { detail: messageOf(cause) }) }),
      ),
    ready: () => counters.ready(START_MS),
    close: () => counters.close(),
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
