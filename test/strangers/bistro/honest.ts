import { checksOf } from '../kit/table.ts'
import type { Check } from '../kit/world.ts'
import type { Kept } from './kept.ts'
const form = (fields: Record<string, string>) => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
})
const dish = { name: 'Cake', price: 4, category: 'Dessert', image_url: null, description: null }
const order = {
  delivery_address: 'Ann street',
  phone_number: '102',
  items: [{ menu_item_id: 1, quantity: 2 }],
  coupon_id: null,
}

export const HONEST_CALLS: readonly Check[] = checksOf<Kept>([
  ['health', async ({ call }) => (await call('GET', '/healthcheck')).json.ok === true],
  ['menu without token', async ({ call }) => (await call('GET', '/menu')).json.length === 2],
  [
    'search the menu',
    async ({ call }) => (await call('GET', '/menu?search=soup')).json[0]?.name === 'Soup',
  ],
  [
    'register and log in',
    async ({ call }) =>
      (
        await call('POST', '/register', {
          json: { username: 'cleo', password: 'cleo-pass', phone_number: '8', first_name: null },
        })
      ).json?.username === 'cleo' &&
      typeof (await call('POST', '/token', form({ username: 'cleo', password: 'cleo-pass' }))).json
        ?.access_token === 'string',
  ],
  [
    'see the own profile',
    async ({ call }) => (await call('GET', '/profile', { by: 'ann' })).json.role === 'Customer',
  ],
  [
    'put the own profile',
    async ({ call, state }) =>
      (
        await call('PUT', '/profile', {
          by: 'ann',
          json: { username: 'ann', first_name: 'Anna', phone_number: null },
        })
      ).status === 200 && (await state()).users[2]?.first_name === 'Anna',
  ],
  [
    'patch the own profile',
    async ({ call, state }) =>
      (await call('PATCH', '/profile', { by: 'ann', json: { first_name: 'Anna' } })).status ===
        200 && (await state()).users[2]?.first_name === 'Anna',
  ],
  [
    'order',
    async ({ call }) =>
      (await call('POST', '/orders', { by: 'ann', json: order })).json.final_price === 10,
  ],
  [
    'order without naming a coupon',
    async ({ call }) =>
      (
        await call('POST', '/orders', {
          by: 'ann',
          json: {
            delivery_address: 'Ann street',
            phone_number: '102',
            items: [{ menu_item_id: 1, quantity: 2 }],
          },
        })
      ).json.final_price === 10,
  ],
  [
    'order with the own coupon',
    async ({ call }) =>
      (await call('POST', '/orders', { by: 'ann', json: { ...order, coupon_id: 1 } })).json
        .final_price === 8,
  ],
  [
    'list own orders',
    async ({ call }) => (await call('GET', '/orders', { by: 'ann' })).json.length === 1,
  ],
  [
    'see an own order',
    async ({ call }) =>
      (await call('GET', '/orders/1', { by: 'ann' })).json.delivery_address === 'Ann street',
  ],
  [
    'see the status of an own order',
    async ({ call }) =>
      (await call('GET', '/orders/status/1', { by: 'ann' })).json.status === 'Pending',
  ],
  [
    'an order just made is seen',
    async ({ call }) => {
      const { id } = (await call('POST', '/orders', { by: 'ann', json: order })).json
      return (await call('GET', `/orders/${id}`, { by: 'ann' })).json.id === id
    },
  ],
  [
    'rate',
    async ({ call }) =>
      (
        await call('POST', '/ratings', {
          by: 'ann',
          json: { rating: 5, comment: "it's good; really" },
        })
      ).json.rating === 5,
  ],
  [
    'own referral code seen',
    async ({ call }) =>
      (await call('GET', '/referral-code', { by: 'ann' })).json.code === 'ANN00011',
  ],
  [
    'code of a friend',
    async ({ call }) =>
      (await call('POST', '/apply-referral', { by: 'ann', json: { referral_code: 'BOB00011' } }))
        .json.discount === 20,
  ],
  [
    'own coupons',
    async ({ call }) => (await call('GET', '/discount-coupons', { by: 'ann' })).json.length === 1,
  ],
  [
    'employee makes a dish',
    async ({ call }) =>
      (
        await call('PUT', '/menu', {
          by: 'eddy',
          json: { ...dish, image_url: 'http://images.bistro.example/cake.png' },
        })
      ).status === 201,
  ],
  [
    'employee sees deliveries',
    async ({ call }) => (await call('GET', '/orders/delivery', { by: 'eddy' })).json.length === 2,
  ],
  [
    'employee removes a dish',
    async ({ call, state }) =>
      (await call('DELETE', '/menu/1', { by: 'eddy' })).status === 204 &&
      (await state()).menu.length === 1,
  ],
  [
    'chef names an employee',
    async ({ call, state }) =>
      (
        await call('PUT', '/users/update_role', {
          by: 'chef',
          json: { username: 'ann', role: 'Employee' },
        })
      ).json.role === 'Employee' && (await state()).users[2]?.role === 'Employee',
  ],
  [
    'chef sees the disk',
    async ({ call }) =>
      (await call('GET', '/admin/stats/disk?parameters=-h', { by: 'chef' })).json.output.includes(
        '50%',
      ),
  ],
  [
    'reset a password',
    async ({ call, state }) => {
      await call('POST', '/reset-password', { json: { username: 'ann' } })
      return (
        (
          await call('POST', '/reset-password/new-password', {
            json: {
              username: 'ann',
              reset_password_code: (await state()).users[2]?.code,
              new_password: 'newer',
            },
          })
        ).status === 200 && (await state()).users[2]?.password === 'newer'
      )
    },
  ],
])
