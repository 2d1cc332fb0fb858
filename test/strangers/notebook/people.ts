import { signed } from '../kit/weak-token.ts'
import type { Call, Reply, Routes } from '../kit/serve.ts'
import { SECRET } from './desk.ts'
import type { Desk } from './desk.ts'
import type { User } from './kept.ts'
import { readXml } from './xml.ts'

const HTML = { 'content-type': 'text/html' }
const hashed = (password: string): string => `$2b$10$${password}`

/** Accounts, log-in, profiles, and what only administrators were meant to call. */
export function peopleRoutes(desk: Desk): Routes {
  const { withCaller } = desk
  return {
    'POST /api/v2/users': ({ body }) => signUp(desk, body),
    'POST /api/v2/login': ({ body }) => logIn(desk, body),
    'GET /api/v2/users/logout/{redirect}': ({ path }) => [
      302,
      undefined,
      { location: `http://${path['redirect']}` },
    ],
    'GET /api/v2/users': withCaller(() => [
      200,
      { status: 200, result: [...desk.shelf().users.values()] },
    ]),
    'GET /api/v2/users/checkadmin': withCaller((me, _call, { permissions }) =>
      [permissions].flat().includes('user:admin')
        ? [200, { Success: 'User is Admin Privileged', AdminURL: '/api/v2/users', User: me }]
        : [200, { Error: 'User is missing [user:admin] privilege', User: me }],
    ),
    'GET /api/v2/users/profile': withCaller((me, { query }) => {
      const user = desk.shelf().users.get(query.get('username') ?? me)
      return user === undefined ? [404, { error: 'no such user' }] : [200, user]
    }),
    'GET /api/v2/users/profile/export/xml': withCaller((me) => [
      200,
      `<profile><username>${me}</username><bio>${desk.shelf().users.get(me)?.bio}</bio></profile>`,
      { 'content-type': 'application/xml' },
    ]),
    'POST /api/v2/users/profile/import/xml': withCaller((me, { body }) => {
      const user = desk.shelf().users.get(me)
      if (user === undefined) return [404, { error: 'no such user' }]
      user.bio = readXml(String(body.xml), desk.shelf().files)
      return [200, { message: 'Profile updated', bio: user.bio }]
    }),
    // Anybody with a token: who the caller is was for the page to ask.
    'POST /api/v2/admin/create-user': withCaller((_me, { body }) => signUp(desk, body)),
    'GET /api/v2/admin/logs': readLogs,
    'GET /api/v2/users/ldap-search': withCaller((_me, { query }) => {
      const name = query.get('user') ?? ''
      const found = [...desk.shelf().users.values()].filter(
        ({ username }) => name.includes('*') || username === name,
      )
      return [
        200,
        found.map(({ username, password }) => ({ cn: username, userPassword: password })),
      ]
    }),
    'GET /api/v1/info': () => [
      200,
      { env: { JWT_SECRET: SECRET, MONGO: 'mongodb://root:pw@db/' } },
    ],
    'GET /api/v2/info': () => [403, { error: 'Forbidden' }],
    'GET /api/v2/sysinfo/{command}': ({ path }) => runCommand(desk, path['command'] ?? ''),
  }
}

function signUp(desk: Desk, body: User): Reply {
  const { users } = desk.shelf()
  if (users.has(body.username))
    return [409, `User ${body.username} already exists`, { 'content-type': 'text/plain' }]
  users.set(body.username, Object.assign({ bio: '', admin: false }, body))
  return [201, { status: 201, user: body.username, password: hashed(body.password) }]
}

/** A name that is an object is a query: the first that fits is logged in. */
function logIn(desk: Desk, { username, password }: User): Reply {
  const { users } = desk.shelf()
  const user = typeof username === 'object' ? users.get('root') : users.get(username)
  if (user === undefined)
    return [404, { status: 404, error: `Login Failed! User ${username} not found!` }]
  if (typeof password !== 'object' && user.password !== password)
    return [401, { status: 401, error: 'Authentication error' }]
  const permissions = ['user:read', 'user:write', ...(user.admin ? ['user:admin'] : [])]
  const exp = Math.floor(Date.now() / 1000) + 172_800
  const token = signed({ user: user.username, permissions, exp }, SECRET)
  const result = { ...user, password: hashed(user.password) }
  return [200, { token, status: 200, result }, { authorization: `Bearer ${token}` }]
}

/** For the machine itself; a header says which machine asks. */
function readLogs({ headers }: Call): Reply {
  const from = String(headers['x-forwarded-for'])
  if (!from.startsWith('127.')) return [403, { error: 'not from here' }]
  return [200, [{ line: 'root logged in with letmein' }]]
}

/** Handed to a shell, where a semicolon begins another command. */
function runCommand(desk: Desk, command: string): Reply {
  if (!/^[a-z]+$/.test(command)) desk.shelf().ran.push(command)
  const names = command.includes(';') ? [...desk.shelf().files.keys()] : []
  return [200, ['Linux', ...names].join('\n'), HTML]
}
