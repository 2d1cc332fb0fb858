import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Ask, Asker } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestIssuer } from './kit/issuer.ts'
import { makeIssuer } from './kit/issuer.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

// AZN-01, AZN-02, AZN-04, AZN-06: rules about callers, parameters and bodies, through a whole gateway on both transports.

const DOCUMENT = `openapi: 3.1.0
info: { title: a, version: '1' }
components: { securitySchemes: { id: { type: http, scheme: bearer } } }
security: [{ id: [] }]
paths:
  /users/{userId}:
    get:
      operationId: getUser
      parameters: [{ name: userId, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: ok, content: { application/json: { schema: { type: object, properties: { id: { type: string } } } } } } }
  /numbers/{number}:
    get:
      operationId: getNumber
      parameters: [{ name: number, in: path, required: true, schema: { type: integer } }]
      responses: { '200': { description: ok } }
  /tenants/{tenant}/orders:
    post:
      operationId: order
      parameters:
        - { name: tenant, in: path, required: true, schema: { type: string } }
        - { name: X-Tenant, in: header, schema: { type: string } }
      requestBody:
        content:
          application/json: { schema: { type: object, properties: { accountId: { type: string } } } }
          application/x-www-form-urlencoded: { schema: { type: object, properties: { accountId: { type: string } } } }
      responses: { '200': { description: ok } }
  /closed:
    get: { operationId: closed, responses: { '200': { description: ok } } }
  /far:
    get: { operationId: far, responses: { '200': { description: ok } } }
`
const AUTHORIZE = `authorize:
  roles: { admin: ["op:getUser", "op:far"], far: { allow: ["op:far"], when: 'network.ip in ["10.0.0.0/8"]' } }
  acl: { far: { deny: { subjects: [mallory] } } }
  operations:
    getUser: 'path.userId == subject.id || "admin" in subject.roles'
    getNumber: 'string(path.number) == subject.id'
    order: 'path.tenant == subject.tenant && (!has(header["x-tenant"]) || header["x-tenant"] == subject.tenant) && body.accountId in subject.accounts'
`
type Row = [
  name: string,
  sub: string,
  claims: Readonly<Record<string, unknown>>,
  ask: Ask,
  status: number,
]
const admin = { roles: ['admin'] }
const t1 = { tenant: 't1', accounts: ['a1'] }
const post = (target: string, body: Ask['body'], headers: Ask['headers'] = {}): Ask => ({
  method: 'POST',
  target,
  headers: { 'content-type': 'application/json', ...headers },
  ...(body === undefined ? {} : { body }),
})
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const ORDERS = '/tenants/t1/orders'
const rows: Row[] = [
  ['an operation that no rule names is closed', 'ann', admin, { target: '/closed' }, 403],
  ['a role opens what it names', 'ann', admin, { target: '/far' }, 200],
  [
    'a role that does not count here opens nothing',
    'ann',
    { roles: ['far'] },
    { target: '/far' },
    403,
  ],
  ['deny beats allow', 'mallory', admin, { target: '/far' }, 403],
]
/** Where an admin is not asked about, roles close what the condition alone would open: `getUser` is for admins. */
const owners: Row[] = [
  ['an owner gets what is theirs', '7', {}, { target: '/numbers/7' }, 200],
  ['somebody else does not', '8', {}, { target: '/numbers/7' }, 404],
  ['a leading zero is no other way to write it', '7', {}, { target: '/numbers/07' }, 404],
  ['nor is an exponent', '7', {}, { target: '/numbers/7e0' }, 404],
  ['nor is a plus sign', '7', {}, { target: '/numbers/+7' }, 404],
  [
    'a number that no double holds is nobody’s',
    '9007199254740992',
    {},
    { target: '/numbers/9007199254740993' },
    404,
  ],
  ['an admin gets what the condition opens to admins', 'ann', admin, { target: '/users/bob' }, 200],
  [
    'a role that is asked for besides the condition is asked for',
    'bob',
    {},
    { target: '/users/bob' },
    403,
  ],
  ['an own order in the own tenant passes', 'ann', t1, post(ORDERS, { accountId: 'a1' }), 200],
  ['so does a form', 'ann', t1, post(ORDERS, 'accountId=a1', form), 200],
  [
    'another tenant in the path does not',
    'ann',
    t1,
    post('/tenants/t2/orders', { accountId: 'a1' }),
    404,
  ],
  [
    'another tenant in a header does not',
    'ann',
    t1,
    post(ORDERS, { accountId: 'a1' }, { 'x-tenant': 't2' }),
    404,
  ],
  ['another account in the body does not', 'ann', t1, post(ORDERS, { accountId: 'a2' }), 404],
  [
    'two accounts in the body do not',
    'ann',
    t1,
    post(ORDERS, '{"accountId":"a2","accountId":"a1"}'),
    400,
  ],
  ['an order of nobody does not', 'ann', t1, post(ORDERS, {}), 404],
  ['no body does not', 'ann', t1, { method: 'POST', target: ORDERS }, 404],
  ['a body of no bytes does not', 'ann', t1, post(ORDERS, ''), 404],
  [
    'a caller without tenant does not',
    'ann',
    { accounts: ['a1'] },
    post(ORDERS, { accountId: 'a1' }),
    404,
  ],
  [
    'an empty tenant is none',
    'ann',
    { tenant: '', accounts: ['a1'] },
    post(ORDERS, { accountId: 'a1' }),
    404,
  ],
]

for (const transport of ['node', 'fast'] as const) {
  suite(`who may call what (${transport})`, () => {
    let upstream: TestUpstream
    let gateway: TestGateway
    let issuer: TestIssuer
    let client: Asker

    const start = async (extra = ''): Promise<void> => {
      gateway = await startGateway({
        transport,
        yaml:
          `openapi: ./openapi.yaml\nupstream: ${upstream.url}\n${AUTHORIZE}${extra}` +
          `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }\n`,
        files: { 'jwks.json': issuer.jwks, 'openapi.yaml': DOCUMENT },
      })
      client = asker(gateway.httpsPort, gateway.ca)
    }
    const ask = async (sub: string, claims: Readonly<Record<string, unknown>>, plan: Ask) => {
      const token = await issuer.mint(sub, { claims })
      return client.ask({ ...plan, headers: { ...plan.headers, authorization: `Bearer ${token}` } })
    }
    before(async () => {
      upstream = await startUpstream((_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"x"}'),
      )
      issuer = await makeIssuer('https://id.example.com', 'api')
      await start()
    })
    after(async () => {
      client.close()
      await Promise.all([gateway.close(), upstream.close()])
    })

    for (const [name, sub, claims, plan, status] of [...rows, ...owners]) {
      test(name, async () => {
        upstream.seen.length = 0
        const got = await ask(sub, claims, plan)
        assert.equal(got.status, status, got.text)
        assert.equal(upstream.seen.length, status === 200 ? 1 : 0)
      })
    }

    test('in monitor nothing is refused, and the log says what would have been', async () => {
      client.close()
      await gateway.close()
      await start('  mode: monitor\n')
      assert.equal((await ask('8', {}, { target: '/numbers/7' })).status, 200)
      const text = await gateway.logText()
      assert.match(text, /"conditions"/)
      assert.match(text, /does not hold: string\(path\.number\) == subject\.id/)
    })
  })
}
