import type { StatementSync } from 'node:sqlite'
import { StoreError } from '../records.ts'
import type { SqliteLink } from '../sqlite-link.ts'
import type {
  RelationChange,
  RelationFilter,
  RelationLook,
  RelationRecords,
  RelationTuple,
} from './relation.ts'

const PLACE = 'tenant = :tenant AND object = :object AND relation = :relation'
const ADD =
  'INSERT INTO relation_tuple VALUES (:tenant, :object, :relation, :subject) ON CONFLICT DO NOTHING'
const REMOVE = `DELETE FROM relation_tuple WHERE ${PLACE} AND subject = :subject`
const DIRECT = `SELECT 1 AS one FROM relation_tuple WHERE ${PLACE} AND subject = :subject`
// The condition on the subject is that of the index.
const SETS = `SELECT subject FROM relation_tuple WHERE ${PLACE} AND instr(subject, '#') > 0
  ORDER BY subject LIMIT :maxSets`
const COUNT = "SELECT count FROM change_count WHERE what = 'relations'"

/** Tuples in SQLite. */
export class SqliteRelations implements RelationRecords {
  readonly #link: SqliteLink
  readonly #direct: StatementSync
  readonly #sets: StatementSync
  readonly #count: StatementSync

  constructor(link: SqliteLink) {
    this.#link = link
    this.#direct = link.db.prepare(DIRECT)
    this.#sets = link.db.prepare(SETS)
    this.#count = link.db.prepare(COUNT)
  }

  write({ add = [], remove = [] }: RelationChange): { added: number; removed: number } {
    const removing = this.#link.db.prepare(REMOVE)
    const adding = this.#link.db.prepare(ADD)
    const run = (statement: StatementSync, tuples: readonly RelationTuple[]): number =>
      tuples.reduce((sum, tuple) => sum + Number(statement.run(cellsOf(tuple)).changes), 0)
    return this.#link.transact(() => {
      const removed = run(removing, remove)
      return { removed, added: run(adding, add) }
    })
  }

  look(questions: readonly RelationTuple[], maxSets: number): readonly RelationLook[] {
    return this.#link.guard(() => questions.map((question) => this.#lookOne(question, maxSets)))
  }

  #lookOne(question: RelationTuple, maxSets: number): RelationLook {
    const { subject: _, ...place } = cellsOf(question)
    if (this.#direct.get(cellsOf(question)) !== undefined) return { isDirect: true, sets: [] }
    const rows = this.#sets.all({ ...place, maxSets })
    return { isDirect: false, sets: rows.map(({ subject }) => String(subject)) }
  }

  list({ limit, after, ...wanted }: RelationFilter): readonly RelationTuple[] {
    const terms = FIELDS.filter((name) => wanted[name] !== undefined).map((name) => `${name} = ?`)
    const values = FIELDS.flatMap((name) => wanted[name] ?? [])
    if (after !== undefined) {
      terms.push(`(${FIELDS.join(', ')}) > (?, ?, ?, ?)`)
      values.push(...FIELDS.map((name) => after[name]))
    }
    const where = terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`
    const sql = `SELECT ${FIELDS.join(', ')} FROM relation_tuple ${where} ORDER BY ${FIELDS.join(', ')} LIMIT ?`
    const rows = this.#link.guard(() => this.#link.db.prepare(sql).all(...values, limit))
    // STRICT columns: each cell is a text.
    return rows.map((row) => ({ ...row }) as unknown as RelationTuple)
  }

  changeToken(): number {
    const count = this.#link.guard(() => this.#count.get())?.['count']
    if (typeof count === 'number') return count
    throw new StoreError('unavailable', 'the change counter is missing')
  }
}

const FIELDS = ['tenant', 'object', 'relation', 'subject'] as const

function cellsOf({ tenant, object, relation, subject }: RelationTuple): Record<string, string> {
  return { tenant, object, relation, subject }
}
