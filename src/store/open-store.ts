import { ConfigError } from '../base/config-error.ts'
import { MemoryRecords } from './memory-records.ts'
import type { PostgresTarget } from './postgres/postgres-link.ts'
import { PostgresRecords } from './postgres/postgres-records.ts'
import type { Records } from './records.ts'
import { readOnlyRecords } from './read-only.ts'
import { openSqlite, openSqliteToRead } from './sqlite-records.ts'

/** Where records are kept. */
export type StoreTarget =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string; readonly isReadOnly?: boolean }
  | ({ readonly kind: 'postgres' } & PostgresTarget)

/** Records that are closed at once. */
export interface LocalRecords extends Records {
  open(): void
  close(): void
}

/** Opens `sqlite:/path/to/file` or `memory:`, which answer at once. As `recordsOf`. */
export function openStore(url: string, nowMs: number = Date.now()): LocalRecords {
  if (url === 'memory:' || url === 'memory') return new MemoryRecords()
  if (url.startsWith('sqlite:') && url.length > 7) return openSqlite(url.slice(7), nowMs)
  throw new ConfigError({
    path: 'store',
    message: `${JSON.stringify(url.slice(0, 40))} names no store`,
    cure: 'write sqlite:./sallyport.db or memory:',
  })
}

/**
 * The records that a target names; those of a PostgreSQL are of no use before their `open`. `nowMs` goes into the list
 * of migrations. Throws `ConfigError` at `store`; see `openSqlite`.
 */
export function recordsOf(target: StoreTarget, nowMs: number): Records {
  switch (target.kind) {
    case 'memory':
      return new MemoryRecords()
    case 'sqlite':
      return target.isReadOnly === true
        ? readOnlyRecords(openSqliteToRead(target.path), Date.now)
        : openSqlite(target.path, nowMs)
    default: {
      const records = new PostgresRecords(target, nowMs)
      return target.isReadOnly === true ? readOnlyRecords(records, Date.now) : records
    }
  }
}

/** As `recordsOf`, and opened. Rejects with `ConfigError` at `store`. */
export async function openedRecords(target: StoreTarget, nowMs: number): Promise<Records> {
  const records = recordsOf(target, nowMs)
  try {
    await records.open()
    return records
  } catch (error) {
    await records.close()
    throw error
  }
}
