import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../identity/principal.ts'
import { parseFieldAccess } from '../pipeline/field-access.ts'
import { classes } from './classes/control.ts'
import { fields } from './fields/control.ts'
import { objects } from './objects/control.ts'
import { responses } from './responses/control.ts'
import { Bench } from './testing/bench.ts'
import { exchangeOf } from './testing/exchange.ts'
import type { PolicyParts } from './testing/policy.ts'

const text = { type: 'string' }
const order = { $ref: '#/components/schemas/Order' }
const list = { type: 'array', items: order }
const SCHEMAS = {
  Order: {
    'x-sallyport-owner': 'ownerId',
    type: 'object',
    properties: {
      id: { type: 'integer' },
      ownerId: text,
      note: { ...text, 'x-sallyport-read': ['hr'] },
      diary: { ...text, 'x-sallyport-read': ['owner'] },
      card: { ...text, 'x-sallyport-class': 'payment' },
      parts: { type: 'array', items: order },
    },
  },
  Page: { type: 'object', properties: { orders: list } },
  Hidden: { type: 'object', 'x-sallyport-read': ['hr'], properties: { id: { type: 'integer' } } },
}

const json = (schema: unknown): object => ({ 'application/json': { schema } })
function get(operationId: string, content: object, more: object = {}): object {
  return { get: { operationId, responses: { 200: { description: 'ok', content }, ...more } } }
}
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/one': get('one', json(order)),
    '/list': get('list', json(list)),
    '/page': get('page', json({ $ref: '#/components/schemas/Page' })),
    '/pages': get('pages', json({ type: 'array', items: { $ref: '#/components/schemas/Page' } })),
    '/either': get('either', json({ oneOf: [order, { type: 'array', items: text }] })),
    '/types': get('types', {
      ...json(list),
      'application/hal+json': { schema: { $ref: '#/components/schemas/Page' } },
    }),
    '/tuple': get('tuple', json({ type: 'array', prefixItems: [order], items: text })),
    '/hidden': get(
      'hidden',
      json({ type: 'array', items: { $ref: '#/components/schemas/Hidden' } }),
    ),
  },
  components: { schemas: SCHEMAS },
}

const FIELDS: PolicyParts = {
  authorize: {
    fields: new Map([['Order.ownerId', { read: parseFieldAccess(['hr'], '') }]]),
  },
  data: { classes: new Map([['payment', parseFieldAccess({ others: 'last4' }, '')]]) },
}
const OWNED: PolicyParts = {
  authorize: { schemas: new Map([['Order', 'response.ownerId == subject.id']]) },
}

const BENCHES = new Map<PolicyParts, Bench>()

function benchOf(policy: PolicyParts): Bench {
  const bench = BENCHES.get(policy) ?? new Bench({ document: DOCUMENT, policy })
  BENCHES.set(policy, bench)
  return bench
}

/** What a caller named ann gets of an answer, after everything that looks at answers in the order of the pipeline. */
async function left(operation: string, said: unknown, policy = FIELDS): Promise<unknown> {
  const bench = benchOf(policy)
  const exchange = exchangeOf()
  exchange.principal = { ...ANONYMOUS, kind: 'apiKey', id: 'ann', subject: 'ann' }
  let body = JSON.stringify(said)
  for (const control of [objects, responses, fields, classes]) {
    const guard = bench.guard(control as typeof responses, operation)
    const early = await guard.response(exchange, 200, ['content-type', 'application/json'])
    const late = early ?? (await guard.responseBody(exchange, body))
    if (late !== undefined) return late.denial.reason
    body = exchange.replacement?.toString() ?? body
  }
  return JSON.parse(body)
}

const SECRET = 'for-nobody'
const FULL = {
  id: 1,
  ownerId: 'ann',
  note: SECRET,
  diary: 'mine',
  card: '4111111111111111',
  extra: SECRET,
}
const SHOWN = { id: 1, diary: 'mine', card: '************1111' }

const rows: [name: string, operation: string, said: unknown, expected: unknown][] = [
  ['one object where one is declared', 'one', FULL, SHOWN],
  ['a list where a list is declared', 'list', [FULL], [SHOWN]],
  ['a list for one object', 'one', [FULL, FULL], [SHOWN, SHOWN]],
  ['one object for a list', 'list', FULL, SHOWN],
  ['objects inside the object', 'list', { ...FULL, parts: [FULL] }, { ...SHOWN, parts: [SHOWN] }],
  ['a list for what holds a list', 'page', [{ orders: [FULL] }], [{ orders: [SHOWN] }]],
  ['one of what holds a list', 'pages', { orders: [FULL] }, { orders: [SHOWN] }],
  ['where another media type declares an object', 'types', FULL, SHOWN],
  ['what is no object in the list', 'one', [FULL, SECRET, [FULL], 7], [SHOWN, null]],
  ['a list of texts for an object', 'one', [SECRET], null],
  ['a text for an object shows no owner', 'one', SECRET, 'foreign_object'],
  ['an object that is hidden as a whole, for a list', 'hidden', { id: 1 }, null],
]

