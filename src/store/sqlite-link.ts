import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from './records.ts'

/** SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE. */
const TAKEN: ReadonlySet<unknown> = new Set([1555, 2067])

/** How often what failed is tried again, to see whether the database is back. */
const TRY_MS = 1000

/** One open database, with the two ways to write to it and the one way its errors come out. */
export class SqliteLink {
  readonly db: DatabaseSync
  #onAway: (cause: string | undefined) => void = () => undefined
  #trying: NodeJS.Timeout | undefined

  constructor(db: DatabaseSync) {
    this.db = db
  }

  /** Has `listener` told why when a `read` fails, and `undefined` when the same read works again. */
  onAway(listener: (cause: string | undefined) => void): void {
    this.#onAway = listener
  }

  /** As `guard`, for what requests wait for: that it failed is told, once. */
  read<T>(work: () => T): T {
    try {
      return this.guard(work)
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unavailable') this.#missed(work, error)
      throw error
    }
  }

  /** Closes the database. */
  close(): void {
    clearInterval(this.#trying)
    this.db.close()
  }

  #missed(work: () => unknown, { message }: StoreError): void {
    if (this.#trying !== undefined || !this.db.isOpen) return
    this.#trying = setInterval(() => this.#tryAgain(work), TRY_MS).unref()
    this.#onAway(message)
  }

  #tryAgain(work: () => unknown): void {
    try {
      work()
    } catch {
      return // told when it began
    }
    clearInterval(this.#trying)
    this.#trying = undefined
    this.#onAway(undefined)
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
