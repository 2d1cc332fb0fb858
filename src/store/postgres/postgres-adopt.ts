import { clipFinding } from '../adopt-merge.ts'
import type { AdoptFinding, AdoptRecords, Graduation, Meta } from '../records.ts'
import { MAX_FINDINGS_PER_OPERATION } from '../records.ts'
import type { PostgresLink } from './postgres-link.ts'

const MERGE = `INSERT INTO adopt_finding AS old (api, operation, kind, pointer, sample, count, first_at_ms, last_at_ms)
  SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::bigint, $8::bigint
  WHERE EXISTS (SELECT FROM adopt_finding WHERE api = $1 AND operation = $2 AND kind = $3 AND pointer = $4)
    OR (SELECT count(*) FROM adopt_finding WHERE api = $1 AND operation = $2) < ${MAX_FINDINGS_PER_OPERATION}
  ON CONFLICT (api, operation, kind, pointer) DO UPDATE SET count = old.count + excluded.count,
    first_at_ms = least(old.first_at_ms, excluded.first_at_ms),
    sample = CASE WHEN excluded.last_at_ms >= old.last_at_ms THEN excluded.sample ELSE old.sample END,
    last_at_ms = greatest(old.last_at_ms, excluded.last_at_ms)
  RETURNING 1 AS kept`
const LIST = `SELECT api, operation, kind, pointer, sample, count, first_at_ms AS "firstAtMs", last_at_ms AS "lastAtMs"
  FROM adopt_finding WHERE $1::text IS NULL OR api = $1 ORDER BY count DESC, api, operation, kind, pointer`
const GRADUATIONS =
  'SELECT api, operation, at_ms AS "atMs" FROM adopt_graduation ORDER BY at_ms, api, operation'

/** Findings of `adopt` in PostgreSQL. */
export class PostgresAdopt implements AdoptRecords {
  readonly #link: PostgresLink

  constructor(link: PostgresLink) {
    this.#link = link
  }

  merge(findings: readonly AdoptFinding[]): Promise<number> {
    const sorted = findings.map(cellsOf).toSorted(byPlace)
    return this.#link.lazily(async (run) => {
      let dropped = 0
      for (const cells of sorted) if ((await run(MERGE, cells)).length === 0) dropped++
      return dropped
    })
  }

  async list(api?: string): Promise<readonly AdoptFinding[]> {
    const rows = await this.#link.slowly((run) => run(LIST, [api ?? null]))
    // Each cell has the type its column says.
    return rows.map((row) => ({ ...row }) as unknown as AdoptFinding)
  }

  async clear(api: string, operation: string): Promise<void> {
    const sql = 'DELETE FROM adopt_finding WHERE api = $1 AND operation = $2'
    await this.#link.query(sql, [api, operation])
  }

  async graduate({ api, operation, atMs }: Graduation): Promise<void> {
    const sql = 'INSERT INTO adopt_graduation VALUES ($1, $2, $3) ON CONFLICT DO NOTHING'
    await this.#link.query(sql, [api, operation, atMs])
  }

  async graduations(): Promise<readonly Graduation[]> {
    const rows = await this.#link.query(GRADUATIONS)
    return rows.map((row) => ({ ...row }) as unknown as Graduation)
  }
}

type FindingCells = readonly [
  api: string,
  operation: string,
  kind: string,
  pointer: string,
  ...rest: (string | number)[],
]

/** Traffic chooses these texts, and PostgreSQL takes no NUL. */
function cellsOf(finding: AdoptFinding): FindingCells {
  const { api, operation, kind, pointer, sample, count, firstAtMs, lastAtMs } = clipFinding(finding)
  return [api, operation, kind, plain(pointer), plain(sample), count, firstAtMs, lastAtMs]
}

function plain(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}')
}

/** In one order everywhere: two nodes that write at once never wait for each other in a circle. */
function byPlace(a: FindingCells, b: FindingCells): number {
  for (let i = 0; i < 4; i++) {
    const [one, other] = [String(a[i]), String(b[i])]
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** Named values in PostgreSQL. */
export class PostgresMeta implements Meta {
  readonly #link: PostgresLink

  constructor(link: PostgresLink) {
    this.#link = link
  }

  async get(name: string): Promise<string | undefined> {
    const [row] = await this.#link.query('SELECT value FROM meta WHERE name = $1', [name])
    const value = row?.['value']
    return typeof value === 'string' ? value : undefined
  }

  async set(name: string, value: string): Promise<void> {
    const sql =
      'INSERT INTO meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value'
    await this.#link.query(sql, [name, value])
  }
}