suite('answers of another shape than declared', () => {
  for (const [name, operation, said, expected] of rows)
    test(`fields are shown by their rules: ${name}`, async () =>
      assert.deepEqual(await left(operation, said), expected))

  test('rules of owners hold in both shapes', async () => {
    const own = { id: 1, ownerId: 'ann' }
    const other = { id: 2, ownerId: 'bob', note: SECRET }
    const none = { id: 3 }
    assert.deepEqual(await left('one', [own, other, none], OWNED), [own])
    assert.deepEqual(await left('list', own, OWNED), own)
    assert.equal(await left('list', other, OWNED), 'foreign_object')
    assert.equal(await left('list', none, OWNED), 'foreign_object')
    assert.deepEqual(await left('page', [{ orders: [own, other] }], OWNED), [{ orders: [own] }])
    assert.deepEqual(await left('pages', { orders: [own, other] }, OWNED), { orders: [own] })
  })

  test('rules of schemas may differ by operation', async () => {
    const bench = new Bench({ document: DOCUMENT })
    const guards = ['one', 'list'].map((operation, index) => {
      const schemas = new Map([
        ['Order', index === 0 ? 'public' : 'response.ownerId == subject.id'],
      ])
      return bench.guard(objects, operation, { authorize: { schemas } })
    })
    const said = JSON.stringify({ id: 1, ownerId: 'bob' })
    const reasons = guards.map(async (guard) => {
      const exchange = exchangeOf()
      exchange.principal = { ...ANONYMOUS, kind: 'apiKey', id: 'ann', subject: 'ann' }
      await guard.response(exchange, 200, ['content-type', 'application/json'])
      return (await guard.responseBody(exchange, said))?.denial.reason
    })
    assert.deepEqual(await Promise.all(reasons), [undefined, 'foreign_object'])
  })

  test('rules of schemas know what is known of clients', () => {
    const schemas = new Map([['Order', 'network.country == "NO"']])
    const guardWith = (knowsPlaces: boolean): unknown => {
      const policy: PolicyParts = { listen: { knowsPlaces }, authorize: { schemas } }
      return new Bench({ document: DOCUMENT, policy }).guard(objects, 'one').guard
    }
    assert.ok(guardWith(true) !== undefined)
    assert.throws(() => guardWith(false), /needs a database of countries/)
  })

  test('where rules only watch they tell the same, and change nothing', async () => {
    const modes = new Map(['authorize', 'data'].map((block) => [block, 'monitor' as const]))
    const bench = new Bench({ document: DOCUMENT, policy: { ...FIELDS, modes } })
    const exchange = exchangeOf()
    for (const control of [fields, classes]) {
      const guard = bench.guard(control, 'list')
      await guard.response(exchange, 200, ['content-type', 'application/json'])
      await guard.responseBody(exchange, JSON.stringify(FULL))
    }
    assert.equal(exchange.replacement, undefined)
    assert.deepEqual(
      exchange.observed.map(({ reason, detail }) => [reason, detail]),
      [
        ['field_hidden', '/ownerId /note /diary'],
        ['field_hidden', '/card'],
      ],
    )
  })

  test('no text hides a shape: white space and a mark before it', async () => {
    const bench = new Bench({ document: DOCUMENT, policy: FIELDS })
    for (const operation of ['one', 'list', 'types'])
      for (const before of ['', ' \r\n\t', '\ufeff', '\ufeff '])
        for (const value of [FULL, [FULL]]) {
          const guard = bench.guard(fields, operation)
          const exchange = exchangeOf()
          await guard.response(exchange, 200, ['content-type', 'application/json'])
          await guard.responseBody(exchange, before + JSON.stringify(value))
          assert.match(String(exchange.replacement), /"card"/, operation)
          assert.doesNotMatch(String(exchange.replacement), /"note"|"ownerId"/, operation)
        }
  })

  test('nothing is told in any shape of answer', async () => {
    const secret = fc.constant(FULL)
    const shape: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        secret,
        fc.array(tie('node'), { maxLength: 2 }),
        fc.record({ orders: tie('node') }),
        fc.record({ id: fc.constant(1), parts: tie('node') }),
      ),
    })).node
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.constantFrom('one', 'list', 'page', 'pages', 'either', 'types', 'tuple'),
        async (said, operation) => {
          const shown = JSON.stringify(await left(operation, said))
          assert.doesNotMatch(shown, /for-nobody|411111111111/)
        },
      ),
      { numRuns: 100 },
    )
  })
})
