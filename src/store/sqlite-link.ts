import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from './records.ts'

/** SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE. */
const TAKEN: ReadonlySet<unknown> = new Set([1555, 2067])

/** One open database, with the two ways to write to it and the one way its errors come out. */
export class SqliteLink {
  readonly db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.db = db
  }

  /** Runs `work`; what SQLite throws becomes a `StoreError`. A single write statement is on disk when it returns. */
  guard<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw wrap(cause)
    }
  }

  /** Runs `work` as one transaction; it is on disk when this returns. */
  transact<T>(work: () => T): T {
    return this.guard(() => {
      this.db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.db.exec('COMMIT')
        return result
      } finally {
        if (this.db.isTransaction) this.db.exec('ROLLBACK')
      }
    })
  }

  /** Like `transact`, but a power cut may lose it (a crash of the process does not): no wait for the disk. */
  lazily<T>(work: () => T): T {
    return this.guard(() => {
      this.db.exec('PRAGMA synchronous = NORMAL')
      try {
        return this.transact(work)
      } finally {
        this.db.exec('PRAGMA synchronous = FULL')
      }
    })
  }
}

/** What a caller's own code threw inside a transaction stays what it is. */
function wrap(cause: unknown): unknown {
  const isOfCaller = cause instanceof Error && !('errcode' in cause) && !('code' in cause)
  if (cause instanceof StoreError || isOfCaller) return cause
  const detail = cause instanceof Error ? cause.message : String(cause)
  const errcode = cause instanceof Error && 'errcode' in cause ? cause.errcode : undefined
  return TAKEN.has(errcode)
    ? new StoreError('conflict', `the id is taken: ${detail}`, cause)
    : new StoreError('unavailable', `the database did not answer: ${detail}`, cause)
}
