import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { ObjectAnswer } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { Bench } from '../testing/bench.ts'
import { assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { objects } from './control.ts'

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const json = (schema: unknown) => ({
  200: { description: 'ok', content: { 'application/json': { schema } } },
})
const path = (name: string, more = {}) => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
  ...more,
})
const OF_ORDER = { type: 'string', 'x-sallyport-object': { type: 'Order' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{id}': {
      get: { operationId: 'getOrder', parameters: [path('id')], responses: json(ref('Order')) },
    },
    '/payments/{id}': {
      parameters: [path('id')],
      get: { operationId: 'getPayment', responses: json(ref('Payment')) },
      delete: { operationId: 'undo', responses: { 204: { description: 'gone' } } },
    },
    '/payments': {
      get: {
        operationId: 'listPayments',
        responses: json({ type: 'array', items: ref('Payment') }),
      },
    },
    '/refunds/{id}': {
      get: { operationId: 'getRefund', parameters: [path('id')], responses: json(ref('Refund')) },
    },
    '/track/{order}': {
      get: {
        operationId: 'track',
        parameters: [path('order', { 'x-sallyport-object': { type: 'Order' } })],
        responses: { 204: { description: 'ok' } },
      },
    },
    '/ruled/{order}': {
      get: {
        operationId: 'ruled',
        parameters: [
          path('order', { 'x-sallyport-object': { rule: 'path.order in subject.orders' } }),
        ],
        responses: { 204: { description: 'ok' } },
      },
    },
    '/ship': {
      post: {
        operationId: 'ship',
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: {
                  orderIds: {
                    type: 'array',
                    items: { type: 'string' },
                    'x-sallyport-object': { type: 'Order' },
                  },
                  first: { type: 'object', properties: { orderId: OF_ORDER } },
                },
              },
            },
          },
        },
        responses: { 204: { description: 'ok' } },
      },
    },
  },
  components: {
    schemas: {
      Order: {
        type: 'object',
        'x-sallyport-owner': 'owner',
        properties: { owner: { type: 'string' } },
      },
      Payment: { type: 'object', properties: { id: { type: 'string' }, orderId: OF_ORDER } },
      Refund: {
        type: 'object',
        properties: { paymentId: { type: 'string', 'x-sallyport-object': { type: 'Payment' } } },
      },
    },
  },
}
const ANN = {
  ...ANONYMOUS,
  kind: 'jwt',
  id: 'i|7',
  subject: '7',
  claims: { orders: ['a'] },
} as const

/** Order `a` is Ann's, `b` is not, `c` cannot be had; payment `p` is of `a`, `q` of `b`. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/orders/a': { owner: '7' },
  '/orders/b': { owner: '8' },
  '/payments/p': { orderId: 'a' },
  '/payments/q': { orderId: 'b' },
}

async function ask(
  operation: string,
  parts: { body?: unknown; said?: unknown; target?: string; path?: Record<string, unknown> },
) {
  const bench = new Bench({ document: DOCUMENT })
  const guard = bench.guard(objects, operation)
  const exchange = exchangeOf({ principal: ANN, target: parts.target ?? '/payments/p' })
  exchange.parameters = { path: parts.path ?? {}, query: {}, header: {}, cookie: {} }
  const asked: string[] = []
  exchange.readObject = (_site: Site, at: string): Promise<ObjectAnswer | undefined> => {
    asked.push(at)
    if (at === '/orders/c') return Promise.resolve(undefined)
    const value = ANSWERS[at]
    const status = value === undefined ? 404 : 200
    return Promise.resolve({ status, body: Buffer.from(JSON.stringify(value ?? {})) })
  }
  let refusal = await guard.request(exchange)
  if (refusal === undefined && parts.body !== undefined) {
    exchange.body = parts.body
    exchange.hasBodyValue = true
    refusal = await guard.body(exchange, JSON.stringify(parts.body))
  }
  if (refusal === undefined && parts.said !== undefined) {
    await guard.response(exchange, 200, ['content-type', 'application/json'])
    refusal = await guard.responseBody(exchange, JSON.stringify(parts.said))
  }
  return { refusal, asked, left: exchange.replacement?.toString() }
}

const rows: [
  name: string,
  operation: string,
  parts: Parameters<typeof ask>[1],
  reason: string | undefined,
][] = [
  ['shows what names one’s own', 'getPayment', { said: { orderId: 'a' } }, undefined],
  ['hides what names another’s', 'getPayment', { said: { orderId: 'b' } }, 'foreign_object'],
  ['hides what names nothing', 'getPayment', { said: { id: '1' } }, 'foreign_object'],
  [
    'hides what names what is not there',
    'getPayment',
    { said: { orderId: 'x' } },
    'foreign_object',
  ],
  [
    'hides what names a step in a path',
    'getPayment',
    { said: { orderId: '..' } },
    'foreign_object',
  ],
  [
    'hides what names several steps of a path',
    'getPayment',
    { said: { orderId: 'a/../b' } },
    'foreign_object',
  ],
  ['waits where nobody can tell', 'getPayment', { said: { orderId: 'c' } }, 'owner_unknown'],
  ['follows no chain', 'getRefund', { said: { paymentId: 'p' } }, 'foreign_object'],
  ['lets a change of what names one’s own through', 'undo', { target: '/payments/p' }, undefined],
  ['refuses a change of what names another’s', 'undo', { target: '/payments/q' }, 'foreign_object'],
  ['lets one’s own id in a path through', 'track', { path: { order: 'a' } }, undefined],
  ['refuses another’s id in a path', 'track', { path: { order: 'b' } }, 'foreign_object'],
  [
    'lets a call that meets the rule of its parameter through',
    'ruled',
    { path: { order: 'a' } },
    undefined,
  ],
  ['refuses one that does not', 'ruled', { path: { order: 'b' } }, 'foreign_object'],
  ['lets one’s own ids in a body through', 'ship', { body: { orderIds: ['a', 'a'] } }, undefined],
  [
    'refuses another’s id among one’s own',
    'ship',
    { body: { orderIds: ['a', 'b'] } },
    'foreign_object',
  ],
  ['refuses another’s id inside', 'ship', { body: { first: { orderId: 'b' } } }, 'foreign_object'],
  ['refuses an id that is none', 'ship', { body: { orderIds: [['a']] } }, 'foreign_object'],
  [
    'refuses more than it may ask for',
    'ship',
    { body: { orderIds: Array.from({ length: 21 }, (_, i) => `a${i}`) } },
    'foreign_object',
  ],
]

suite('an object that is named by its id', () => {
  for (const [name, operation, parts, reason] of rows) {
    test(name, async () => assertRefused((await ask(operation, parts)).refusal, reason))
  }

  test('is asked for once, whatever names it', async () => {
    const said = [{ orderId: 'a' }, { orderId: 'b' }, { orderId: 'a' }]
    const { asked, left } = await ask('listPayments', { said })
    assert.deepEqual(asked, ['/orders/a', '/orders/b'])
    assert.deepEqual(JSON.parse(left ?? ''), [{ orderId: 'a' }, { orderId: 'a' }])
  })

  test('must be of a type that can be asked for', () => {
    const text = JSON.stringify(DOCUMENT).replaceAll('{"type":"Order"}', '{"type":"Ordr"}')
    const bench = new Bench({ document: text })
    assert.throws(
      () => bench.guard(objects, 'getPayment'),
      /no GET with one id in its path returns a Ordr/,
    )
  })
})
