import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { objects } from './control.ts'
import { uncoveredOf } from './coverage.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const ref = { $ref: '#/components/schemas/Order' }
const json = (schema: unknown) => ({
  responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
})
const path = (name: string, more = {}) => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
  ...more,
})
const takes = (properties: unknown) => ({
  requestBody: { content: { 'application/json': { schema: { type: 'object', properties } } } },
})
const text = { type: 'string' }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders': { get: { operationId: 'list', ...json({ type: 'array', items: ref }) } },
    '/orders/export': { get: { operationId: 'table', ...ok } },
    '/orders/{id}': {
      parameters: [path('id')],
      get: { operationId: 'read', ...json(ref) },
      delete: { operationId: 'remove', ...ok },
    },
    '/users/{name}': { parameters: [path('name')], get: { operationId: 'user', ...ok } },
    '/kinds/{kind}': {
      parameters: [path('kind', { schema: { enum: ['a', 'b'] } })],
      get: { operationId: 'kind', ...ok },
    },
    '/accounts/{accountId}': {
      parameters: [path('accountId')],
      put: { operationId: 'move', ...takes({ accountId: text }), ...ok },
    },
    '/marked/{id}': {
      parameters: [path('id', { 'x-sallyport-object': 'public' })],
      get: { operationId: 'marked', ...ok },
    },
    '/open/{id}': {
      parameters: [path('id')],
      get: { operationId: 'open', security: [], ...ok },
    },
    '/pay': {
      post: {
        operationId: 'pay',
        parameters: [{ name: 'X-Account-Id', in: 'header', schema: text }],
        ...takes({
          accountId: text,
          note: text,
          paid: text,
          lines: { type: 'array', items: { type: 'object', properties: { order_id: text } } },
          made: { type: 'object', properties: { uuid: { type: 'string', readOnly: true } } },
        }),
        ...ok,
      },
    },
  },
  components: {
    schemas: {
      Order: { type: 'object', 'x-sallyport-owner': 'owner', properties: { owner: text } },
    },
  },
}
const PAY = ['body.accountId', 'body.order_id', 'header.X-Account-Id']

const rules = (entries: Record<string, string>): PolicyParts => ({
  authorize: { operations: new Map(Object.entries(entries)) },
})

const rows: [name: string, operation: string, policy: PolicyParts, found: string[]][] = [
  ['an object whose answer is judged', 'read', {}, []],
  ['a change of it', 'remove', {}, []],
  ['a list', 'list', {}, []],
  ['a table beside the list', 'table', {}, ['answer./orders']],
  ['a table that a rule is written for', 'table', rules({ table: '"a" in subject.roles' }), []],
  ['an id of which nothing is known', 'user', {}, ['path.name']],
  ['an id that a rule names', 'user', rules({ user: 'path.name == subject.id' }), []],
  ['an id of a rule about the caller', 'user', rules({ user: '"a" in subject.roles' }), []],
  ['an id of a public operation of the policy', 'user', rules({ user: 'public' }), []],
  ['one of a few values', 'kind', {}, []],
  ['an id that is marked public', 'marked', {}, []],
  ['an id of an operation without security', 'open', {}, []],
  ['ids in a body, nested too, and in a header', 'pay', {}, PAY],
  [
    'an id in the body whose like in the path a rule names',
    'move',
    rules({ move: 'path.accountId in subject.accounts' }),
    ['body.accountId'],
  ],
  [
    'ids of which a rule names one',
    'pay',
    rules({ pay: 'body.accountId in subject.accounts' }),
    PAY.slice(1),
  ],
]

suite('what no rule covers', () => {
  for (const [name, operation, policy, found] of rows) {
    test(name, () => {
      const bench = new Bench({ document: DOCUMENT, policy })
      const all = uncoveredOf(bench.site(operation), bench.kit)
      assert.deepEqual(
        all.map(({ place, name: id }) => `${place}.${id}`).toSorted(),
        found.toSorted(),
      )
    })
  }

  test('stops the start where the policy is strict', () => {
    const strict = { authorize: { isStrict: true } }
    const bench = new Bench({ document: DOCUMENT, policy: strict })
    assert.throws(
      () => bench.guard(objects, 'user'),
      /no rule says whose the object of path.name is/,
    )
    assert.doesNotThrow(() => bench.guard(objects, 'read'))
  })
})
