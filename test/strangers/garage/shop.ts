import type { Routes } from '../kit/serve.ts'
import type { Order } from './seed.ts'
import type { Desk } from './desk.ts'

/** Products, orders, coupons. */
export function shopRoutes({ now, withCaller }: Desk): Routes {
  const shown = (order: Order | undefined): object | undefined => {
    if (order === undefined) return undefined
    const { email = '', number = '' } = now().people.get(order.user) ?? {}
    const product = now().products.find(({ id }) => id === order.product_id)
    const { id, quantity, status } = order
    const payment = { card: `4111-1111-1111-${1000 + id}`, cvv: '737' }
    return { id, user: { email, number }, product, quantity, status, payment }
  }
  const orderOf = (id: string | null | undefined): Order | undefined =>
    now().orders.find((order) => String(order.id) === id)
  return {
    'GET /api/shop/products': withCaller(({ credit }) => [
      200,
      { credit, products: now().products },
    ]),
    'POST /api/shop/products': withCaller((_caller, { body }) => {
      const product = { id: now().products.length + 1, ...body }
      now().products.push(product)
      return [200, product]
    }),
    'GET /api/shop/orders': withCaller((caller, { query }) => {
      const own = now().orders.filter(({ user }) => user === caller.email)
      const limit = Number(query.get('limit') ?? 30)
      // A page of any length is made.
      return [200, { orders: own.map(shown), pages: 'x'.repeat(Math.min(limit, 1e6)) }]
    }),
    'POST /api/shop/orders': withCaller((caller, { body }) => {
      const product = now().products.find(({ id }) => id === body.product_id)
      if (product === undefined) return [404, { message: 'No such product' }]
      const price = product.price * body.quantity
      if (caller.credit < price) return [400, { message: 'Insufficient balance' }]
      caller.credit -= price
      const id = now().orders.length + 1
      const { product_id, quantity } = body
      now().orders.push({ id, user: caller.email, product_id, quantity, status: 'delivered' })
      return [200, { id, message: 'Order sent', credit: caller.credit }]
    }),
    // Nobody asks who calls.
    'GET /api/shop/orders/{order_id}': ({ path }) => {
      const order = shown(orderOf(path['order_id']))
      return order === undefined ? [404, { message: 'Not found' }] : [200, { orders: order }]
    },
    'PUT /api/shop/orders/{order_id}': withCaller((caller, { path, body }) => {
      const order = orderOf(path['order_id'])
      if (order === undefined) return [404, { message: 'Not found' }]
      Object.assign(order, body)
      const product = now().products.find(({ id }) => id === order.product_id)
      if (body.status === 'returned') caller.credit += (product?.price ?? 0) * order.quantity
      return [200, { orders: shown(order) }]
    }),
    'POST /api/shop/orders/return': withCaller((_caller, { query }) => {
      const order = orderOf(query.get('order_id'))
      if (order === undefined) return [404, { message: 'Not found' }]
      order.status = 'return pending'
      return [200, { message: 'Please send it back', order: shown(order) }]
    }),
    // A document database takes `{ "$ne": 1 }` for a condition.
    'POST /api/coupons/validate': withCaller((_caller, { body }) => {
      const { coupon_code: told } = body
      const isAny = typeof told === 'object' && told !== null && '$ne' in told
      const coupon = now().coupons.find(({ code }) => isAny || code === told)
      return coupon === undefined ? [404, { message: 'No such coupon' }] : [200, coupon]
    }),
    // A relational one reads quotes; how much it is worth says the client.
    'POST /api/coupons/apply': withCaller((caller, { body }) => {
      const isInjected = /' or '1'='1/i.test(body.coupon_code)
      const coupon = now().coupons.find(({ code }) => code === body.coupon_code)
      if (coupon === undefined && !isInjected) return [400, { message: 'No such coupon' }]
      caller.credit += body.amount
      return [200, { credit: caller.credit, message: 'Coupon applied' }]
    }),
  }
}
