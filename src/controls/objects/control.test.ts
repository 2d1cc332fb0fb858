import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange, ObjectAnswer } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { objects } from './control.ts'

const json = (schema: unknown) => ({
  description: 'ok',
  content: { 'application/json': { schema } },
})
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const id = { name: 'orderId', in: 'path', required: true, schema: { type: 'string' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  servers: [{ url: 'https://api.example.com/v1' }],
  paths: {
    '/orders': {
      get: {
        operationId: 'listOrders',
        parameters: [{ name: 'X-Tenant', in: 'header', schema: { type: 'string' } }],
        responses: { 200: json(ref('Page')) },
      },
      post: { operationId: 'createOrder', responses: { 201: json(ref('Order')) } },
    },
    '/orders/all': {
      get: {
        operationId: 'allOrders',
        responses: { 200: json({ type: 'array', items: ref('Order') }) },
      },
    },
    '/orders/known': {
      get: {
        operationId: 'listKnown',
        responses: {
          200: json({
            type: 'object',
            properties: {
              items: { type: 'array', items: ref('Order') },
              total: { type: 'integer', 'x-sallyport-object': 'public' },
            },
          }),
        },
      },
    },
    '/orders/sums': {
      get: {
        operationId: 'listSums',
        responses: {
          200: json({
            type: 'object',
            properties: {
              items: { type: 'array', items: ref('Order') },
              sums: { type: 'object', properties: { amount: { type: 'number' } } },
            },
          }),
        },
      },
    },
    '/orders/mine': { get: { operationId: 'myOrder', responses: { 200: json(ref('Order')) } } },
    '/orders/{orderId}': {
      parameters: [id],
      get: { operationId: 'getOrder', responses: { 200: json(ref('Order')), default: json({}) } },
      patch: { operationId: 'updateOrder', responses: { 200: json(ref('Order')) } },
      delete: { operationId: 'deleteOrder', responses: { 204: { description: 'gone' } } },
    },
    '/orders/{orderId}/lines': {
      parameters: [id],
      get: { operationId: 'listLines', responses: { 200: json({ type: 'array', items: {} }) } },
      post: { operationId: 'addLine', responses: { 204: { description: 'added' } } },
    },
    '/carts/{orderId}': {
      parameters: [id],
      get: { operationId: 'getCart', responses: { 200: json(ref('Cart')) } },
    },
    '/half/{orderId}': {
      parameters: [id],
      get: {
        operationId: 'halfOpenOrder',
        security: [{}, { own: [] }],
        responses: { 200: json(ref('Order')) },
      },
    },
    '/passed/{orderId}': {
      parameters: [id],
      get: {
        operationId: 'passedOn',
        security: [{ own: [] }],
        responses: { 200: json(ref('Order')) },
      },
    },
    '/open/{orderId}': {
      parameters: [id],
      get: { operationId: 'openOrder', security: [], responses: { 200: json(ref('Order')) } },
    },
  },
  components: {
    securitySchemes: { own: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Order: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          ownerId: { type: 'string' },
          tenant: { type: 'string' },
          total: { type: 'number' },
          parts: { type: 'array', items: ref('Order') },
        },
      },
      Cart: {
        type: 'object',
        'x-sallyport-owner': 'user.id',
        properties: {
          user: { type: 'object', properties: { id: { type: 'integer' } } },
          gift: { oneOf: [ref('Order'), { type: 'string' }, { type: 'null' }] },
        },
      },
      Page: {
        type: 'object',
        properties: {
          items: { type: 'array', items: ref('Order') },
          total: { type: 'integer' },
          limit: { type: 'integer' },
          meta: { type: 'object', properties: { pages: { type: 'integer' } } },
        },
      },
    },
  },
}

const RULE = 'response.ownerId == subject.id'
const OWN: PolicyParts = { authorize: { schemas: new Map([['Order', RULE]]) } }
const ANN: Principal = { ...ANONYMOUS, kind: 'jwt', id: 'i|7', subject: '7' }
const JSON_TYPE = ['content-type', 'application/json']

interface Case {
  readonly operation: string
  readonly body?: string
  readonly status?: number
  readonly method?: string
  readonly policy?: PolicyParts
  readonly principal?: Principal
}

