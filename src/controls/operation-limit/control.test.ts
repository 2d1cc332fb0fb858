import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { LimitKeyPart } from '../../base/units.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf, valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { operationLimit } from './control.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/users/{id}/login': {
      post: {
        operationId: 'log in "now"',
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}
const OPERATION = 'log in "now"'
const MINUTE_MS = 60_000
const ANN: Principal = { ...ANONYMOUS, id: 'iss|ann', kind: 'jwt', subject: 'ann' }

function limits(by: readonly LimitKeyPart[], count = 1): Partial<Policy['limits']> {
  const rate = { count, windowMs: MINUTE_MS, burst: count }
  return { operation: { rate, by, cost: 1 }, headerAliases: ['X-Rate-Limit-'] }
}

interface Sent extends RequestParts {
  readonly body?: unknown
  readonly path?: string
}

function exchangeWith({ body, path, ...parts }: Sent): Exchange {
  const exchange = exchangeOf(parts)
  exchange.pathValues = [path ?? '7']
  if (body !== undefined) {
    exchange.body = body
    exchange.hasBodyValue = true
  }
  return exchange
}

const EMAIL: LimitKeyPart = { from: 'body', name: 'email' }
const OTHER = '198.51.100.1'

/** Two requests under a limit of one: whether the second falls into the bucket of the first. */
const cases: [
  name: string,
  by: readonly LimitKeyPart[],
  first: Sent,
  second: Sent,
  same: boolean,
][] = [
  [
    'counts by principal unless said',
    [],
    { principal: ANN },
    { principal: ANN, peer: OTHER },
    true,
  ],
  [
    'keeps principals apart',
    [],
    { principal: ANN },
    { principal: { ...ANN, id: 'iss|bob' } },
    false,
  ],
  ['counts nobody by address', [], {}, {}, true],
  ['keeps nobody from two addresses apart', [], {}, { peer: OTHER }, false],
  ['counts by address', [{ from: 'ip' }], { principal: ANN }, {}, true],
  [
    'counts IPv6 by network',
    [{ from: 'ip' }],
    { peer: '2001:db8::1' },
    { peer: '2001:db8::2' },
    true,
  ],
  [
    'counts by a field of the body',
    [EMAIL],
    { body: { email: 'a@x.test' } },
    { body: { email: 'a@x.test' }, peer: OTHER },
    true,
  ],
  [
    'keeps fields apart',
    [EMAIL],
    { body: { email: 'a@x.test' } },
    { body: { email: 'b@x.test' } },
    false,
  ],
  [
    'takes spellings of one account for one',
    [EMAIL],
    { body: { email: 'A@x.test' } },
    { body: { email: ' a@X.test' } },
    true,
  ],
  [
    'takes wide letters for plain ones',
    [EMAIL],
    { body: { email: 'ａ@x.test' } },
    { body: { email: 'a@x.test' } },
    true,
  ],
  [
    'takes a number and its text for one',
    [EMAIL],
    { body: { email: 7 } },
    { body: { email: '7' } },
    true,
  ],
  [
    'counts who leaves the field out by address',
    [EMAIL],
    { body: {} },
    { body: {}, peer: OTHER },
    false,
  ],
  [
    'does not let a value pass for an address',
    [EMAIL],
    { body: {} },
    { body: { email: 'ip:203.0.113.7' } },
    false,
  ],
  [
    'reads inside structures',
    [{ from: 'body', name: 'user.email' }],
    { body: { user: { email: 'a' } } },
    { body: { user: { email: 'b' } } },
    false,
  ],
  [
    'does not read prototypes',
    [{ from: 'body', name: 'constructor.name' }],
    { body: {} },
    { body: [], peer: OTHER },
    false,
  ],
  [
    'counts by a header',
    [{ from: 'header', name: 'X-Device' }],
    { headers: ['X-Device', '1'] },
    { headers: ['x-device', '1'], peer: OTHER },
    true,
  ],
  [
    'counts by a query parameter',
    [{ from: 'query', name: 'q' }],
    { target: '/?q=1' },
    { target: '/?q=2' },
    false,
  ],
  [
    'counts by a path parameter',
    [{ from: 'path', name: 'id' }],
    { path: '7' },
    { path: '8' },
    false,
  ],
  [
    'counts by a claim',
    [{ from: 'claim', name: 'org' }],
    { principal: { ...ANN, claims: { org: 'a' } } },
    { principal: { ...ANN, id: 'x', claims: { org: 'a' } } },
    true,
  ],
  [
    'counts combinations',
    [{ from: 'ip' }, EMAIL],
    { body: { email: 'a' } },
    { body: { email: 'a' }, peer: OTHER },
    false,
  ],
  [
    'hashes long values and keeps them apart',
    [EMAIL],
    { body: { email: `${'a'.repeat(500)}1` } },
    { body: { email: `${'a'.repeat(500)}2` } },
    false,
  ],
  [
    'hashes long values and knows them again',
    [EMAIL],
    { body: { email: 'a'.repeat(500) } },
    { body: { email: 'A'.repeat(500) } },
    true,
  ],
]

