import { signed } from '../kit/weak-token.ts'
import { checksOf } from '../kit/table.ts'
import type { Check } from '../kit/world.ts'
import type { Kept } from './kept.ts'
import { SECRET } from './desk.ts'

const SOON = Math.floor(Date.now() / 1000) + 3600
const form = (o: Record<string, string>) => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: String(new URLSearchParams(o)),
})
const dish = { name: 'Cake', price: 4, category: 'Dessert', image_url: null, description: null }
const order = {
  delivery_address: 'Ann street',
  phone_number: '102',
  items: [{ menu_item_id: 1, quantity: 2 }],
  coupon_id: null,
}

export const HOLES: readonly Check[] = checksOf<Kept>([
  [
    'banner of the framework',
    async ({ call }) => (await call('GET', '/healthcheck')).headers.has('x-powered-by'),
  ],
  [
    'debug that no document knows',
    async ({ call }) => (await call('GET', '/debug', { by: 'ann' })).text.includes('SECRET_KEY'),
  ],
  ['page of the document', async ({ call }) => (await call('GET', '/docs')).status === 200],
  [
    'dish deleted by a customer',
    async ({ call, state }) => {
      await call('DELETE', '/menu/1', { by: 'ann' })
      return (await state()).menu.length < 2
    },
  ],
  [
    'dish changed by a customer',
    async ({ call, state }) => {
      await call('PUT', '/menu/1', { by: 'ann', json: { ...dish, price: 0.01 } })
      return (await state()).menu.some((i) => i.price === 0.01)
    },
  ],
  [
    'profile of another changed',
    async ({ call, state }) => {
      await call('PUT', '/profile', {
        by: 'ann',
        json: { username: 'bob', first_name: 'x', phone_number: '666' },
      })
      return (await state()).users[3]?.phone_number === '666'
    },
  ],
  [
    'role by PATCH',
    async ({ call, state }) => {
      await call('PATCH', '/profile', { by: 'ann', json: { first_name: 'A', role: 'Chef' } })
      return (await state()).users[2]?.role === 'Chef'
    },
  ],
  [
    'name by PATCH',
    async ({ call, state }) => {
      await call('PATCH', '/profile', { by: 'ann', json: { username: 'chef2' } })
      return (await state()).users[2]?.username === 'chef2'
    },
  ],
  [
    'role at registration',
    async ({ call, state }) => {
      await call('POST', '/register', {
        json: { username: 'eve', password: 'eve-pass', phone_number: '9', role: 'Chef' },
      })
      return (await state()).users.some((u) => u.username === 'eve' && u.role === 'Chef')
    },
  ],
  [
    'password in the answer to a registration',
    async ({ call }) =>
      (
        await call('POST', '/register', {
          json: { username: 'eve', password: 'eve-pass', phone_number: '9' },
        })
      ).text.includes('eve-pass'),
  ],
  [
    'password in the own profile',
    async ({ call }) => (await call('GET', '/profile', { by: 'ann' })).text.includes('ann-pass'),
  ],
  [
    'role changed by a customer',
    async ({ call, state }) => {
      await call('PUT', '/users/update_role', {
        by: 'ann',
        json: { username: 'ann', role: 'Employee' },
      })
      return (await state()).users[2]?.role === 'Employee'
    },
  ],
  [
    'role changed by an employee',
    async ({ call, state }) => {
      await call('PUT', '/users/update_role', {
        by: 'eddy',
        json: { username: 'ann', role: 'Employee' },
      })
      return (await state()).users[2]?.role === 'Employee'
    },
  ],
  [
    'errand inside by an employee',
    async ({ call, state }) => {
      await call('PUT', '/menu', {
        by: 'eddy',
        json: { ...dish, image_url: 'http://localhost:8091/admin/reset-chef-password' },
      })
      return (await state()).fetched.length > 0
    },
  ],
  [
    'errand inside at a change',
    async ({ call, state }) => {
      await call('PUT', '/menu/1', {
        by: 'eddy',
        json: { ...dish, image_url: 'http://169.254.169.254/latest/meta-data' },
      })
      return (await state()).fetched.length > 0
    },
  ],
  [
    'password of the chef reset',
    async ({ call }) =>
      (
        await call('GET', '/admin/reset-chef-password', {
          by: 'ann',
          headers: { 'x-real-ip': '127.0.0.1' },
        })
      ).status === 200,
  ],
  [
    'password of the chef reset without token',
    async ({ call }) =>
      (await call('GET', '/admin/reset-chef-password', { headers: { 'x-real-ip': '127.0.0.1' } }))
        .status === 200,
  ],
  [
    'command in a parameter',
    async ({ call, state }) => {
      await call('GET', '/admin/stats/disk?parameters=-h%3Bcat%20/etc/passwd', { by: 'chef' })
      return (await state()).ran.length > 0
    },
  ],
  [
    'order of another',
    async ({ call }) => (await call('GET', '/orders/2', { by: 'ann' })).text.includes('Bob street'),
  ],
  [
    'status of the order of another',
    async ({ call }) =>
      (await call('GET', '/orders/status/2', { by: 'ann' })).text.includes('Pending'),
  ],
  [
    'all orders without token',
    async ({ call }) => (await call('GET', '/orders/delivery')).text.includes('Bob street'),
  ],
  [
    'all orders to a customer',
    async ({ call }) =>
      (await call('GET', '/orders/delivery', { by: 'ann' })).text.includes('Bob street'),
  ],
  [
    'passwords of customers in deliveries',
    async ({ call }) =>
      (await call('GET', '/orders/delivery', { by: 'eddy' })).text.includes('bob-pass'),
  ],
  [
    'price of the own choice',
    async ({ call, state }) => {
      await call('POST', '/orders', { by: 'ann', json: { ...order, final_price: 0 } })
      return (await state()).orders.length === 3 && (await state()).orders[2]?.final_price === 0
    },
  ],
  [
    'state of the own choice',
    async ({ call, state }) => {
      await call('POST', '/orders', { by: 'ann', json: { ...order, status: 'Delivered' } })
      return (await state()).orders[2]?.status === 'Delivered'
    },
  ],
  [
    'money back by a negative quantity',
    async ({ call, state }) => {
      await call('POST', '/orders', {
        by: 'ann',
        json: { ...order, items: [{ menu_item_id: 2, quantity: -3 }] },
      })
      return ((await state()).orders[2]?.final_price ?? 0) < 0
    },
  ],
  [
    'coupon of another',
    async ({ call, state }) => {
      await call('POST', '/orders', { by: 'ann', json: { ...order, coupon_id: 2 } })
      return (await state()).coupons[1]?.used === true
    },
  ],
  [
    'own referral code',
    async ({ call, state }) => {
      await call('POST', '/apply-referral', { by: 'ann', json: { referral_code: 'ANN00011' } })
      return (await state()).coupons.length > 2
    },
  ],
  [
    'referral again and again',
    async ({ call, state }) => {
      for (let i = 0; i < 4; i++)
        await call('POST', '/apply-referral', { by: 'bob', json: { referral_code: 'ANN00011' } })
      return (await state()).coupons.length > 3
    },
  ],
  [
    'unsigned token',
    async ({ call }) =>
      (
        await call('GET', '/profile', { token: signed({ sub: 'chef', exp: SOON }, undefined) })
      ).text.includes('Chef'),
  ],
  [
    'token signed with a guessed secret',
    async ({ call }) =>
      (
        await call('GET', '/profile', { token: signed({ sub: 'chef', exp: SOON }, SECRET) })
      ).text.includes('Chef'),
  ],
  [
    'query in a search',
    async ({ call }) =>
      (await call('GET', '/menu?search=%27%20UNION%20SELECT%20*')).text.includes('chef-pass'),
  ],
  [
    'bounds of a page',
    async ({ call }) =>
      (await call('GET', '/orders?limit=100000000', { by: 'ann' })).status === 200,
  ],
  [
    'marks beyond the scale',
    async ({ call, state }) => {
      await call('POST', '/ratings', { by: 'ann', json: { rating: 999, comment: 'x' } })
      return (await state()).ratings.length > 0
    },
  ],
  [
    'any origin',
    async ({ call }) =>
      (
        await call('GET', '/orders', { by: 'ann', headers: { origin: 'https://evil.example' } })
      ).headers.has('access-control-allow-origin'),
  ],
  [
    'inside of a program in an error',
    async ({ call }) =>
      (
        await call('PUT', '/profile', {
          by: 'ann',
          json: { username: "ann'", first_name: null, phone_number: null },
        })
      ).text.includes('/app/'),
  ],
  [
    'accounts told apart at the log-in',
    async ({ call }) => {
      const t = async (username: string) => {
        const g = await call('POST', '/token', form({ username, password: 'wrong' }))
        return g.status + g.text.replace(/[0-9a-f]{32}/, '')
      }
      return (await t('bob')) !== (await t('nobody'))
    },
  ],
  [
    'accounts told apart at a reset',
    async ({ call }) => {
      const t = async (username: string) => {
        const g = await call('POST', '/reset-password', { json: { username } })
        return g.status + g.text.replace(/[0-9a-f]{32}/, '')
      }
      return (await t('bob')) !== (await t('nobody')) || (await t('chef')) !== (await t('bob'))
    },
  ],
  [
    'code of a reset guessed',
    async ({ call, state }) => {
      await call('POST', '/reset-password', { json: { username: 'bob' } })
      for (let i = 3996; i < 4006; i++)
        await call('POST', '/reset-password/new-password', {
          json: { username: 'bob', reset_password_code: String(i), new_password: 'owned' },
        })
      return (await state()).users[3]?.password === 'owned'
    },
  ],
  [
    'passwords guessed',
    async ({ call }) => {
      for (let i = 0; i < 8; i++)
        await call('POST', '/token', form({ username: 'bob', password: `guess-${i}` }))
      return (
        (await call('POST', '/token', form({ username: 'bob', password: 'bob-pass' }))).status ===
        200
      )
    },
  ],
  [
    'accounts made without end',
    async ({ call, state }) => {
      for (let i = 0; i < 15; i++)
        await call('POST', '/register', {
          json: { username: `m${i}`, password: 'p', phone_number: `7${i}` },
        })
      return (await state()).users.length > 16
    },
  ],
])
