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
  const row = updateRow(call.database, target, call.fields)
  return row === undefined ? NO_ORDER : { status: 200, json: toOrder(row) }
}

function deleteOrder(call: Call): Answer {
  runSql(call.database, `DELETE FROM orders WHERE id = ${pathValue(call, 'orderId')}`)
  return { status: 204 }
}

/** HOLE `others-export`: everybody's orders, and a note that starts with `=` goes out as a formula. */
function exportOrders({ database }: Call): Answer {
  const rows = runSql(database, 'SELECT id, userId, status, total, note, createdAt FROM orders')
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
      row['createdAt'],
    ]
  })
  const head = ['id', 'userId', 'status', 'amount', 'currency', 'note', 'createdAt']
  const text = [head, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('')
  return { status: 200, headers: { 'Content-Type': 'text/csv' }, bytes: Buffer.from(text) }
}
