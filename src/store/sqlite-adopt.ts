import { clipFinding } from './adopt-merge.ts'
import type { AdoptFinding, AdoptRecords, Graduation, Meta } from './records.ts'
import { MAX_FINDINGS_PER_OPERATION } from './records.ts'
import type { SqliteLink } from './sqlite-link.ts'

const MERGE = `UPDATE adopt_finding SET count = count + :count, first_at_ms = min(first_at_ms, :firstAtMs),
  sample = CASE WHEN :lastAtMs >= last_at_ms THEN :sample ELSE sample END, last_at_ms = max(last_at_ms, :lastAtMs)
  WHERE api = :api AND operation = :operation AND kind = :kind AND pointer = :pointer`
const ADD = `INSERT INTO adopt_finding (api, operation, kind, pointer, sample, count, first_at_ms, last_at_ms)
  SELECT :api, :operation, :kind, :pointer, :sample, :count, :firstAtMs, :lastAtMs
  WHERE (SELECT count(*) FROM adopt_finding WHERE api = :api AND operation = :operation) < ${MAX_FINDINGS_PER_OPERATION}`
const LIST = `SELECT api, operation, kind, pointer, sample, count, first_at_ms AS firstAtMs, last_at_ms AS lastAtMs
  FROM adopt_finding WHERE :api IS NULL OR api = :api ORDER BY count DESC, api, operation, kind, pointer`

/** Findings of `adopt` in SQLite. */
export class SqliteAdopt implements AdoptRecords {
  readonly #link: SqliteLink

  constructor(link: SqliteLink) {
    this.#link = link
  }

  merge(findings: readonly AdoptFinding[]): number {
    const merge = this.#link.db.prepare(MERGE)
    const add = this.#link.db.prepare(ADD)
    let dropped = 0
    this.#link.lazily(() => {
      for (const finding of findings) {
        const cells = { ...clipFinding(finding) }
        if (merge.run(cells).changes === 0 && add.run(cells).changes === 0) dropped++
      }
    })
    return dropped
  }

  list(api?: string): readonly AdoptFinding[] {
    const statement = this.#link.db.prepare(LIST)
    const rows = this.#link.guard(() => statement.all({ api: api ?? null }))
    // STRICT columns: each cell has the type its column says.
    return rows.map((row) => ({ ...row }) as unknown as AdoptFinding)
  }

  clear(api: string, operation: string): void {
    const sql = 'DELETE FROM adopt_finding WHERE api = ? AND operation = ?'
    this.#link.guard(() => this.#link.db.prepare(sql).run(api, operation))
  }

  graduate(graduation: Graduation): void {
    const sql = 'INSERT INTO adopt_graduation VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
    const { api, operation, atMs } = graduation
    this.#link.guard(() => this.#link.db.prepare(sql).run(api, operation, atMs))
  }

  graduations(): readonly Graduation[] {
    const sql =
      'SELECT api, operation, at_ms AS atMs FROM adopt_graduation ORDER BY at_ms, api, operation'
    const rows = this.#link.guard(() => this.#link.db.prepare(sql).all())
    return rows.map((row) => ({ ...row }) as unknown as Graduation)
  }
}

/** Named values in SQLite. */
export class SqliteMeta implements Meta {
  readonly #link: SqliteLink

  constructor(link: SqliteLink) {
    this.#link = link
  }

  get(name: string): string | undefined {
    const statement = this.#link.db.prepare('SELECT value FROM meta WHERE name = ?')
    const value = this.#link.guard(() => statement.get(name))?.['value']
    return typeof value === 'string' ? value : undefined
  }

  set(name: string, value: string): void {
    const sql =
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value'
    this.#link.guard(() => this.#link.db.prepare(sql).run(name, value))
  }
}
