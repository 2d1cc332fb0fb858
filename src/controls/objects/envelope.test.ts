import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { ObjectAnswer } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import { assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { objects } from './control.ts'

const json = (schema: unknown) => ({
  200: { description: 'ok', content: { 'application/json': { schema } } },
})
const ORDER = { $ref: '#/components/schemas/Order' }
const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }

function documentOf(members: object): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    paths: {
      '/orders/{id}': {
        parameters: [ID],
        get: { operationId: 'getOrder', responses: json({ type: 'object', properties: members }) },
        put: { operationId: 'putOrder', responses: { 204: { description: 'done' } } },
      },
      '/returns': {
        post: {
          operationId: 'sendBack',
          parameters: [
            {
              name: 'order',
              in: 'query',
              schema: { type: 'string' },
              'x-sallyport-object': { type: 'Order' },
            },
          ],
          responses: { 204: { description: 'done' } },
        },
      },
    },
    components: {
      schemas: {
        Order: {
          type: 'object',
          'x-sallyport-owner': 'owner.mail',
          properties: { owner: { type: 'object', properties: { mail: { type: 'string' } } } },
        },
      },
    },
  }
}

const CALLER = { ...ANONYMOUS, kind: 'jwt', id: 'i|a', subject: 'a', claims: {} } as const

/** What becomes of an operation where the API shows `said` for the order. */
async function reasonOf(operation: string, said: unknown, members: object = { order: ORDER }) {
  const guard = new Bench({ document: documentOf(members) }).guard(objects, operation)
  const exchange = exchangeOf({ principal: CALLER, target: '/orders/5' })
  exchange.parameters = { path: { id: '5' }, query: { order: '5' }, header: {}, cookie: {} }
  const body = Buffer.from(JSON.stringify(said))
  exchange.readObject = () => Promise.resolve<ObjectAnswer>({ status: 200, body })
  const refusal = await guard.request(exchange)
  if (refusal !== undefined || operation !== 'getOrder') return refusal
  await guard.response(exchange, 200, ['content-type', 'application/json'])
  return guard.responseBody(exchange, body.toString())
}

const rows: [name: string, said: unknown, reason: string | undefined][] = [
  ['one’s own passes', { order: { owner: { mail: 'a' } } }, undefined],
  ['another’s does not', { order: { owner: { mail: 'b' } } }, 'foreign_object'],
  ['an empty envelope shows no owner', {}, 'foreign_object'],
  ['nothing in it shows none either', { order: null }, 'foreign_object'],
  ['a list in it is not one object', { order: [] }, 'foreign_object'],
]

suite('an object in an envelope', () => {
  for (const operation of ['getOrder', 'putOrder', 'sendBack'])
    for (const [name, said, reason] of rows)
      test(`${operation}: ${name}`, async () =>
        assertRefused(await reasonOf(operation, said), reason))

  test('an envelope may say more', async () => {
    const members = { order: ORDER, took: { type: 'integer' } }
    const said = { order: { owner: { mail: 'b' } }, took: 3 }
    assertRefused(await reasonOf('putOrder', said, members), 'foreign_object')
  })

  test('two objects in it are none that could be asked for', () => {
    const bench = new Bench({ document: documentOf({ order: ORDER, before: ORDER }) })
    assert.throws(() => bench.guard(objects, 'sendBack'), /no GET with one id/)
  })
})