suite('operation-limit', () => {
  for (const [name, by, first, second, isSame] of cases) {
    test(name, async () => {
      const bench = new Bench({ document: DOCUMENT, policy: { limits: limits(by) } })
      const guard = bench.guard(operationLimit, OPERATION)
      const site = bench.site(OPERATION)
      const needsBody = by.some(({ from }) => from === 'body')
      for (const [index, sent] of [first, second].entries()) {
        const exchange = exchangeWith({ ...sent, site })
        const refusal = await (needsBody ? guard.body(exchange, '') : guard.request(exchange))
        assertRefused(refusal, index === 1 && isSame ? 'operation_limit' : undefined)
      }
    })
  }

  test('says what is left, and on refusal when to come back', async () => {
    const policy = { limits: limits([{ from: 'ip' }], 2) }
    const guard = new Bench({ document: DOCUMENT, policy }).guard(operationLimit, OPERATION)
    const first = exchangeWith({})
    await guard.request(first)
    assert.deepEqual(valuesOf(guard.answer(first), 'RateLimit'), ['"log_in__now_";r=1;t=30'])
    assert.deepEqual(valuesOf(guard.answer(first), 'X-Rate-Limit-Remaining'), ['1'])
    await guard.request(exchangeWith({}))
    const refusal = await guard.request(exchangeWith({}))
    assertRefused(refusal, 'operation_limit', 429)
    const headers = refusal?.denial.headers
    assert.equal(valueOf(headers, 'Retry-After'), '30')
    assert.equal(valueOf(headers, 'RateLimit-Policy'), '"log_in__now_";q=2;w=60')
    assert.deepEqual(refusal?.denial.violatedPolicies, ['log_in__now_'])
  })

  test('lets in again when the time is over', async () => {
    const bench = new Bench({ document: DOCUMENT, policy: { limits: limits([{ from: 'ip' }]) } })
    const guard = bench.guard(operationLimit, OPERATION)
    await guard.request(exchangeWith({}))
    assertRefused(await guard.request(exchangeWith({})), 'operation_limit')
    bench.clock.advance(MINUTE_MS)
    assertRefused(await guard.request(exchangeWith({})), undefined)
  })

  test('reads JSON itself where bodies are not validated, and takes no other for it', async () => {
    const bench = new Bench({ document: DOCUMENT, policy: { limits: limits([EMAIL]) } })
    const guard = bench.guard(operationLimit, OPERATION)
    const json = { headers: ['Content-Type', 'application/json'] }
    assertRefused(await guard.body(exchangeOf(json), '{"email":"a"}'), undefined)
    assertRefused(
      await guard.body(exchangeOf({ ...json, peer: OTHER }), '{"email":"A"}'),
      'operation_limit',
    )
    assertRefused(await guard.body(exchangeOf(json), '{"email":'), undefined)
    assertRefused(await guard.body(exchangeOf(json), '{"email":'), 'operation_limit')
    const text = { headers: ['Content-Type', 'text/plain'], peer: OTHER }
    assertRefused(await guard.body(exchangeOf(text), '{"email":"a"}'), undefined)
  })

  test('asks for the body only where the limit looks into it', () => {
    const guardBy = (by: readonly LimitKeyPart[]): ReturnType<Bench['guard']> =>
      new Bench({ document: DOCUMENT, policy: { limits: limits(by) } }).guard(
        operationLimit,
        OPERATION,
      )
    assert.equal(guardBy([{ from: 'ip' }]).guard?.onRequestBody, undefined)
    assert.equal(guardBy([EMAIL]).guard?.onRequest, undefined)
  })

  test('has nothing to do without a limit, without a rate, or without an operation', () => {
    const guard = (own: Partial<Policy['limits']>, id?: string): unknown =>
      new Bench({ document: DOCUMENT, policy: { limits: own } }).guard(operationLimit, id).guard
    assert.equal(guard({}, OPERATION), undefined)
    assert.equal(guard({ operation: { rate: undefined, by: [], cost: 3 } }, OPERATION), undefined)
    assert.equal(guard(limits([])), undefined)
  })

  test('every reason is reached', () => {
    // Those of flows have a table of their own.
    const reached = cases.map((row) => (row[4] ? 'operation_limit' : undefined))
    assertEveryReason(operationLimit, [...reached, 'flow_limit'])
  })
})
