import type { DatabaseSync } from 'node:sqlite'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { PostgresLink, Run } from '../postgres/postgres-link.ts'
import { PostgresRecords } from '../postgres/postgres-records.ts'
import type { Records } from '../records.ts'
import { SqliteRecords } from '../sqlite-records.ts'
import { TABLES } from './tables.ts'
import type { Table, TableRow } from './tables.ts'

/** A store as a whole. Throws or rejects with `StoreError`. */
export interface WholeStore {
  readonly kind: 'sqlite' | 'postgres'
  /** Shows every row of every table as of one moment, in the order of `TABLES` and of their keys. */
  read(see: (table: Table, row: TableRow) => void): MaybePromise<void>
  /** Puts these rows in the place of all that are there, in one transaction: all or nothing. */
  replace(rows: Iterable<readonly [table: Table, row: TableRow]>): MaybePromise<void>
  /** What the database itself finds wrong with its files. */
  faults(): MaybePromise<readonly string[]>
}

/** The whole of some records; `undefined` for those in memory. */
export function wholeStoreOf(records: Records): WholeStore | undefined {
  if (records instanceof SqliteRecords) return new WholeSqlite(records.db)
  return records instanceof PostgresRecords ? new WholePostgres(records.link) : undefined
}

function selectOf({ name, columns, key }: Table): string {
  return `SELECT ${columns.join()} FROM ${name} ORDER BY ${key.join()}`
}

class WholeSqlite implements WholeStore {
  readonly kind = 'sqlite'
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  read(see: (table: Table, row: TableRow) => void): void {
    this.#within('BEGIN', () => {
      for (const table of TABLES)
        for (const row of this.#db.prepare(selectOf(table)).iterate()) see(table, rowOf(table, row))
    })
  }

  replace(rows: Iterable<readonly [table: Table, row: TableRow]>): void {
    this.#within('BEGIN IMMEDIATE', () => {
      for (const { name } of TABLES) this.#db.exec(`DELETE FROM ${name}`)
      for (const [{ name, columns }, row] of rows) {
        const places = columns.map(() => '?').join()
        const insert = `INSERT INTO ${name} (${columns.join()}) VALUES (${places})`
        this.#db.prepare(insert).run(...row)
      }
    })
  }

  faults(): readonly string[] {
    const rows = this.#db.prepare('PRAGMA integrity_check').all()
    return rows.map((row) => String(row['integrity_check'])).filter((text) => text !== 'ok')
  }

  #within(begin: string, work: () => void): void {
    this.#db.exec(begin)
    try {
      work()
      this.#db.exec('COMMIT')
    } finally {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    }
  }
}

function rowOf({ columns }: Table, row: Readonly<Record<string, unknown>>): TableRow {
  // The columns hold texts and numbers alone, or nothing.
  return columns.map((name) => row[name] as TableRow[number])
}

/** Rows of one statement to or from the server. */
const BATCH = 500

class WholePostgres implements WholeStore {
  readonly kind = 'postgres'
  readonly #link: PostgresLink

  constructor(link: PostgresLink) {
    this.#link = link
  }

  read(see: (table: Table, row: TableRow) => void): Promise<void> {
    return this.#link.slowly(async (run) => {
      for (const table of TABLES) await readTable(run, table, see)
    }, 'ISOLATION LEVEL REPEATABLE READ READ ONLY')
  }

  replace(rows: Iterable<readonly [table: Table, row: TableRow]>): Promise<void> {
    return this.#link.slowly(async (run) => {
      for (const { name } of TABLES) await run(`DELETE FROM ${name}`)
      let batch: object[] = []
      let current: Table | undefined
      const flush = async (): Promise<void> => {
        if (current !== undefined && batch.length > 0) await insertBatch(run, current, batch)
        batch = []
      }
      for (const [table, row] of rows) {
        if (table !== current || batch.length >= BATCH) await flush()
        current = table
        batch.push(Object.fromEntries(table.columns.map((name, i) => [name, row[i]])))
      }
      await flush()
    })
  }

  /** Pages that do not match their sums are found by reading every row, where the server keeps sums. */
  async faults(): Promise<readonly string[]> {
    const [row] = await this.#link.query("SELECT current_setting('fsync') AS fsync")
    return row?.['fsync'] === 'on'
      ? []
      : ['the server runs with fsync = off: a power cut may destroy the database']
  }
}

async function readTable(
  run: Run,
  table: Table,
  see: (table: Table, row: TableRow) => void,
): Promise<void> {
  await run(`DECLARE whole NO SCROLL CURSOR FOR ${selectOf(table)}`)
  for (;;) {
    const rows = await run(`FETCH ${BATCH} FROM whole`)
    for (const row of rows) see(table, rowOf(table, row))
    if (rows.length < BATCH) break
  }
  await run('CLOSE whole')
}

async function insertBatch(run: Run, { name, columns }: Table, batch: object[]): Promise<void> {
  const sql = `INSERT INTO ${name} (${columns.join()}) SELECT ${columns.join()}
    FROM json_populate_recordset(NULL::${name}, $1::json)`
  await run(sql, [JSON.stringify(batch)])
}
