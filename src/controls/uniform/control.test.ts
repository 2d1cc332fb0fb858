import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { UniformKind } from '../../pipeline/policy.ts'
import type { WrapRule } from '../../identity/wrapped/wrap-rule.ts'
import { authZone } from '../auth-zone/control.ts'
import { Bench, refusalOf } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, statusOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { uniform } from './control.ts'

const post = (operationId: string, responses: object): object => ({
  post: { operationId, security: [], responses },
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/login': post('login', { 200: { description: 'ok' } }),
    '/forgot': post('forgot', { 204: { description: 'sent' }, 404: { description: 'nobody' } }),
    '/other': post('other', { 200: { description: 'ok' } }),
  },
}
const RULE: WrapRule = {
  api: undefined,
  operations: ['login'],
  place: { in: 'field', path: ['token'] },
  subject: { from: 'token', path: ['sub'] },
  claims: [],
  lifeMs: 1000,
  logout: [],
  opens: new Map(),
}
const KINDS = new Map<string, UniformKind>([
  ['login', 'failures'],
  ['forgot', 'all'],
])

function guardOf(operation: string, mode?: 'monitor', wraps: readonly WrapRule[] = []): TestGuard {
  const modes = new Map(mode === undefined ? [] : ([['data', mode]] as const))
  const policy = { modes, data: { uniform: KINDS }, auth: { wraps } }
  return new Bench({ document: DOCUMENT, policy }).guard(uniform, operation)
}

const rows: [
  name: string,
  operation: string,
  status: number,
  reason: string | undefined,
  seen?: number,
][] = [
  ['a wrong password is 401', 'login', 401, 'uniform_failure', 401],
  ['an unknown user is the same', 'login', 404, 'uniform_failure', 401],
  ['so is a locked account', 'login', 423, 'uniform_failure', 401],
  ['and one that tried too often', 'login', 429, 'uniform_failure', 401],
  ['and a missing field', 'login', 400, 'uniform_failure', 401],
  ['success is untouched', 'login', 200, undefined],
  ['a redirect is untouched', 'login', 302, undefined],
  ['a server that broke is untouched', 'login', 500, undefined],
  ['where nothing may be told, success is the one answer', 'forgot', 204, 'uniform_answer', 204],
  ['and so is an unknown user', 'forgot', 404, 'uniform_answer', 204],
  ['a server that broke is untouched there too', 'forgot', 502, undefined],
]

suite('uniform', () => {
  for (const [name, operation, status, reason, seen] of rows)
    test(name, async () => {
      const exchange = exchangeOf()
      const fields = ['Set-Cookie', 'tries=1', 'WWW-Authenticate', 'Bearer error="locked"']
      const refusal = await guardOf(operation).response(exchange, status, fields)
      assertRefused(refusal, reason, seen)
      if (reason === undefined) return
      assert.equal(exchange.upstream?.headers.size, 0)
      assert.ok(performance.now() - exchange.startedAt >= 250)
      assert.deepEqual(refusal?.denial.headers, undefined)
    })

  const bodies: [name: string, body: string, reason: string | undefined][] = [
    ['with a token is success', '{"token":"abc"}', undefined],
    ['without one is a failure', '{"status":"fail"}', 'uniform_failure'],
    ['with an empty one is a failure', '{"token":""}', 'uniform_failure'],
    ['that is no JSON is a failure', 'wrong password', 'uniform_failure'],
    ['without a body is a failure', '', 'uniform_failure'],
  ]
  for (const [name, body, reason] of bodies)
    test(`200 ${name} where the place of the token is known`, async () => {
      const guard = guardOf('login', undefined, [RULE])
      const exchange = exchangeOf()
      assertRefused(await guard.response(exchange, 200), undefined)
      assert.equal(guard.wantsResponseBody(exchange), true)
      assertRefused(await guard.responseBody(exchange, body), reason)
    })

  test('a locked account is a wrong password, in time too', async () => {
    const exchange = exchangeOf()
    const refusal = await guardOf('login').refusal(exchange, refusalOf(authZone, 'auth_locked'))
    assertRefused(refusal, 'uniform_failure', 401)
    assert.ok(performance.now() - exchange.startedAt >= 250)
  })

  test('a limit of the address stays what it is', async () => {
    const refusal = await guardOf('login').refusal(exchangeOf(), refusalOf(authZone, 'auth_tries'))
    assert.equal(statusOf(refusal), undefined)
  })

  test('in monitor nothing is held, refused or taken away', async () => {
    const exchange = exchangeOf()
    const fields = ['Set-Cookie', 'tries=1']
    assertRefused(await guardOf('login', 'monitor').response(exchange, 404, fields), undefined)
    assert.equal(exchange.observed[0]?.reason, 'uniform_failure')
    assert.equal(exchange.upstream?.headers.size, 1)
    assert.ok(performance.now() - exchange.startedAt < 200)
    assert.equal(guardOf('forgot', 'monitor').guard, undefined)
  })

  test('has nothing to do elsewhere', () => {
    assert.equal(guardOf('other').guard, undefined)
    assert.equal(new Bench({ document: DOCUMENT }).guard(uniform, 'login').guard, undefined)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      uniform,
      rows.map((row) => row[3]),
    ))
})
