import type { StatementSync } from 'node:sqlite'
import { decodeKey, decoyCells, encodeKey, encodeUse } from './key-cells.ts'
import { keepUse } from './key-row.ts'
import type { KeyRecords, KeyRow, KeyUse } from './records.ts'
import type { SqliteLink } from './sqlite-link.ts'

const TOUCH = `UPDATE api_key SET last_used_at_ms = max(coalesce(last_used_at_ms, 0), :usedAtMs),
  first_network = CASE WHEN first_used_at_ms IS NULL THEN :network ELSE first_network END,
  first_agent = CASE WHEN first_used_at_ms IS NULL THEN :agent ELSE first_agent END,
  first_used_at_ms = coalesce(first_used_at_ms, :usedAtMs) WHERE id = :id`

/** `SELECT` of one row by id, or of the decoy: one statement, the same columns and the same decoding. */
function selectOne(): string {
  const { names, literals } = decoyCells()
  return `SELECT ${names.join()} FROM api_key WHERE id = ? UNION ALL SELECT ${literals} LIMIT 1`
}

/** Keys in SQLite; what runs per request is prepared once. */
export class SqliteKeys implements KeyRecords {
  readonly #link: SqliteLink
  readonly #get: StatementSync
  #insert: StatementSync | undefined
  #update: StatementSync | undefined

  constructor(link: SqliteLink) {
    this.#link = link
    this.#get = link.db.prepare(selectOne())
  }

  insert(row: KeyRow): void {
    const cells = encodeKey(row)
    const names = Object.keys(cells)
    this.#insert ??= this.#link.db.prepare(
      `INSERT INTO api_key (${names.join()}) VALUES (${names.map((name) => `:${name}`).join()})`,
    )
    const statement = this.#insert
    this.#link.guard(() => statement.run(cells))
  }

  insertNew(rows: readonly KeyRow[]): readonly string[] {
    return this.#link.transact(() => {
      const taken: string[] = []
      for (const row of rows) {
        if (this.get(row.id) === undefined) this.insert(row)
        else taken.push(row.id)
      }
      return taken
    })
  }

  get(id: string): KeyRow | undefined {
    const cells = this.#link.read(() => this.#get.get(id))
    const row = cells === undefined ? undefined : decodeKey(cells)
    return id !== '' && row?.id === id ? row : undefined
  }

  list(): readonly KeyRow[] {
    const sql = 'SELECT * FROM api_key ORDER BY created_at_ms, id'
    return this.#link.guard(() => this.#link.db.prepare(sql).all()).map(decodeKey)
  }

  update(id: string, change: (row: KeyRow) => KeyRow): KeyRow | undefined {
    return this.#link.transact(() => {
      const old = this.get(id)
      if (old === undefined) return undefined
      const row = keepUse(old, change(old))
      this.#write(row)
      return row
    })
  }

  delete(id: string): boolean {
    const statement = this.#link.db.prepare('DELETE FROM api_key WHERE id = ?')
    return this.#link.guard(() => statement.run(id)).changes > 0
  }

  touch(uses: readonly KeyUse[]): void {
    const statement = this.#link.db.prepare(TOUCH)
    this.#link.lazily(() => {
      for (const { id, usedAtMs, firstNetwork, firstAgent } of uses)
        statement.run({ id, usedAtMs, network: firstNetwork ?? null, agent: firstAgent ?? null })
    })
  }

  #write(row: KeyRow): void {
    const used = encodeUse(row)
    const cells = Object.fromEntries(
      Object.entries(encodeKey(row)).filter(([name]) => !(name in used)),
    )
    const sets = Object.keys(cells).filter((name) => name !== 'id')
    this.#update ??= this.#link.db.prepare(
      `UPDATE api_key SET ${sets.map((name) => `${name} = :${name}`).join()} WHERE id = :id`,
    )
    this.#update.run(cells)
  }
}