async function judged(parts: Case) {
  const bench = new Bench({ document: DOCUMENT, policy: parts.policy ?? OWN })
  const guard = bench.guard(objects, parts.operation)
  const exchange = exchangeOf({
    target: '/v1/orders/5',
    principal: parts.principal ?? ANN,
    site: bench.site(parts.operation),
    ...(parts.method === undefined ? {} : { method: parts.method }),
  })
  const before = await guard.request(exchange)
  const head = before ?? (await guard.response(exchange, parts.status ?? 200, JSON_TYPE))
  const isRead =
    head === undefined && guard.guard !== undefined && guard.wantsResponseBody(exchange)
  const refusal = isRead ? await guard.responseBody(exchange, parts.body ?? '') : head
  return { exchange, refusal, guard, text: exchange.replacement?.toString() }
}

const own = (more = {}) => ({ id: '1', ownerId: '7', ...more })
const other = (more = {}) => ({ id: '2', ownerId: '8', ...more })
const of = (value: unknown) => JSON.stringify(value)

const objectsShown: [name: string, parts: Case, reason: string | undefined][] = [
  ['lets the owner see the object', { operation: 'getOrder', body: of(own()) }, undefined],
  ['hides another’s object', { operation: 'getOrder', body: of(other()) }, 'foreign_object'],
  [
    'says plainly where the policy wants it',
    {
      operation: 'getOrder',
      body: of(other()),
      policy: { authorize: { ...OWN.authorize, denied: 403 } },
    },
    'foreign_object_told',
  ],
  [
    'hides an object without an owner',
    { operation: 'getOrder', body: '{"id":"1"}' },
    'foreign_object',
  ],
  [
    'hides an object of nobody',
    { operation: 'getOrder', body: '{"ownerId":null}' },
    'foreign_object',
  ],
  [
    'hides an empty name',
    { operation: 'getOrder', body: '{"ownerId":""}', principal: { ...ANN, subject: '' } },
    'foreign_object',
  ],
  [
    'takes no number for a text',
    { operation: 'getOrder', body: '{"ownerId":7}' },
    'foreign_object',
  ],
  [
    'takes no list for a text',
    { operation: 'getOrder', body: '{"ownerId":["7"]}' },
    'foreign_object',
  ],
  [
    'reads no owner off a prototype',
    { operation: 'getOrder', body: '{"__proto__":{"ownerId":"7"}}' },
    'foreign_object',
  ],
  ['hides null', { operation: 'getOrder', body: 'null' }, 'foreign_object'],
  [
    'hides a text where an object should be',
    { operation: 'getOrder', body: '"7"' },
    'foreign_object',
  ],
  ['hides what is no JSON', { operation: 'getOrder', body: 'id,ownerId' }, 'unreadable_answer'],
  ['hides an empty answer', { operation: 'getOrder', body: '' }, 'foreign_object'],
  [
    'hides an answer with another status',
    { operation: 'getOrder', status: 203, body: of(other()) },
    'foreign_object',
  ],
  ['hides an unchanged answer', { operation: 'getOrder', status: 304 }, 'foreign_object'],
  ['hides where the object moved', { operation: 'getOrder', status: 302 }, 'foreign_object'],
  [
    'hides a part of an object',
    { operation: 'getOrder', status: 206, body: of(own()) },
    'foreign_object',
  ],
  [
    'hides a missing object in the same words',
    { operation: 'getOrder', status: 404 },
    'missing_object',
  ],
  ['hides that it is forbidden', { operation: 'getOrder', status: 403 }, 'missing_object'],
  ['hides that it is gone', { operation: 'getOrder', status: 410 }, 'missing_object'],
  ['leaves a failure of the API to others', { operation: 'getOrder', status: 500 }, undefined],
  ['leaves the API’s word on a credential', { operation: 'getOrder', status: 401 }, undefined],
  [
    'judges an object found without an id',
    { operation: 'myOrder', body: of(other()) },
    'foreign_object',
  ],
  [
    'leaves errors of an object found without an id',
    { operation: 'myOrder', status: 404 },
    undefined,
  ],
  [
    'judges what was made',
    { operation: 'createOrder', status: 201, body: of(other()) },
    'foreign_object',
  ],
  [
    'hides an object that holds another’s by itself',
    { operation: 'getCart', body: of({ user: { id: 7 }, gift: other() }) },
    'foreign_object',
  ],
  [
    'shows an object that holds one’s own',
    { operation: 'getCart', body: of({ user: { id: 7 }, gift: own() }) },
    undefined,
  ],
  [
    'shows an object that holds none',
    { operation: 'getCart', body: of({ user: { id: 7 }, gift: null }) },
    undefined,
  ],
  [
    'shows an object that names one',
    { operation: 'getCart', body: of({ user: { id: 7 }, gift: '2' }) },
    undefined,
  ],
  [
    'reads the owner that the document marks',
    { operation: 'getCart', body: of({ user: { id: 8 } }) },
    'foreign_object',
  ],
  [
    'compares ids exactly',
    {
      operation: 'getCart',
      body: '{"user":{"id":9007199254740993}}',
      principal: { ...ANN, subject: '9007199254740992' },
    },
    'foreign_object',
  ],
  [
    'hides an anonymous caller’s object',
    { operation: 'getOrder', body: '{"ownerId":""}', principal: ANONYMOUS },
    'foreign_object',
  ],
  [
    'hides everything from nobody in particular where a credential is optional',
    { operation: 'halfOpenOrder', body: of(own()), principal: ANONYMOUS },
    'foreign_object',
  ],
  ['leaves public operations alone', { operation: 'openOrder', body: of(other()) }, undefined],
]

