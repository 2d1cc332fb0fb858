import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pack, unpack } from '../threads/portable.ts'
import { faultsOf, MINIMAL, settingsOf } from './config-fixture.ts'
import { missingWrapNames } from './wrap-names.ts'

const wrap = (text: string): string => `auth: { wrap: ${text} }\n`
const FIELD = 'operation: login, field: auth_token, subject: sub'

const faulty: [name: string, text: string, expected: string][] = [
  ['no place', '{ operation: login, subject: sub }', 'auth.wrap: says not where the token stands'],
  ['two places', `{ ${FIELD}, header: X-Token }`, 'auth.wrap: names several places'],
  ['no subject', '{ operation: login, field: t }', 'auth.wrap.subject: is missing'],
  ['no operation', '{ field: t, subject: sub }', 'auth.wrap.operation: is missing'],
  ['a life without end', `{ ${FIELD}, expires: 31d }`, 'auth.wrap.expires: "31d" is out of bounds'],
  [
    'a path that is none',
    '{ operation: login, field: "a..b", subject: sub }',
    'auth.wrap.field: "a..b" is not the path of a member',
  ],
  [
    'a cookie with a blank',
    '{ operation: login, cookie: "a b", subject: sub }',
    'auth.wrap.cookie: "a b" is no name of a header or cookie',
  ],
]

suite('auth.wrap', () => {
  for (const [name, text, expected] of faulty)
    test(`does not start with ${name}`, async (t) => {
      const faults = await faultsOf(t, MINIMAL + wrap(text))
      assert.ok(
        faults.some(({ path, message }) => `${path}: ${message}` === expected),
        JSON.stringify(faults),
      )
    })

  test('does not start where keys look like wrapped tokens', async (t) => {
    const text = `auth: { apiKey: { prefix: spw }, wrap: { ${FIELD} } }\n`
    assert.equal((await faultsOf(t, MINIMAL + text))[0]?.path, 'auth.apiKey.prefix')
  })

  test('does not start where a scheme is met by wrapping and nothing is wrapped', async (t) => {
    const faults = await faultsOf(t, `${MINIMAL}auth: { schemes: { bearer: wrap } }\n`)
    assert.equal(faults[0]?.path, 'auth.schemes.bearer')
  })

  test('reads every key, and travels to other threads', async (t) => {
    const text =
      '[{ api: shop, operation: [login, refresh], header: X-Token, subject: response.user.id, claims: [role, data.tenant], expires: 1h, logout: logout },' +
      ' { operation: login, field: data.refresh, subject: request.email, opens: { refresh: refresh_token } }]'
    const { blocks } = await settingsOf(t, wrap(text))
    assert.deepEqual(unpack(structuredClone(pack(blocks.auth.wraps))), [
      {
        api: 'shop',
        operations: ['login', 'refresh'],
        place: { in: 'header', name: 'x-token' },
        subject: { from: 'response', path: ['user', 'id'] },
        claims: [
          { from: 'token', path: ['role'] },
          { from: 'token', path: ['data', 'tenant'] },
        ],
        lifeMs: 3_600_000,
        logout: ['logout'],
        opens: new Map(),
      },
      {
        api: undefined,
        operations: ['login'],
        place: { in: 'field', path: ['data', 'refresh'] },
        subject: { from: 'request', path: ['email'] },
        claims: [],
        lifeMs: 43_200_000,
        logout: [],
        opens: new Map([['refresh', ['refresh_token']]]),
      },
    ])
  })

  test('names that no document has are found', async (t) => {
    const text =
      '[{ api: shp, operation: login, field: t, subject: sub },' +
      ` { ${FIELD}, logout: logot, opens: { refrsh: r } }]`
    const { blocks } = await settingsOf(t, wrap(text))
    const known = new Map([['shop', new Set(['login', 'logout', 'refresh'])]])
    assert.deepEqual(
      missingWrapNames(blocks.auth, known).map(({ at, name }) => [at.join('.'), name]),
      [
        ['auth.wrap.0.api', 'shp'],
        ['auth.wrap.1.logout', 'logot'],
        ['auth.wrap.1.opens', 'refrsh'],
      ],
    )
  })

  test('data.uniform is a list of log-ins, or says for each what becomes one', async (t) => {
    const list = await settingsOf(t, 'data: { uniform: [login] }\n')
    assert.deepEqual(list.blocks.data.uniform, new Map([['login', 'failures']]))
    const map = await settingsOf(t, 'data: { uniform: { login: failures, forgot: all } }\n')
    assert.deepEqual([...map.blocks.data.uniform.values()], ['failures', 'all'])
    assert.deepEqual((await settingsOf(t, '')).blocks.data.uniform, new Map())
  })
})
