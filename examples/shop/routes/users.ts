import { refusal, type Answer } from '../answer.ts'
import { firstRow, insertRow, literal, updateRow, type Row } from '../database.ts'
import { hashPassword } from '../password.ts'
import { pathValue, type Call, type Route } from '../router.ts'
import { signToken } from '../token.ts'

/** Login, sign-up and profiles. */
export const USER_ROUTES: readonly Route[] = [
  { method: 'POST', template: '/login', answer: login },
  { method: 'POST', template: '/users', answer: signUp },
  { method: 'GET', template: '/users/me', answer: (call) => ok(call.caller) },
  { method: 'GET', template: '/users/{userId}', answer: getUser },
  { method: 'PATCH', template: '/users/{userId}', answer: updateUser },
]

/** HOLE `password-hash`: the row goes out as it stands in the table. */
export function toUser(row: Row): Row {
  return { ...row, isAdmin: row['isAdmin'] === 1 }
}

function ok(row: Row): Answer {
  return { status: 200, json: toUser(row) }
}

/** HOLE `login-flood`: no limit. HOLE `user-enumeration`: says which of the two was wrong. */
function login({ fields, database }: Call): Answer {
  const { email, password } = fields
  const user = firstRow(database, `SELECT * FROM users WHERE email = ${literal(email)}`)
  if (user === undefined) return refusal(401, 'unknown_user', `There is no user ${String(email)}.`)
  if (user['passwordHash'] !== hashPassword(String(password))) {
    return refusal(401, 'wrong_password', 'Wrong password.')
  }
  const token = signToken({ sub: String(user['id']), name: user['name'], admin: user['isAdmin'] })
  return { status: 200, json: { token, user: toUser(user) } }
}

/** HOLE `mass-assignment-sign-up`, HOLE `password-echo`. */
function signUp({ fields, database }: Call): Answer {
  const { password, ...rest } = fields
  const row = insertRow(database, 'users', {
    ...rest,
    passwordHash: hashPassword(String(password)),
    resetToken: `reset-${String(fields['email'])}`,
    createdAt: new Date().toISOString(),
  })
  return { status: 201, json: { ...toUser(row), password } }
}

/** HOLE `others-profile`: whoever asks. */
function getUser(call: Call): Answer {
  const sql = `SELECT * FROM users WHERE id = ${pathValue(call, 'userId')}`
  const row = firstRow(call.database, sql)
  return row === undefined ? refusal(404, 'no_user', 'There is no such user.') : ok(row)
}

/** HOLE `mass-assignment-profile`: every field of the body is written, `isAdmin` too. */
function updateUser(call: Call): Answer {
  const target = { table: 'users', id: pathValue(call, 'userId') }
  const row = updateRow(call.database, target, call.fields)
  return row === undefined ? refusal(404, 'no_user', 'There is no such user.') : ok(row)
}
