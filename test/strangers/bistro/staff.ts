import type { Call, Routes } from '../kit/serve.ts'
import type { Item } from './kept.ts'
import { detail } from './desk.ts'
import type { Desk } from './desk.ts'

/** The menu and what only the staff was meant to call. */
export function staffRoutes(desk: Desk): Routes {
  const { withCaller } = desk
  return {
    'GET /menu': ({ query }) => [200, search(desk, query.get('search') ?? '')],
    'PUT /menu': withCaller((me, { body }) =>
      me.role === 'Customer'
        ? detail(403, 'You are not authorized')
        : [201, cook(desk, body, desk.kept().menu.length + 1)],
    ),
    'PUT /menu/{item_id}': withCaller((_me, { body, path }) => [
      200,
      cook(desk, body, Number(path['item_id'])),
    ]),
    'DELETE /menu/{item_id}': withCaller((_me, { path }) => {
      const kept = desk.kept()
      kept.menu = kept.menu.filter(({ id }) => String(id) !== path['item_id'])
      return [204]
    }),
    'PUT /users/update_role': withCaller((me, { body }) => {
      if (body.role === 'Chef' && me.role !== 'Chef') return detail(401, 'Only Chef is authorized')
      const user = desk.kept().users.find(({ username }) => username === body.username)
      if (user === undefined) return detail(404, 'Not found')
      user.role = body.role
      return [200, { username: user.username, role: user.role }]
    }),
    // A page for riders; nobody asks who they are.
    'GET /orders/delivery': () => {
      const { orders, users } = desk.kept()
      return [200, orders.map((order) => ({ ...order, customer: users[order.user_id - 1] }))]
    },
    'GET /admin/stats/disk': withCaller((me, { query }) => {
      if (me.role !== 'Chef') return detail(403, 'You are not authorized')
      const parameters = query.get('parameters') ?? ''
      if (/[;&|$`]/.test(parameters)) desk.kept().ran.push(parameters)
      return [200, { output: `/dev/sda1 50% ${parameters}` }]
    }),
    // For the machine itself; a header says which machine asks.
    'GET /admin/reset-chef-password': ({ headers }) =>
      headers['x-real-ip'] === '127.0.0.1'
        ? [200, { password: resetChef(desk) }]
        : detail(403, 'Only from the local machine!'),
  }
}

/** As a database reads a name that ends its own text. */
function search(desk: Desk, text: string): unknown {
  const { users, menu } = desk.kept()
  if (/'\s*union/i.test(text))
    return users.map(({ id, username, password }) => ({ id, name: username, category: password }))
  return menu.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()))
}

function resetChef(desk: Desk): string {
  const [chef] = desk.kept().users
  if (chef !== undefined) chef.password = 'reset-0001'
  return 'reset-0001'
}

/** Keeps a dish; its picture is asked for wherever it is said to be. */
function cook(desk: Desk, body: Call['body'], id: number): Item {
  const kept = desk.kept()
  const { image_url, ...rest } = body
  if (typeof image_url === 'string') kept.fetched.push(image_url)
  const isErrand = String(image_url).includes('reset-chef-password')
  const picture = isErrand ? resetChef(desk) : String(image_url)
  const item: Item = { ...rest, id, image_base64: Buffer.from(picture).toString('base64') }
  kept.menu = [...kept.menu.filter((other) => other.id !== id), item]
  return item
}
