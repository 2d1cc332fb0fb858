import type { Call, Reply, Routes } from '../kit/serve.ts'
import type { Line, Order, User } from './kept.ts'
import { detail } from './desk.ts'
import type { Desk } from './desk.ts'

/** Orders of anybody by their number, at any price. */
export function orderRoutes(desk: Desk): Routes {
  const { withCaller } = desk
  const withOrder = (answer: (order: Order) => Reply) =>
    withCaller((_me, { path }) => {
      const order = desk.kept().orders.find(({ id }) => String(id) === path['order_id'])
      return order === undefined ? detail(404, 'Order not found') : answer(order)
    })
  return {
    'POST /orders': withCaller((me, { body }) => makeOrder(desk, me, body)),
    'GET /orders': withCaller((me, { query }) => {
      const skip = Number(query.get('skip') ?? 0)
      const limit = Number(query.get('limit') ?? 100)
      const own = desk.kept().orders.filter(({ user_id }) => user_id === me.id)
      return [200, own.slice(skip, skip + limit)]
    }),
    'GET /orders/{order_id}': withOrder((order) => [200, order]),
    'GET /orders/status/{order_id}': withOrder(({ id, status }) => [200, { order_id: id, status }]),
    'POST /ratings': withCaller((me, { body }) => {
      desk.kept().ratings.push({ ...body, by: me.username })
      return [200, { rating: body.rating, comment: body.comment }]
    }),
  }
}

/** What the body says is believed: price, state, whose coupon. */
function makeOrder(desk: Desk, me: User, body: Call['body']): Reply {
  const { orders, coupons, menu } = desk.kept()
  const coupon = coupons.find(({ id }) => id === body.coupon_id)
  if (typeof body.coupon_id === 'number' && coupon === undefined)
    return detail(404, 'Coupon not found')
  if (coupon !== undefined) coupon.used = true
  const price = (line: Line): number =>
    (menu.find(({ id }) => id === line.menu_item_id)?.price ?? 0) * line.quantity
  const sum = (body.items as Line[]).reduce((total, line) => total + price(line), 0)
  const final_price = sum * (1 - (coupon?.discount_percentage ?? 0) / 100)
  const order: Order = {
    status: 'Pending',
    final_price,
    ...(body as Omit<Order, 'id' | 'user_id' | 'status' | 'final_price'>),
    id: orders.length + 1,
    user_id: me.id,
  }
  orders.push(order)
  return [201, order]
}
