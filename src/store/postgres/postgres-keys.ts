import { decodeKey, decoyCells, encodeKey } from '../key-cells.ts'
import { GenerationMap } from '../generation-map.ts'
import { keepUse } from '../key-row.ts'
import type { KeyRecords, KeyRow, KeyUse } from '../records.ts'
import type { PostgresChanges } from './postgres-changes.ts'
import type { PostgresLink } from './postgres-link.ts'
import type { PostgresWatch } from './postgres-watch.ts'

const { names: COLUMNS, literals: DECOY } = decoyCells()
const USE_COLUMNS: ReadonlySet<string> = new Set([
  'last_used_at_ms',
  'first_used_at_ms',
  'first_network',
  'first_agent',
])
const WRITTEN = COLUMNS.filter((name) => name !== 'id' && !USE_COLUMNS.has(name))

/** An unknown id is looked up and decoded as a known one is: the row or the decoy [AUN-04]. */
const GET = `SELECT 0 AS is_decoy, ${COLUMNS.join()} FROM api_key WHERE id = $1
  UNION ALL SELECT 1, ${DECOY} ORDER BY is_decoy LIMIT 1`
const LIST = `SELECT ${COLUMNS.join()} FROM api_key ORDER BY created_at_ms, id`
const LOCK = `SELECT ${COLUMNS.join()} FROM api_key WHERE id = $1 FOR UPDATE`
const INSERT = `INSERT INTO api_key (${COLUMNS.join()}) VALUES (${COLUMNS.map((_, i) => `$${i + 1}`).join()})`
const UPDATE = `UPDATE api_key SET ${WRITTEN.map((name, i) => `${name} = $${i + 2}`).join()} WHERE id = $1`
const TOUCH = `UPDATE api_key SET last_used_at_ms = greatest(coalesce(last_used_at_ms, 0), $2::bigint),
  first_network = CASE WHEN first_used_at_ms IS NULL THEN $3::text ELSE first_network END,
  first_agent = CASE WHEN first_used_at_ms IS NULL THEN $4::text ELSE first_agent END,
  first_used_at_ms = coalesce(first_used_at_ms, $2::bigint) WHERE id = $1`

/** Rows of one statement; it takes 65,535 values at most. */
const ROWS_AT_ONCE = 200

function insertMany(rows: number): string {
  const width = COLUMNS.length
  const tuples = Array.from(
    { length: rows },
    (_, row) => `(${COLUMNS.map((_, i) => `$${row * width + i + 1}`).join()})`,
  )
  return `INSERT INTO api_key (${COLUMNS.join()}) VALUES ${tuples.join()} ON CONFLICT (id) DO NOTHING RETURNING id`
}

/** Rows that are held for a database that may go away: some kilobytes each. */
const MAX_HELD = 20_000

/** Keys in PostgreSQL. */
export class PostgresKeys implements KeyRecords {
  readonly #link: PostgresLink
  readonly #changes: PostgresChanges
  readonly #watch: PostgresWatch
  /** Rows that were read, with the count of changes before that. */
  readonly #held = new GenerationMap<{ readonly row: KeyRow; readonly count: number }>(MAX_HELD)

  constructor(link: PostgresLink, changes: PostgresChanges, watch: PostgresWatch) {
    this.#link = link
    this.#changes = changes
    this.#watch = watch
  }

  async insert(row: KeyRow): Promise<void> {
    const cells = Object.values(encodeKey(row))
    await this.#changes.change('keys', (run) => run(INSERT, cells))
  }

  async insertNew(rows: readonly KeyRow[]): Promise<readonly string[]> {
    const made = await this.#changes.change('keys', async (run) => {
      const ids = new Set<unknown>()
      for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
        const some = rows.slice(at, at + ROWS_AT_ONCE)
        const cells = some.flatMap((row) => Object.values(encodeKey(row)))
        for (const { id } of await run(insertMany(some.length), cells)) ids.add(id)
      }
      return ids
    })
    return rows.flatMap(({ id }) => (made.has(id) ? [] : [id]))
  }

  /** While the database is away: what was read last, if nothing was changed until then. */
  async get(id: string): Promise<KeyRow | undefined> {
    const count = this.#watch.heldCount('keys')
    try {
      const row = await this.#read(id)
      if (row !== undefined && count !== undefined) this.#held.set(id, { row, count })
      return row
    } catch (cause) {
      const held = this.#held.get(id)
      if (held !== undefined && held.count === this.#watch.heldCount('keys')) return held.row
      throw cause
    }
  }

  async #read(id: string): Promise<KeyRow | undefined> {
    const [cells] = await this.#link.query(GET, [askable(id)], 'key')
    const row = cells === undefined ? undefined : decodeKey(cells)
    return id !== '' && row?.id === id ? row : undefined
  }

  list(): Promise<readonly KeyRow[]> {
    return this.#link.slowly(async (run) => (await run(LIST)).map((cells) => decodeKey(cells)))
  }

  update(id: string, change: (row: KeyRow) => KeyRow): Promise<KeyRow | undefined> {
    return this.#changes.change('keys', async (run) => {
      const [cells] = await run(LOCK, [askable(id)])
      if (cells === undefined) return undefined
      const old = decodeKey(cells)
      const row = keepUse(old, change(old))
      const written = encodeKey(row)
      await run(UPDATE, [id, ...WRITTEN.map((name) => written[name])])
      return row
    })
  }

  delete(id: string): Promise<boolean> {
    return this.#changes.change('keys', async (run) => {
      const gone = await run('DELETE FROM api_key WHERE id = $1 RETURNING id', [askable(id)])
      return gone.length > 0
    })
  }

  async touch(uses: readonly KeyUse[]): Promise<void> {
    // In one order everywhere: two nodes that note the same keys never wait for each other in a circle.
    const sorted = uses.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    await this.#link.lazily(async (run) => {
      for (const { id, usedAtMs, firstNetwork, firstAgent } of sorted)
        await run(TOUCH, [askable(id), usedAtMs, firstNetwork ?? null, firstAgent ?? null])
    })
  }
}

/** PostgreSQL takes no NUL in a text; no id has one. */
function askable(id: string): string {
  return id.includes('\0') ? '' : id
}
