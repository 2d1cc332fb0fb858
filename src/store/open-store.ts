import { ConfigError } from '../base/config-error.ts'
import { MemoryRecords } from './memory-records.ts'
import type { Records } from './records.ts'
import { openSqlite } from './sqlite-records.ts'

/**
 * Opens the records that `store:` names: `sqlite:/path/to/file` or `memory:`.
 * `nowMs` goes into the list of migrations. Throws `ConfigError` at `store`; see `openSqlite`.
 */
export function openStore(url: string, nowMs: number = Date.now()): Records {
  if (url === 'memory:' || url === 'memory') return new MemoryRecords()
  if (url.startsWith('sqlite:') && url.length > 7) return openSqlite(url.slice(7), nowMs)
  throw new ConfigError({
    path: 'store',
    message: `${JSON.stringify(url.slice(0, 40))} names no store`,
    cure: 'write sqlite:./sallyport.db or memory:',
  })
}
