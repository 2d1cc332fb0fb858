import type { Call, Reply, Routes } from '../kit/serve.ts'
import { signed } from '../kit/weak-token.ts'
import type { User } from './kept.ts'
import { detail, SECRET } from './desk.ts'
import type { Desk } from './desk.ts'

/** Log-in, accounts, forgotten passwords and what friends bring. */
export function accountRoutes(desk: Desk): Routes {
  const { withCaller } = desk
  const find = (name: unknown): User | undefined =>
    desk.kept().users.find(({ username }) => username === name)
  return {
    'GET /healthcheck': () => [200, { ok: true }],
    'GET /docs': () => [200, { swagger: '/openapi.json' }],
    'GET /debug': () => [200, { env_vars: { SECRET_KEY: SECRET, POSTGRES_PASSWORD: 'password' } }],
    'POST /token': ({ body }) => {
      const user = find(body.username)
      if (user === undefined) return detail(401, 'No such user')
      if (user.password !== body.password) return detail(401, 'Incorrect password')
      const exp = Math.floor(Date.now() / 1000) + 3600
      const access_token = signed({ sub: user.username, exp }, SECRET)
      return [200, { access_token, token_type: 'bearer' }]
    },
    'POST /register': ({ body }) => {
      const { users } = desk.kept()
      if (find(body.username) !== undefined)
        return detail(403, 'Username or phone number already registered.')
      const id = users.length + 1
      const user = { role: 'Customer', first_name: null, referral_code: `R${id}`, ...body, id }
      users.push(user)
      return [201, user]
    },
    ...forgotten(find),
    'GET /profile': withCaller((me) => [200, me]),
    'PUT /profile': withCaller((_me, { body }) => putProfile(find(body.username), body)),
    'PATCH /profile': withCaller((me, { body }) => [200, Object.assign(me, body)]),
    'GET /referral-code': withCaller((me) => [200, { code: me.referral_code }]),
    'POST /apply-referral': withCaller((me, { body }) => {
      const { users, coupons } = desk.kept()
      const friend = users.find(({ referral_code }) => referral_code === body.referral_code)
      if (friend === undefined) return [200, { message: 'Invalid referral code', discount: 0 }]
      coupons.push({ id: coupons.length + 1, user_id: me.id, discount_percentage: 20, used: false })
      return [200, { message: `${friend.referral_code} applied successfully`, discount: 20 }]
    }),
    'GET /discount-coupons': withCaller((me) => [
      200,
      desk.kept().coupons.filter(({ user_id }) => user_id === me.id),
    ]),
  }
}

/** Codes of four digits, tried as often as one likes. */
function forgotten(find: (name: unknown) => User | undefined): Routes {
  return {
    'POST /reset-password': ({ body }) => {
      const user = find(body.username)
      if (user === undefined) return detail(400, 'Invalid username or phone number')
      if (user.role !== 'Customer') return detail(400, 'Only customers can reset their password')
      user.code = String(4000 + user.id)
      return detail(200, 'PIN code sent to your phone number')
    },
    'POST /reset-password/new-password': ({ body }) => {
      const user = find(body.username)
      if (user?.code === undefined || user.code !== body.reset_password_code)
        return detail(400, 'Invalid reset password code')
      user.password = body.new_password
      return detail(200, 'Password updated successfully!')
    },
  }
}

/** Whoever the body names is changed. */
function putProfile(user: User | undefined, body: Call['body']): Reply {
  if (user === undefined)
    return detail(
      500,
      "AttributeError: 'NoneType' object has no attribute 'id' at /app/auth.py line 71",
    )
  for (const [name, value] of Object.entries(body))
    if (value !== null) Object.assign(user, { [name]: value })
  return [200, user]
}
