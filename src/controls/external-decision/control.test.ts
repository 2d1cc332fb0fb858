import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import * as fc from 'fast-check'
import { Secret } from '../../base/secret.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { DecisionPoint } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { externalDecision } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{orderId}': {
      parameters: [{ name: 'orderId', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'getOrder', ...ok },
    },
    '/news': { get: { operationId: 'news', security: [], ...ok } },
  },
}
const ANN: Principal = {
  ...ANONYMOUS,
  kind: 'jwt',
  id: 'i|ann',
  subject: 'ann',
  issuer: 'i',
  roles: ['agent'],
  scopes: new Set(['orders:read']),
}

async function listening(t: TestContext, answer: RequestListener): Promise<Server> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => stop(server))
  return server
}
function stop(server: Server): void {
  server.close()
  server.closeAllConnections()
}
function answering(body: string, status = 200, type = 'application/json'): RequestListener {
  return (request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': type }).end(body)
  }
}
function pointOf(server: Server, parts: Partial<DecisionPoint> = {}): DecisionPoint {
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/decide`,
    kind: 'authzen',
    timeoutMs: 500,
    cacheMs: 0,
    token: undefined,
    operations: undefined,
    ...parts,
  }
}
function guardOf(
  decision: DecisionPoint,
  operation = 'getOrder',
  bench = new Bench({ document: DOCUMENT }),
): TestGuard {
  return bench.guard(externalDecision, operation, { authorize: { decision } })
}
async function reasonOf(guard: TestGuard): Promise<string | undefined> {
  const refusal = await guard.request(exchangeOf({ principal: ANN }))
  return refusal?.denial.reason
}

const answers: [
  name: string,
  kind: 'authzen' | 'opa',
  answer: RequestListener,
  reason: string | undefined,
][] = [
  ['a yes', 'authzen', answering('{"decision":true,"context":{"id":"1"}}'), undefined],
  ['a no', 'authzen', answering('{"decision":false}'), 'decision_no'],
  ['a text that looks like yes', 'authzen', answering('{"decision":"true"}'), 'decision_away'],
  ['nothing about it', 'authzen', answering('{"result":true}'), 'decision_away'],
  ['two answers', 'authzen', answering('{"decision":false,"decision":true}'), 'decision_away'],
  [
    'a yes that came with an error',
    'authzen',
    answering('{"decision":true}', 500),
    'decision_away',
  ],
  [
    'a yes that is no JSON',
    'authzen',
    answering('{"decision":true}', 200, 'text/html'),
    'decision_away',
  ],
  ['half an answer', 'authzen', answering('{"decision":tr'), 'decision_away'],
  [
    'an endless answer',
    'authzen',
    answering(`{"decision":true,"a":"${'x'.repeat(70_000)}"}`),
    'decision_away',
  ],
  [
    'a redirect',
    'authzen',
    (_, response) => response.writeHead(302, { location: '/' }).end(),
    'decision_away',
  ],
  ['no answer in time', 'authzen', () => undefined, 'decision_away'],
  [
    'an answer that stops',
    'authzen',
    (_, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    'decision_away',
  ],
  ['an end without answer', 'authzen', (request) => request.socket.destroy(), 'decision_away'],
  ['a yes of OPA', 'opa', answering('{"result":true}'), undefined],
  ['a yes of OPA in an object', 'opa', answering('{"result":{"allow":true,"why":"a"}}'), undefined],
  ['a no of OPA', 'opa', answering('{"result":{"allow":false}}'), 'decision_no'],
  ['an undefined rule of OPA', 'opa', answering('{}'), 'decision_no'],
  ['an object of OPA that does not say', 'opa', answering('{"result":{}}'), 'decision_away'],
]

suite('external decision', () => {
  for (const [name, kind, answer, reason] of answers) {
    test(`hears ${name}`, async (t) => {
      const guard = guardOf(pointOf(await listening(t, answer), { kind, timeoutMs: 200 }))
      const refusal = await guard.request(exchangeOf({ principal: ANN }))
      const status = reason === 'decision_no' ? 403 : 503
      assertRefused(refusal, reason, reason === undefined ? undefined : status)
    })
  }

  test('tells who wants to do what to what, from where', async (t) => {
    const seen: { body: unknown; headers: IncomingMessage['headers'] }[] = []
    const server = await listening(t, (request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      request.on('end', () => {
        seen.push({ body: JSON.parse(text), headers: request.headers })
        answering('{"decision":true,"result":true}')(request, response)
      })
    })
    const exchange = exchangeOf({ principal: ANN, target: '/orders/a%20b' })
    exchange.pathValues = ['a%20b']
    exchange.clientAddress = '203.0.113.7'
    const token = new Secret('t0ken')
    await guardOf(pointOf(server, { token })).request(exchange)
    await guardOf(pointOf(server, { kind: 'opa' })).request(exchange)
    const question = {
      subject: {
        type: 'user',
        id: 'ann',
        properties: {
          principal: 'i|ann',
          issuer: 'i',
          roles: ['agent'],
          groups: [],
          scopes: ['orders:read'],
          claims: {},
        },
      },
      action: { name: 'getOrder', properties: { method: 'GET' } },
      resource: {
        type: 'shop',
        id: exchange.path,
        properties: { operation: 'GET /orders/{orderId}', parameters: { orderId: 'a b' } },
      },
      context: { ip: '203.0.113.7' },
    }
    assert.deepEqual(
      seen.map(({ body }) => body),
      [question, { input: question }],
    )
    assert.equal(seen[0]?.headers['authorization'], 'Bearer t0ken')
    assert.equal(seen[0]?.headers['x-request-id'], exchange.id)
  })

  test('refuses from the moment the decision point stops, and goes on once it is back', async (t) => {
    const server = await listening(t, answering('{"decision":true}'))
    const { port } = server.address() as AddressInfo
    const guard = guardOf(pointOf(server))
    assert.equal(await reasonOf(guard), undefined)
    stop(server)
    await once(server, 'close')
    assert.equal(await reasonOf(guard), 'decision_away')
    const again = createServer(answering('{"decision":true}')).listen(port, '127.0.0.1')
    await once(again, 'listening')
    t.after(() => stop(again))
    assert.equal(await reasonOf(guard), undefined)
  })

  test('asks every time unless a yes may be remembered, and never remembers a no', async (t) => {
    let asked = 0
    let says = true
    const server = await listening(t, (request, response) => {
      asked += 1
      answering(JSON.stringify({ decision: says }))(request, response)
    })
    const plain = guardOf(pointOf(server))
    for (let i = 0; i < 3; i++) assert.equal(await reasonOf(plain), undefined)
    assert.equal(asked, 3)
    const bench = new Bench({ document: DOCUMENT })
    const guard = guardOf(pointOf(server, { cacheMs: 1000 }), 'getOrder', bench)
    for (let i = 0; i < 3; i++) assert.equal(await reasonOf(guard), undefined)
    assert.equal(asked, 4)
    says = false
    const other = exchangeOf({ principal: { ...ANN, roles: [] } })
    assert.equal(
      (await guard.request(other))?.denial.reason,
      'decision_no',
      'other roles are another question',
    )
    bench.clock.advance(1001)
    assert.equal(await reasonOf(guard), 'decision_no')
    says = true
    assert.equal(await reasonOf(guard), undefined)
    assert.equal(asked, 7)
  })

  test('lets no flood of questions wait', async (t) => {
    const guard = guardOf(pointOf(await listening(t, () => undefined), { timeoutMs: 300 }))
    const started = performance.now()
    const reasons = await Promise.all(Array.from({ length: 400 }, () => reasonOf(guard)))
    assert.ok(reasons.every((reason) => reason === 'decision_away'))
    assert.ok(performance.now() - started < 5000)
  })

  test('is asked about public operations only where they are named', async (t) => {
    const server = await listening(t, answering('{"decision":false}'))
    assert.equal(guardOf(pointOf(server), 'news').guard, undefined)
    assert.equal(
      await reasonOf(guardOf(pointOf(server, { operations: ['news'] }), 'news')),
      'decision_no',
    )
    assert.equal(guardOf(pointOf(server, { operations: ['news'] })).guard, undefined)
  })

  test('whatever is answered, only a plain yes is one', async (t) => {
    let body = ''
    const server = await listening(t, (request, response) => answering(body)(request, response))
    const guard = guardOf(pointOf(server))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc
            .record({ decision: fc.oneof(fc.boolean(), fc.jsonValue()) })
            .map((one) => JSON.stringify(one)),
        ),
        async (text) => {
          body = text
          const value: unknown = JSON.parse(text)
          const isYes =
            typeof value === 'object' &&
            value !== null &&
            !Array.isArray(value) &&
            (value as { decision?: unknown }).decision === true
          assert.equal((await reasonOf(guard)) === undefined, isYes, text)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('every reason is reached', () =>
    assertEveryReason(
      externalDecision,
      answers.map((row) => row[3]),
    ))
})
