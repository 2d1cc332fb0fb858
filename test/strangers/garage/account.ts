import { signed } from '../kit/weak-token.ts'
import type { Call, Reply, Routes } from '../kit/serve.ts'
import { SECRET } from './desk.ts'
import type { Desk } from './desk.ts'

/** Log-ins, forgotten passwords, profiles, what managers do. */
export function accountRoutes({ now, withCaller }: Desk): Routes {
  const checkOtp =
    (isCounted: boolean) =>
    ({ body }: Call): Reply => {
      const person = now().people.get(body.email)
      if (person?.otp === undefined) return [500, { message: 'Invalid OTP' }]
      if (isCounted && (person.tries = (person.tries ?? 0) + 1) > 5)
        return [503, { message: 'Too many tries' }]
      if (person.otp !== body.otp) return [500, { message: 'Invalid OTP' }]
      person.password = body.password
      return [200, { message: 'OTP verified', status: 200 }]
    }
  return {
    'POST /api/token': ({ body }) => {
      const person = now().people.get(body.username)
      if (person === undefined) return [401, { detail: 'User is not registered' }]
      if (person.password !== body.password) return [401, { detail: 'Wrong password' }]
      const claims = { sub: person.email, exp: Math.floor(Date.now() / 1000) + 604_800 }
      const access_token = signed(claims, SECRET)
      return [200, { access_token, token_type: 'bearer', role: person.role }]
    },
    'POST /api/signup': ({ body }) => {
      if (now().people.has(body.email)) return [403, { message: 'Already registered' }]
      now().people.set(body.email, { role: 'customer', credit: 0, ...body })
      return [201, { message: 'Registered', status: 201 }]
    },
    'POST /api/password/forgot': ({ body }) => {
      const person = now().people.get(body.email)
      if (person === undefined) return [404, { message: 'This address is not registered' }]
      person.otp = '0417'
      return [200, { message: 'OTP sent', status: 200 }]
    },
    'POST /api/v3/password/check-otp': checkOtp(true),
    'POST /api/v2/password/check-otp': checkOtp(false),
    // Nobody switched it off.
    'POST /api/v1/password/check-otp': checkOtp(false),
    'GET /api/me': withCaller((caller) => [200, caller]),
    // Whose profile it is stands in the body.
    'PUT /api/me': withCaller((_caller, { body }) => {
      const person = now().people.get(body.email)
      if (person === undefined) return [404, { detail: 'Not found' }]
      Object.assign(person, body)
      return [200, person]
    }),
    'GET /api/manager/people': withCaller(() => [200, [...now().people.values()]]),
    'PUT /api/manager/role': withCaller((_caller, { body }) => {
      const person = now().people.get(body.email)
      if (person === undefined) return [404, { detail: 'Not found' }]
      person.role = body.role
      return [200, { email: person.email, role: person.role }]
    }),
    // As `df ${parameters}` in a shell.
    'GET /api/manager/disk': withCaller((_caller, { query }) => {
      const told = query.get('parameters') ?? ''
      return [200, { output: `/dev/sda1 42%${told.includes(';') ? '\nuid=0(root)' : ''}` }]
    }),
    'GET /api/debug/env': () => [200, { SECRET, DATABASE: 'postgres://garage:oil@db/garage' }],
  }
}
