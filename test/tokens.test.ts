import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Ask, Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestIssuer } from './kit/issuer.ts'
import { makeIssuer } from './kit/issuer.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

// OUT-03: a value leaves as a token and comes back opened, wherever it stands, for the role that may.

const DOCUMENT = `openapi: 3.1.0
info: { title: a, version: '1' }
servers: [{ url: /v1 }]
components:
  securitySchemes: { id: { type: http, scheme: bearer } }
  schemas: { User: { type: object, properties: { ssn: { type: string, pattern: '^\\d{3}-\\d{2}-\\d{4}$' } } } }
security: [{ id: [] }]
paths:
  /users:
    get:
      operationId: find
      parameters: [{ name: ssn, in: query, schema: { type: string, pattern: '^\\d{3}-\\d{2}-\\d{4}$' } }]
      responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } } }
    post:
      operationId: store
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/User' } }, application/x-www-form-urlencoded: { schema: { $ref: '#/components/schemas/User' } } } }
      responses: { '200': { description: ok } }
  /users/{ssn}:
    parameters: [{ name: ssn, in: path, required: true, schema: { type: string, pattern: '^\\d{3}-\\d{2}-\\d{4}$' } }]
    get: { operationId: get, responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } } } }
`
const VALUE = '078-05-1120'

for (const transport of ['node', 'fast'] as const) {
  suite(`tokens of values (${transport})`, () => {
    let upstream: TestUpstream
    let gateway: TestGateway
    let issuer: TestIssuer
    let client: Asker
    let token = ''

    const ask = async (role: string, plan: Ask): Promise<Got> => {
      const bearer = await issuer.mint('ann', { claims: { roles: [role] } })
      upstream.seen.length = 0
      return client.ask({
        ...plan,
        headers: { ...plan.headers, authorization: `Bearer ${bearer}` },
      })
    }

    before(async () => {
      upstream = await startUpstream((_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(`{"ssn":"${VALUE}"}`),
      )
      issuer = await makeIssuer('https://id.example.com', 'api')
      gateway = await startGateway({
        transport,
        yaml:
          `openapi: ./openapi.yaml\nupstream: ${upstream.url}\n` +
          `data: { tokenize: { User.ssn: { open: [billing], parameters: [path.ssn, find.query.ssn] } } }\n` +
          `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }\n`,
        files: { 'jwks.json': issuer.jwks, 'openapi.yaml': DOCUMENT },
      })
      client = asker(gateway.httpsPort, gateway.ca)
      token = /tok_[\w-]+/.exec((await ask('clerk', { target: '/v1/users' })).text)?.[0] ?? ''
      assert.notEqual(token, '')
    })
    after(async () => {
      client.close()
      await Promise.all([gateway.close(), upstream.close()])
    })

    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const plans: [name: string, plan: () => Ask, refused: number, target: string, body: string][] =
      [
        ['in the path', () => ({ target: `/v1/users/${token}` }), 404, `/v1/users/${VALUE}`, ''],
        [
          'in the query',
          () => ({ target: `/v1/users?ssn=${token}` }),
          400,
          `/v1/users?ssn=${VALUE}`,
          '',
        ],
        [
          'in a form',
          () => ({ method: 'POST', target: '/v1/users', headers: form, body: `ssn=${token}` }),
          422,
          '/v1/users',
          `ssn=${VALUE}`,
        ],
        [
          'in JSON',
          () => ({
            method: 'POST',
            target: '/v1/users',
            headers: { 'content-type': 'application/json' },
            body: `{"ssn":"${token}"}`,
          }),
          422,
          '/v1/users',
          `{"ssn":"${VALUE}"}`,
        ],
      ]
    for (const [name, plan, refused, target, body] of plans)
      test(`come back opened ${name}, and from nobody else`, async () => {
        assert.equal((await ask('clerk', plan())).status, refused)
        assert.equal(upstream.seen.length, 0)
        const got = await ask('billing', plan())
        assert.equal(got.status, 200, got.text)
        const [seen] = upstream.seen
        assert.deepEqual([seen?.target, seen?.body.toString()], [target, body])
        assert.ok(!(await gateway.logText()).includes(VALUE))
      })

    test('values themselves are not asked by', async () => {
      assert.equal((await ask('clerk', { target: `/v1/users/${VALUE}` })).status, 404)
      assert.equal((await ask('billing', { target: `/v1/users?ssn=${VALUE}` })).status, 400)
      assert.equal(upstream.seen.length, 0)
    })
  })
}
