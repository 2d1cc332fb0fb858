import { firstRow, runSql, type Row } from '../database.ts'
import type { Call } from '../router.ts'

/** A page of a list. */
export interface Page {
  readonly items: readonly Row[]
  readonly total: unknown
  readonly limit: number
  readonly offset: number
}

/** Cuts a page out of `sql`. HOLE `unbounded-page`: any `limit` the caller likes, -1 for everything. */
export function page(call: Call, sql: string): Page {
  const limit = call.query.get('limit') ?? '20'
  const offset = call.query.get('offset') ?? '0'
  // On lines of their own: a comment that the caller smuggled in must not swallow the page.
  const items = runSql(call.database, `${sql}\nLIMIT ${limit} OFFSET ${offset}`)
  const count = firstRow(call.database, `SELECT count(*) AS total FROM (\n${sql}\n)`)
  return { items, total: count?.['total'], limit: Number(limit), offset: Number(offset) }
}