suite('an object', () => {
  for (const [name, parts, reason] of objectsShown) {
    test(name, async () => {
      const { refusal, text } = await judged(parts)
      assertRefused(refusal, reason)
      assert.equal(text, undefined)
    })
  }

  test('of which a member stands twice goes out as it was judged', async () => {
    const { refusal, text, exchange } = await judged({
      operation: 'getOrder',
      body: '{"ownerId":"8","total":1.50,"ownerId":"7"}',
    })
    assertRefused(refusal, undefined)
    assert.equal(text, '{"ownerId":"7","total":1.50}')
    assert.equal(exchange.repaired[0]?.reason, 'repeated_member')
  })

  test('is only watched in monitor', async () => {
    const modes = new Map([['objects', 'monitor']] as const)
    const policy = { ...OWN, modes }
    const { refusal, exchange, guard, text } = await judged({
      operation: 'getOrder',
      body: of(other()),
      policy,
    })
    assertRefused(refusal, undefined)
    assert.equal(text, undefined)
    assert.equal(exchange.observed[0]?.reason, 'foreign_object')
    assert.match(exchange.observed[0]?.detail ?? '', /^Order at \/$/)
    assert.equal(guard.dropsRequest('range'), false)
    assert.deepEqual(guard.forward(exchange), [])
  })
})

const lists: [name: string, parts: Case, left: unknown][] = [
  [
    'loses the items of others and their count',
    {
      operation: 'listOrders',
      body: of({ items: [own(), other(), own()], total: 9, limit: 20, meta: { pages: 3 } }),
    },
    { items: [own(), own()], total: 2, limit: 20, meta: { pages: 1 } },
  ],
  [
    'tells no count of what stands on other pages',
    { operation: 'listOrders', body: of({ items: [], total: 9 }) },
    { items: [], total: 0 },
  ],
  [
    'loses items that are no objects',
    { operation: 'allOrders', body: of([own(), 'x', 7, [other()], own()]) },
    [own(), [], own()],
  ],
  [
    'loses items inside an item',
    { operation: 'allOrders', body: of([own({ parts: [other(), own()] })]) },
    [own({ parts: [own()] })],
  ],
  [
    'is judged where one object was declared',
    { operation: 'getOrder', body: of([own(), other()]) },
    [own()],
  ],
  [
    'loses what comes under another name for one',
    { operation: 'listOrders', status: 203, body: of({ items: [other()], total: 1 }) },
    { items: [], total: 0 },
  ],
]

