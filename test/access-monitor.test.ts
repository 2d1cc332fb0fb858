import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Ask, Asker } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { LogLine, TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestIssuer } from './kit/issuer.ts'
import { makeIssuer } from './kit/issuer.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'
import { until } from './kit/until.ts'

// AZN-01, AZN-02, AZN-05, OUT-02, OUT-03: on trial nothing changes, and the log shows what would have.

const DOCUMENT = `openapi: 3.1.0
info: { title: a, version: '1' }
components:
  securitySchemes: { id: { type: http, scheme: bearer } }
  schemas:
    User:
      type: object
      properties: { id: { type: string }, salary: { type: integer }, card: { type: string, x-sallyport-class: payment }, ssn: { type: string }, note: { type: string } }
security: [{ id: [] }]
paths:
  /users/{userId}:
    parameters: [{ name: userId, in: path, required: true, schema: { type: string } }]
    get: { operationId: getUser, responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } } } }
    put:
      operationId: putUser
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } }
      responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } } }
  /closed:
    get: { operationId: closed, responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } } } }
  /by-ssn/{ssn}:
    parameters: [{ name: ssn, in: path, required: true, schema: { type: string } }]
    get: { operationId: bySsn, responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } } } }
`
const policyOf = (mode: string): string => `authorize:
  mode: ${mode}
  roles: { agent: ["op:getUser", "op:putUser", "op:bySsn"] }
  operations: { getUser: 'path.userId == subject.id' }
  fields: { User.salary: { read: [hr], write: [hr] } }
data:
  mode: ${mode}
  classes: { payment: last4 }
  tokenize: { User.ssn: { parameters: [path.ssn] } }
`
const ANSWER =
  '{"id":"7","salary":5000,"card":"4111111111111111","ssn":"078-05-1120","note":"AKIAIOSFODNN7EXAMPLE"}'

interface Row {
  readonly name: string
  readonly ask: Ask
  readonly control: string
  readonly reason: string
  readonly example: RegExp
  /** What enforcing answers; 200 for what is only changed. */
  readonly status: number
}
const OWN = { target: '/users/ann' }
const put = (body: object): Ask => ({
  method: 'PUT',
  target: '/users/ann',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const rows: readonly Row[] = [
  {
    name: 'an operation that no role opens',
    ask: { target: '/closed' },
    control: 'access',
    reason: 'not_granted',
    example: /no role or access list/,
    status: 403,
  },
  {
    name: 'a condition that does not hold',
    ask: { target: '/users/bob' },
    control: 'conditions',
    reason: 'hidden',
    example: /path\.userId == subject\.id/,
    status: 404,
  },
  {
    name: 'a field that the caller is not shown',
    ask: OWN,
    control: 'fields',
    reason: 'field_hidden',
    example: /^\/salary$/,
    status: 200,
  },
  {
    name: 'a field that the caller may not set',
    ask: put({ salary: 9 }),
    control: 'fields',
    reason: 'field',
    example: /salary/,
    status: 422,
  },
  {
    name: 'a class that is masked, and a value that leaves as a token',
    ask: OWN,
    control: 'classes',
    reason: 'field_hidden',
    example: /^\/card \/ssn$/,
    status: 200,
  },
  {
    name: 'a token that is no token',
    ask: put({ ssn: 'tok_1_AAAAAAAAAAAAAAAAAAAAAAAA' }),
    control: 'tokens',
    reason: 'token_refused',
    example: /^\/ssn$/,
    status: 422,
  },
  {
    name: 'a value where only a token is known',
    ask: { target: '/by-ssn/078-05-1120' },
    control: 'token-parameters',
    reason: 'path_token',
    example: /^path\/ssn: token_expected$/,
    status: 404,
  },
  {
    name: 'a secret in a text',
    ask: OWN,
    control: 'secrets',
    reason: 'secret',
    example: /\/note/,
    status: 200,
  },
]

for (const mode of ['monitor', 'enforce'] as const) {
  suite(`authorization and data in ${mode}`, () => {
    let upstream: TestUpstream
    let gateway: TestGateway
    let issuer: TestIssuer
    let client: Asker

    before(async () => {
      upstream = await startUpstream((_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER),
      )
      issuer = await makeIssuer('https://id.example.com', 'api')
      gateway = await startGateway({
        yaml:
          `openapi: ./openapi.yaml\nupstream: ${upstream.url}\n${policyOf(mode)}` +
          `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }\n`,
        files: { 'jwks.json': issuer.jwks, 'openapi.yaml': DOCUMENT },
      })
      client = asker(gateway.httpsPort, gateway.ca)
    })
    after(async () => {
      client.close()
      await Promise.all([gateway.close(), upstream.close()])
    })

    const linesOf = async (id: string | undefined): Promise<readonly LogLine[]> =>
      (await gateway.log()).filter((line) => line['http.request.id'] === id)

    for (const { name, ask, control, reason, example, status } of rows) {
      test(name, async () => {
        const token = await issuer.mint('ann', { claims: { roles: ['agent'] } })
        const headers = { ...ask.headers, authorization: `Bearer ${token}` }
        const got = await client.ask({ ...ask, headers })
        assert.equal(got.status, mode === 'monitor' ? 200 : status, got.text)
        assert.equal(got.text === ANSWER, mode === 'monitor')
        const metrics = gateway.running.gateway.recorder.metricsText()
        const counted = metrics
          .split('\n')
          .filter((line) => line.includes(`"${control}"`) && line.includes(`"${reason}"`))
        const isCounted = counted.some((line) => line.includes(`"${mode}"`))
        if (mode === 'enforce') {
          assert.ok(status === 200 || isCounted, counted.join('\n'))
          return
        }
        assert.ok(isCounted, counted.join('\n'))
        const id = got.headers.get('sallyport-request-id')
        const isExample = (line: LogLine): boolean =>
          line['event.action'] === 'sp_would_refuse' &&
          line['sallyport.control'] === control &&
          line['sallyport.reason'] === reason &&
          example.test(String(line['sallyport.detail']))
        await until(async () => (await linesOf(id)).some(isExample), 2000)
        const lines = await linesOf(id)
        assert.ok(lines.some(isExample), JSON.stringify(lines))
        assert.ok(!/078-05-1120|AKIAIOSFODNN7EXAMPLE|4111111111111111/.test(JSON.stringify(lines)))
      })
    }
  })
}
