import { closeSync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { ConfigError } from '../base/config-error.ts'
import { migrate } from './sqlite-migrations.ts'
import { SqliteAdopt, SqliteMeta } from './sqlite-adopt.ts'
import { SqliteKeys } from './sqlite-keys.ts'
import { SqliteLink } from './sqlite-link.ts'
import { SqliteRelations } from './relations/sqlite-relations.ts'
import type { Records } from './records.ts'
import { StoreError } from './records.ts'

/** `SALP`: marks a database as ours. */
const APPLICATION_ID = 0x53_41_4c_50
/** How long a write waits for another process's, milliseconds; reads never wait (WAL). */
const BUSY_MS = 2000
/** Whole files up to this size are checked at start; larger ones only where they are read. */
const MAX_CHECKED_BYTES = 32 * 1024 * 1024

/** Records in one SQLite file: WAL, `synchronous = FULL`, mode 0600. Everything is synchronous. */
export class SqliteRecords implements Records {
  readonly keys: SqliteKeys
  readonly adopt: SqliteAdopt
  readonly meta: SqliteMeta
  readonly relations: SqliteRelations
  readonly #link: SqliteLink
  readonly #changeCount: StatementSync

  /** Steps that were done when it was opened. */
  readonly migrated: number

  constructor(db: DatabaseSync, migrated: number) {
    this.migrated = migrated
    this.#link = new SqliteLink(db)
    this.keys = new SqliteKeys(this.#link)
    this.adopt = new SqliteAdopt(this.#link)
    this.meta = new SqliteMeta(this.#link)
    this.relations = new SqliteRelations(this.#link)
    this.#changeCount = db.prepare("SELECT count FROM change_count WHERE what = 'keys'")
  }

  // The counter is kept by triggers, so it moves with every writer's commit.
  changeToken(): number {
    const count = this.#link.read(() => this.#changeCount.get())?.['count']
    if (typeof count === 'number') return count
    throw new StoreError('unavailable', 'the change counter is missing')
  }

  open(): void {
    // `openSqlite` did.
  }

  onAway(listener: (cause: string | undefined) => void): void {
    this.#link.onAway(listener)
  }

  /** The open database, for what works on the whole of it. */
  get db(): DatabaseSync {
    return this.#link.db
  }

  close(): void {
    this.#link.close()
  }
}

/**
 * Opens (or makes) the database at `path`.
 * Throws `ConfigError` at `store` when it cannot be written, is damaged, is another program's or a later version's,
 * or when group or others may write it.
 */
export function openSqlite(path: string, nowMs: number): SqliteRecords {
  checkFile(path)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MS, defensive: true })
    const migrated = prepare(db, path, nowMs)
    return new SqliteRecords(db, migrated)
  } catch (cause) {
    db?.close()
    if (cause instanceof ConfigError) throw cause
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw refusal(`${path} cannot be used as a database: ${detail}`, CURES.damaged)
  }
}

/**
 * Opens the database at `path` for a process that may only read: SQLite itself refuses what writes.
 * Throws `ConfigError` at `store` where there is none of this version.
 */
export function openSqliteToRead(path: string): SqliteRecords {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MS, defensive: true, readOnly: true })
    const id = Number(db.prepare('PRAGMA application_id').get()?.['application_id'])
    if (id !== APPLICATION_ID) throw new Error('it is none of Sallyport')
    return new SqliteRecords(db, 0)
  } catch (cause) {
    db?.close()
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw refusal(`${path} cannot be read as a database: ${detail}`, CURES.unmade)
  }
}

const CURES = {
  damaged: 'restore it from a backup, or move it away to begin with an empty one',
  access: 'name a file in a folder that exists and that this user may write',
  mode: 'chmod 600 the file',
  unmade: 'start the process that writes it first: sallyport serve --role control',
  foreign: 'name another file; Sallyport makes its own',
}

function refusal(message: string, cure: string): ConfigError {
  return new ConfigError({ path: 'store', message, cure })
}

/** Makes the file before SQLite does, so that it is never readable by others; `-wal` and `-shm` copy its mode. */
function checkFile(path: string): void {
  try {
    closeSync(openSync(path, 'a+', 0o600))
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw refusal(`the database cannot be opened for writing: ${detail}`, CURES.access)
  }
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o022) !== 0)
    throw refusal(`${path} may be written by others (mode ${mode.toString(8)})`, CURES.mode)
}

/** @returns how many migrations were done. */
function prepare(db: DatabaseSync, path: string, nowMs: number): number {
  const id = Number(db.prepare('PRAGMA application_id').get()?.['application_id'])
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'])
  if (id !== APPLICATION_ID && (id !== 0 || tables > 0))
    throw refusal(`${path} is the database of another program`, CURES.foreign)
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(`PRAGMA synchronous = FULL; PRAGMA application_id = ${APPLICATION_ID}`)
  if (statSync(path).size <= MAX_CHECKED_BYTES) checkPages(db, path)
  return migrate(db, path, nowMs)
}

function checkPages(db: DatabaseSync, path: string): void {
  const verdict = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (verdict !== 'ok') throw refusal(`${path} is damaged: ${String(verdict)}`, CURES.damaged)
}