suite('a list', () => {
  for (const [name, parts, left] of lists) {
    test(name, async () => {
      const { refusal, text } = await judged(parts)
      assertRefused(refusal, undefined)
      assert.deepEqual(JSON.parse(text ?? 'null'), left)
    })
  }

  test('of one’s own goes out as it came', async () => {
    const body = of({ items: [own({ total: 1.5 })], total: 1 })
    const { text } = await judged({ operation: 'listOrders', body })
    assert.equal(text, undefined)
  })

  test('keeps its numbers to the digit', async () => {
    const body = '[{"ownerId":"8","total":1},{"ownerId":"7","total":12345678901234567890.10}]'
    const { text } = await judged({ operation: 'allOrders', body })
    assert.equal(text, '[{"ownerId":"7","total":12345678901234567890.10}]')
  })

  test('is refused as a whole where one object stands for it', async () => {
    const { refusal } = await judged({ operation: 'allOrders', body: of(other()) })
    assertRefused(refusal, 'foreign_object', 404)
  })

  test('keeps a count that the document calls public', async () => {
    const { text } = await judged({
      operation: 'listKnown',
      body: of({ items: [own()], total: 9 }),
    })
    assert.equal(text, undefined)
  })

  test('beside the id of what holds it loads, beside the newest id does not', () => {
    const withBeside = (name: string): Bench => {
      const items = { type: 'array', items: { $ref: '#/components/schemas/Order' } }
      const schema = { type: 'object', properties: { items, [name]: { type: 'integer' } } }
      const get = {
        operationId: 'getBasket',
        responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
      }
      const paths = { '/basket': { get } }
      return new Bench({ document: { ...DOCUMENT, paths }, policy: OWN })
    }
    for (const name of ['id', '_id', 'basketId', 'user_id', 'UserId'])
      assert.doesNotThrow(() => withBeside(name).guard(objects, 'getBasket'), name)
    for (const name of ['lastId', 'max_id', 'nextID', 'paid', 'balance'])
      assert.throws(() => withBeside(name).guard(objects, 'getBasket'), /would still tell of it/)
  })

  test('with a sum that would tell of the others does not load', () => {
    const bench = new Bench({ document: DOCUMENT, policy: OWN })
    assert.throws(() => bench.guard(objects, 'listSums'), /sums.amount would still tell of it/)
  })
})

suite('tenants', () => {
  const policy: PolicyParts = {
    authorize: {
      schemas: new Map([['Order', 'response.tenant == subject.tenant']]),
      operations: new Map([['listOrders', 'header["x-tenant"] == subject.tenant']]),
    },
  }
  const at = (tenant: string): Principal => ({ ...ANN, claims: { tenant } })

  test('see what is theirs', async () => {
    const body = of({ tenant: 'blue' })
    assertRefused(
      (await judged({ operation: 'getOrder', body, policy, principal: at('blue') })).refusal,
      undefined,
    )
  })

  test('do not see what is another’s, whoever owns it', async () => {
    for (const principal of [at('red'), at(''), ANN]) {
      const { refusal } = await judged({
        operation: 'getOrder',
        body: of({ tenant: 'blue', ownerId: '7' }),
        policy,
        principal,
      })
      assertRefused(refusal, 'foreign_object', 404)
    }
  })

  test('lose the items of others', async () => {
    const body = of([{ tenant: 'blue' }, { tenant: 'red' }])
    const { text } = await judged({ operation: 'allOrders', body, policy, principal: at('blue') })
    assert.equal(text, '[{"tenant":"blue"}]')
  })
})

suite('the ways around', () => {
  const guardOf = (operation: string) =>
    new Bench({ document: DOCUMENT, policy: OWN }).guard(objects, operation)
  const dropped = ['range', 'if-none-match', 'if-modified-since', 'if-match', 'if-range', 'accept']
  for (const name of dropped) {
    test(`${name} stays behind where something is read`, () => {
      assert.equal(guardOf('getOrder').dropsRequest(name), true)
      assert.equal(guardOf('listOrders').dropsRequest(name), true)
    })
  }

  test('a precondition of a change goes on: the owner was asked before', () => {
    assert.equal(guardOf('updateOrder').dropsRequest('if-match'), false)
    assert.equal(guardOf('updateOrder').dropsRequest('range'), true)
  })

  test('the API is asked for JSON', () => {
    const guard = guardOf('getOrder')
    assert.equal(valueOf(guard.forward(exchangeOf()), 'accept'), 'application/json')
  })

  test('HEAD becomes a GET that is judged', async () => {
    const { exchange, refusal } = await judged({
      operation: 'getOrder',
      method: 'HEAD',
      body: of(other()),
    })
    assert.equal(exchange.upstreamMethod, 'GET')
    assertRefused(refusal, 'foreign_object', 404)
  })

  test('fields that count items stay behind with them', () => {
    assert.equal(guardOf('listOrders').dropsResponse('x-total-count'), true)
    assert.equal(guardOf('listOrders').dropsResponse('etag'), false)
  })
})

/** An API that answers reads by path. */
function asked(exchange: Exchange, answers: Readonly<Record<string, ObjectAnswer | undefined>>) {
  const paths: string[] = []
  exchange.readObject = (_site: Site, path: string) => {
    paths.push(path)
    return Promise.resolve(answers[path])
  }
  return paths
}

