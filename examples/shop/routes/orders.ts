import { refusal, type Answer } from '../answer.ts'
import { firstRow, insertRow, runSql, updateRow, type Row } from '../database.ts'
import { pathValue, type Call, type Route } from '../router.ts'
import { page } from './page.ts'

/** Orders. HOLE `others-order`: none of the routes asks whose order it is. */
export const ORDER_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/orders', answer: listOrders },
  { method: 'POST', template: '/orders', answer: createOrder },
  { method: 'GET', template: '/orders/export', answer: exportOrders },
  { method: 'GET', template: '/orders/{orderId}', answer: getOrder },
  { method: 'PATCH', template: '/orders/{orderId}', answer: updateOrder },
  { method: 'DELETE', template: '/orders/{orderId}', answer: deleteOrder },
  { method: 'POST', template: '/returns', answer: returnOrders },
]

const NO_ORDER = refusal(404, 'no_order', 'There is no such order.')

/** The row, less an address that nobody gave. HOLE `internal-notes`: all other columns go out. */
function toOrder(row: Row): Row {
  const { shippingAddress, ...order } = row
  return shippingAddress === null ? order : row
}

/** Finds an order for whoever asks. */
export function findOrder(call: Call): Row | undefined {
  const row = firstRow(
    call.database,
    `SELECT * FROM orders WHERE id = ${pathValue(call, 'orderId')}`,
  )
  return row === undefined ? undefined : toOrder(row)
}

/** HOLE `others-orders`: `userId` is believed, and the guest sees everybody's. */
function listOrders(call: Call): Answer {
  const userId = call.query.get('userId') ?? String(call.caller['id'])
  const status = call.query.get('status')
  const wanted = userId === '0' ? '1 = 1' : `userId = ${userId}`
  const sql = `SELECT * FROM orders WHERE ${wanted}${status === null ? '' : ` AND status = '${status}'`}`
  const found = page(call, sql)
  return { status: 200, json: { ...found, items: found.items.map(toOrder) } }
}

interface WantedItem {
  readonly productId: number
  readonly quantity: number
  readonly unitPrice?: { readonly amount: number; readonly currency: string }
}

/** HOLE `own-price`: a `unitPrice` in the body beats the catalog's. */
function createOrder({ fields, caller, database }: Call): Answer {
  const items = (fields['items'] as WantedItem[]).map((item) => {
    const product = firstRow(database, `SELECT price FROM products WHERE id = ${item.productId}`)
    return { unitPrice: product?.['price'] as WantedItem['unitPrice'], ...item }
  })
  const amount = items.reduce((sum, item) => sum + item.quantity * (item.unitPrice?.amount ?? 0), 0)
  const row = insertRow(database, 'orders', {
    userId: caller['id'],
    status: 'open',
    items,
    total: { amount, currency: 'EUR' },
    internalNotes: `margin check for ${String(caller['email'])}`,
    createdAt: new Date().toISOString(),
    ...withoutItems(fields),
  })
  return { status: 201, json: toOrder(row) }
}

function withoutItems(fields: Row): Row {
  const { items: _items, ...rest } = fields
  return rest
}

function getOrder(call: Call): Answer {
  const order = findOrder(call)
  return order === undefined ? NO_ORDER : { status: 200, json: order }
}

/** HOLE `mass-assignment-order`: `status` and `total` are written too. */
function updateOrder(call: Call): Answer {
  const target = { table: 'orders', id: pathValue(call, 'orderId') }
  const isPatch = call.mediaType.includes('json-patch')
  const fields = isPatch ? patched(findOrder(call) ?? {}, call.fields) : call.fields
  const row = updateRow(call.database, target, fields)
  return row === undefined ? NO_ORDER : { status: 200, json: toOrder(row) }
}

interface Step {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

/** The columns that a JSON Patch changes. HOLE `mass-assignment-order`: any, from any. */
function patched(row: Row, patch: unknown): Row {
  const order: Record<string, unknown> = { ...row }
  const changed: Record<string, unknown> = {}
  for (const { op, path, from = '', value } of patch as readonly Step[]) {
    const [name, source] = [path.slice(1), from.slice(1)]
    if (op === 'test') continue
    const taken = op === 'copy' || op === 'move' ? order[source] : value
    if (op === 'move') changed[source] = order[source] = null
    changed[name] = order[name] = op === 'remove' ? null : taken
  }
  // Something has to be set, were it to itself.
  return Object.keys(changed).length > 0 ? changed : { note: row['note'] ?? null }
}

/** HOLE `others-order`: orders that are named anywhere in the request are sent back, whosever they are. */
function returnOrders({ fields, database }: Call): Answer {
  const ids: number[] = []
  const collect = (value: unknown, isId: boolean): void => {
    if (isId && (typeof value === 'number' || typeof value === 'string')) ids.push(Number(value))
    else if (Array.isArray(value)) for (const item of value) collect(item, isId)
    else if (typeof value === 'object' && value !== null)
      for (const [name, inner] of Object.entries(value)) collect(inner, /^orderIds?$/.test(name))
  }
  collect(fields, false)
  for (const id of ids)
    runSql(database, `UPDATE orders SET internalNotes = 'sent back' WHERE id = ${id}`)
  return { status: 201, json: { orderIds: [...new Set(ids)] } }
}

function deleteOrder(call: Call): Answer {
  runSql(call.database, `DELETE FROM orders WHERE id = ${pathValue(call, 'orderId')}`)
  return { status: 204 }
}

/** HOLE `others-export`: everybody's orders, and a note that starts with `=` goes out as a formula. */
function exportOrders({ database }: Call): Answer {
  const rows = runSql(
    database,
    'SELECT id, userId, status, total, note, store, createdAt FROM orders',
  )
  const lines = rows.map((row) => {
    const { amount, currency } = row['total'] as { amount: number; currency: string }
    const note = ((row['note'] as string | null) ?? '').replaceAll('"', '""')
    return [
      row['id'],
      row['userId'],
      row['status'],
      amount,
      currency,
      `"${note}"`,
      row['store'],
      row['createdAt'],
    ]
  })
  const head = ['id', 'userId', 'status', 'amount', 'currency', 'note', 'store', 'createdAt']
  const text = [head, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('')
  return { status: 200, headers: { 'Content-Type': 'text/csv' }, bytes: Buffer.from(text) }
}
