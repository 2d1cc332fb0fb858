import type {
  RelationChange,
  RelationFilter,
  RelationLook,
  RelationRecords,
  RelationTuple,
} from '../relations/relation.ts'
import type { PostgresChanges } from './postgres-changes.ts'
import type { PostgresLink } from './postgres-link.ts'
import type { PostgresWatch } from './postgres-watch.ts'

const FIELDS = ['tenant', 'object', 'relation', 'subject'] as const
const TUPLES = 'unnest($1::text[], $2::text[], $3::text[], $4::text[])'
const REMOVE = `DELETE FROM relation_tuple USING ${TUPLES} AS gone (t, o, r, s)
  WHERE tenant = t AND object = o AND relation = r AND subject = s RETURNING 1`
const ADD = `INSERT INTO relation_tuple SELECT * FROM ${TUPLES} ON CONFLICT DO NOTHING RETURNING 1`
// The condition on the subject is that of the index.
const LOOK = `SELECT is_direct::int AS direct, CASE WHEN is_direct THEN '[]' ELSE to_json(ARRAY(
    SELECT subject FROM relation_tuple WHERE tenant = t AND object = o AND relation = r AND strpos(subject, '#') > 0
    ORDER BY subject LIMIT $5))::text END AS sets
  FROM ${TUPLES} WITH ORDINALITY AS q (t, o, r, s, n), LATERAL (SELECT EXISTS (
    SELECT FROM relation_tuple WHERE tenant = t AND object = o AND relation = r AND subject = s) AS is_direct) AS found
  ORDER BY n`

/** Tuples in PostgreSQL; all questions of one step are one statement. */
export class PostgresRelations implements RelationRecords {
  readonly #link: PostgresLink
  readonly #changes: PostgresChanges
  readonly #watch: PostgresWatch

  constructor(link: PostgresLink, changes: PostgresChanges, watch: PostgresWatch) {
    this.#link = link
    this.#changes = changes
    this.#watch = watch
  }

  write({ add = [], remove = [] }: RelationChange): Promise<{ added: number; removed: number }> {
    return this.#changes.change('relations', async (run) => {
      const removed = remove.length === 0 ? [] : await run(REMOVE, columnsOf(inOrder(remove)))
      const added = add.length === 0 ? [] : await run(ADD, columnsOf(inOrder(add)))
      return { removed: removed.length, added: added.length }
    })
  }

  async look(
    questions: readonly RelationTuple[],
    maxSets: number,
  ): Promise<readonly RelationLook[]> {
    if (questions.length === 0) return []
    const rows = await this.#link.query(LOOK, [...columnsOf(questions), maxSets], 'look')
    return rows.map((row) => ({
      isDirect: row['direct'] === 1,
      sets: JSON.parse(String(row['sets'])) as readonly string[],
    }))
  }

  async list({ limit, after, ...wanted }: RelationFilter): Promise<readonly RelationTuple[]> {
    const values: (string | number)[] = []
    const place = (value: string | number): string => `$${values.push(value)}`
    const terms = FIELDS.flatMap((name) => {
      const value = wanted[name]
      return value === undefined ? [] : [`${name} = ${place(value)}`]
    })
    if (after !== undefined)
      terms.push(`(${FIELDS.join()}) > (${FIELDS.map((name) => place(after[name])).join()})`)
    const where = terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`
    const sql = `SELECT ${FIELDS.join()} FROM relation_tuple ${where} ORDER BY ${FIELDS.join()} LIMIT ${place(limit)}`
    const rows = await this.#link.query(sql, values)
    return rows.map((row) => ({ ...row }) as unknown as RelationTuple)
  }

  changeToken(): number {
    return this.#watch.count('relations')
  }
}

/** In one order everywhere, so that two writers never wait for each other in a circle. */
function inOrder(tuples: readonly RelationTuple[]): readonly RelationTuple[] {
  const named = tuples.map((tuple) => ({ tuple, name: columnsOf([tuple]).join('\n') }))
  return named.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ tuple }) => tuple)
}

/** One list for each column. */
function columnsOf(tuples: readonly RelationTuple[]): string[][] {
  return FIELDS.map((name) => tuples.map((tuple) => tuple[name]))
}
