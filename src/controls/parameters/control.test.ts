import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Exchange } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { parameters } from './control.ts'

const text = { type: 'string' }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{id}': {
      get: {
        operationId: 'show',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
          { name: 'state', in: 'query', schema: { enum: ['open', 'done'] } },
          { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } },
          { name: 'tags', in: 'query', schema: { type: 'array', items: text } },
          { name: 'q', in: 'query', schema: text },
          { name: 'X-Trace', in: 'header', schema: { type: 'string', maxLength: 8 } },
          { name: 'sid', in: 'cookie', schema: { type: 'string', maxLength: 8 } },
          {
            name: 'filter',
            in: 'query',
            style: 'deepObject',
            explode: true,
            schema: { type: 'object', properties: { city: text } },
          },
        ],
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}

interface Sent {
  readonly id?: string
  readonly query?: string
  readonly headers?: readonly string[]
}

function exchangeWith({ id = '7', query = '', headers = [] }: Sent): Exchange {
  const exchange = exchangeOf({ target: `/orders/${id}?${query}`, headers })
  exchange.pathValues = [id]
  return exchange
}

/** `pointer`: where the first error stands, as the client reads it. */
type Row = [name: string, sent: Sent, reason: string | undefined, pointer?: string]

const cases: Row[] = [
  ['lets declared parameters pass', { query: 'state=open&limit=100&tags=a&tags=b' }, undefined],
  [
    'lets a text with spaces pass, as axios and fetch write them',
    { query: 'q=a+b%20c' },
    undefined,
  ],
  ['lets undeclared headers pass', { headers: ['Accept', '*/*', 'X-Custom', '1'] }, undefined],
  ['lets undeclared cookies pass', { headers: ['Cookie', '_ga=1; sid=abc'] }, undefined],
  ['lets a deep object pass', { query: 'filter[city]=Oslo' }, undefined],
  ['refuses a path value that cannot be', { id: 'abc' }, 'path_parameter'],
  ['refuses a path value out of range', { id: '0' }, 'path_parameter'],
  [
    'says nothing of a query fault beside a path fault',
    { id: 'x', query: 'zz=1' },
    'path_parameter',
  ],
  ['refuses an undeclared parameter', { query: 'debug=1' }, 'unknown_parameter', 'query/debug'],
  ['refuses a name that differs in case', { query: 'Limit=1' }, 'unknown_parameter', 'query/Limit'],
  [
    'refuses a parameter that comes twice',
    { query: 'limit=1&limit=2' },
    'parameter',
    'query/limit',
  ],
  ['refuses a text for a number', { query: 'limit=ten' }, 'parameter', 'query/limit'],
  ['refuses a number over its bound', { query: 'limit=101' }, 'parameter', 'query/limit'],
  ['refuses a value that is not listed', { query: 'state=gone' }, 'enum', 'query/state'],
  [
    'refuses a header that is too long',
    { headers: ['X-Trace', '123456789'] },
    'parameter',
    'header/X-Trace',
  ],
  [
    'refuses a cookie that is too long',
    { headers: ['Cookie', 'sid=123456789'] },
    'parameter',
    'cookie/sid',
  ],
  [
    'refuses a member nobody declared',
    { query: 'filter[city]=Oslo&filter[admin]=1' },
    'parameter',
    'query/filter/admin',
  ],
  [
    'calls the unknown name first when several are wrong',
    { query: 'x=1&state=gone' },
    'unknown_parameter',
    'query/state',
  ],
]

const STATUS: Readonly<Record<string, number>> = { path_parameter: 404 }

function guardWith(policy: PolicyParts): ReturnType<Bench['guard']> {
  return new Bench({ document: DOCUMENT, policy }).guard(parameters, 'show')
}

suite('parameters', () => {
  for (const [name, sent, reason, pointer] of cases) {
    test(name, async () => {
      const refusal = await guardWith({}).request(exchangeWith(sent))
      assertRefused(refusal, reason, reason === undefined ? undefined : (STATUS[reason] ?? 400))
      assert.equal(refusal?.denial.errors?.[0]?.pointer, pointer)
    })
  }

  test('the values are typed for those who come after', async () => {
    const exchange = exchangeWith({ id: '12', query: 'limit=5' })
    await guardWith({}).request(exchange)
    assert.deepEqual({ ...exchange.parameters?.path }, { id: 12 })
    assert.deepEqual({ ...exchange.parameters?.query }, { limit: 5 })
  })

  test('errors never repeat what was sent', async () => {
    const refusal = await guardWith({}).request(exchangeWith({ query: 'limit=secret-value' }))
    assert.doesNotMatch(JSON.stringify(refusal?.denial), /secret-value/)
  })

  test('in schema mode undeclared parameters and members pass, and values are typed all the same', async () => {
    const guard = guardWith({ validate: { request: 'schema' } })
    const exchange = exchangeWith({ query: 'debug=1&limit=5&filter[city]=a&filter[more]=b' })
    assertRefused(await guard.request(exchange), undefined)
    assert.deepEqual(exchange.parameters?.query['limit'], 5)
    assertRefused(await guard.request(exchangeWith({ query: 'limit=ten' })), 'parameter', 400)
  })

  test('in monitor later controls get what could be read', async () => {
    const guard = guardWith({ modes: new Map([['validate', 'monitor']]) })
    const exchange = exchangeWith({ id: '12', query: 'limit=ten' })
    assertRefused(await guard.request(exchange), undefined)
    assert.equal(exchange.observed[0]?.reason, 'parameter')
    assert.deepEqual({ ...exchange.parameters?.path }, { id: 12 })
  })

  test('while adopting tells what the document lacks', async () => {
    const exchange = exchangeWith({ query: 'debug=1' })
    assertRefused(await guardWith({ adopt: { untilMs: 1 } }).request(exchange), undefined)
    const [noted] = exchange.observed
    assert.equal(noted?.evidence?.()[0]?.kind, 'request-unknown-parameter')
  })

  test('is off where requests are not validated, and has nothing to do without an operation', () => {
    assert.equal(guardWith({ validate: { request: 'off' } }).guard, undefined)
    assert.equal(new Bench().guard(parameters).guard, undefined)
  })

  test('every reason is reached', () => {
    assertEveryReason(
      parameters,
      cases.map((row) => row[2]),
    )
  })
})