const answer = (value: unknown, status = 200): ObjectAnswer => ({
  status,
  body: Buffer.from(typeof value === 'string' ? value : of(value)),
})

const changes: [
  name: string,
  operation: string,
  ObjectAnswer | undefined,
  reason: string | undefined,
][] = [
  ['goes on for the owner', 'updateOrder', answer(own()), undefined],
  ['is refused for another’s object', 'updateOrder', answer(other()), 'foreign_object'],
  ['is refused for a missing object', 'deleteOrder', answer('', 404), 'missing_object'],
  [
    'is refused for an object that the API forbids',
    'deleteOrder',
    answer('', 403),
    'missing_object',
  ],
  ['is refused where the object moved', 'deleteOrder', answer('', 302), 'foreign_object'],
  ['waits where the API fails', 'deleteOrder', answer('', 500), 'owner_unknown'],
  ['waits where the API is silent', 'deleteOrder', undefined, 'owner_unknown'],
  ['is refused where no owner can be read', 'deleteOrder', answer('<html>'), 'foreign_object'],
  [
    'is refused where two owners stand',
    'deleteOrder',
    answer('{"ownerId":"8","ownerId":"7"}'),
    'foreign_object',
  ],
  ['is refused below another’s object', 'addLine', answer(other()), 'foreign_object'],
  ['goes on below one’s own', 'addLine', answer(own()), undefined],
]

suite('a change', () => {
  for (const [name, operation, said, reason] of changes) {
    test(name, async () => {
      const bench = new Bench({ document: DOCUMENT, policy: OWN })
      const target = operation === 'addLine' ? '/v1/orders/5/lines' : '/v1/orders/5'
      const exchange = exchangeOf({ method: 'PATCH', target, principal: ANN })
      const paths = asked(exchange, { '/v1/orders/5': said })
      assertRefused(await bench.guard(objects, operation).request(exchange), reason)
      assert.deepEqual(paths, ['/v1/orders/5'])
    })
  }

  test('of which the rule names the id needs no question', () => {
    const operations = new Map([['addLine', 'path.orderId == subject.id']])
    const policy = { authorize: { ...OWN.authorize, operations } }
    const bench = new Bench({ document: DOCUMENT, policy })
    assert.equal(bench.guard(objects, 'addLine').guard, undefined)
  })

  test('of which the rule is about the object is judged by both', async () => {
    const operations = new Map([['updateOrder', 'response.id == "1"']])
    const policy = { authorize: { ...OWN.authorize, operations } }
    const bench = new Bench({ document: DOCUMENT, policy })
    const exchange = exchangeOf({ method: 'PATCH', target: '/v1/orders/5', principal: ANN })
    asked(exchange, { '/v1/orders/5': answer(own({ id: '5' })) })
    assertRefused(await bench.guard(objects, 'updateOrder').request(exchange), 'foreign_object')
  })
})

suite('what cannot be held does not load', () => {
  const compile = (operation: string, authorize: PolicyParts['authorize']) => () =>
    new Bench({
      document: DOCUMENT,
      policy: {
        authorize: authorize ?? {},
        auth: { schemes: new Map([['own', 'upstream']] as const) },
      },
    }).guard(objects, operation)
  const rules = (entries: Record<string, string>) => ({
    operations: new Map(Object.entries(entries)),
  })
  const rows: [name: string, make: () => unknown, said: RegExp][] = [
    [
      'a rule for a schema that no document has',
      compile('getOrder', { schemas: new Map([['Ordr', RULE]]) }),
      /no document has a schema "Ordr"/,
    ],
    [
      'a rule for a field that the schema has not',
      compile('getOrder', { schemas: new Map([['Order', 'response.owner == subject.id']]) }),
      /declares no response.owner/,
    ],
    [
      'an owner where only the API knows who is calling',
      compile('passedOn', OWN.authorize),
      /only the API knows who is calling/,
    ],
    [
      'a rule about what nobody can read',
      compile('createOrder', rules({ createOrder: RULE })),
      /no operation reads/,
    ],
  ]
  for (const [name, make, said] of rows) {
    test(name, () => assert.throws(make, said))
  }
})

test('every reason is reached', () =>
  assertEveryReason(objects, [
    ...objectsShown.map((row) => row[2]),
    ...changes.map((row) => row[3]),
    'foreign_item',
    'hidden_count',
    'repeated_member',
  ]))
