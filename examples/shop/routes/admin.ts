import type { Answer } from '../answer.ts'
import { runSql } from '../database.ts'
import { pathValue, type Call, type Route } from '../router.ts'
import { page } from './page.ts'
import { toUser } from './users.ts'

/**
 * What only administrators should reach. HOLE `admin-list`, `admin-delete`, `admin-report`: nobody asks
 * for the role.
 */
export const ADMIN_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/admin/users', answer: listUsers },
  { method: 'DELETE', template: '/admin/users/{userId}', answer: deleteUser },
  { method: 'GET', template: '/admin/reports/sales', answer: salesReport },
]

function listUsers(call: Call): Answer {
  const found = page(call, 'SELECT * FROM users')
  return { status: 200, json: { ...found, items: found.items.map(toUser) } }
}

function deleteUser(call: Call): Answer {
  runSql(call.database, `DELETE FROM users WHERE id = ${pathValue(call, 'userId')}`)
  return { status: 204 }
}

/** HOLE `report-sql`: the statement is part of the answer. */
function salesReport({ query, database }: Call): Answer {
  const from = query.get('from') ?? ''
  const to = query.get('to') ?? ''
  const sql =
    `SELECT status, count(*) AS orderCount, sum(json_extract(total, '$.amount')) AS amount ` +
    `FROM orders WHERE date(createdAt) BETWEEN '${from}' AND '${to}' GROUP BY status ORDER BY status`
  const lines = runSql(database, sql)
  const sum = (name: string): number => lines.reduce((all, line) => all + Number(line[name]), 0)
  const revenue = { amount: sum('amount'), currency: 'EUR' }
  return { status: 200, json: { from, to, orderCount: sum('orderCount'), revenue, lines, sql } }
}
