import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { ConfigError } from '../../base/config-error.ts'
import { StoreError } from '../records.ts'
import type { SourceSettings, ValueSource } from './source.ts'

/** Longest wait for another process that writes: nothing else goes on in this thread meanwhile. */
const MAX_BUSY_MS = 100

/** Reads from a SQLite file, opened read-only. Synchronous. */
export class SqliteSource implements ValueSource {
  readonly #db: DatabaseSync
  readonly #statement: StatementSync

  constructor(db: DatabaseSync, statement: StatementSync) {
    this.#db = db
    this.#statement = statement
  }

  find(id: string): string | undefined {
    try {
      const values: unknown[] = []
      // Of more than one row nobody knows which is meant; a third is not even read.
      for (const row of this.#statement.iterate({ $1: id })) {
        values.push(Object.values(row)[0])
        if (values.length > 1) return undefined
      }
      return textOf(values[0])
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause)
      throw new StoreError('unavailable', `the database did not answer: ${detail}`, cause)
    }
  }

  close(): void {
    this.#db.close()
  }
}

/** Opens the file and prepares the query. Throws `ConfigError` at `at` where that cannot be done. */
export function openSqliteSource(
  { path, query, timeoutMs }: Extract<SourceSettings, { kind: 'sqlite' }>,
  at: string,
): SqliteSource {
  let db: DatabaseSync | undefined
  try {
    const timeout = Math.min(timeoutMs, MAX_BUSY_MS)
    db = new DatabaseSync(path, { readOnly: true, timeout, defensive: true })
    db.exec('PRAGMA query_only = ON')
    const statement = db.prepare(query)
    statement.setReadBigInts(true)
    if (statement.columns().length !== 1) throw new Error('the query returns more than one column')
    return new SqliteSource(db, statement)
  } catch (cause) {
    db?.close()
    const detail = cause instanceof Error ? cause.message : String(cause)
    const cure =
      'name a database file that is there, and a query such as SELECT owner FROM orders WHERE id = $1'
    throw new ConfigError({ path: at, message: `${path} cannot be asked: ${detail}`, cure })
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
