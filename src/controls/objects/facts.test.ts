import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { RelationQuestion } from '../../pipeline/conditions/facts.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import { assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { Kit } from '../kit.ts'
import { objects } from './control.ts'

const json = (schema: unknown) => ({
  description: 'ok',
  content: { 'application/json': { schema } },
})
const doc = { $ref: '#/components/schemas/Doc' }
const id = { name: 'docId', in: 'path', required: true, schema: { type: 'integer' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Papers', version: '1' },
  paths: {
    '/docs': {
      get: { operationId: 'listDocs', responses: { 200: json({ type: 'array', items: doc }) } },
    },
    '/docs/{docId}': {
      parameters: [id],
      get: { operationId: 'getDoc', responses: { 200: json(doc) } },
      delete: { operationId: 'deleteDoc', responses: { 204: { description: 'gone' } } },
    },
  },
  components: {
    schemas: {
      Doc: {
        type: 'object',
        properties: { id: { type: 'integer' }, folder: { type: 'string' } },
      },
    },
  },
}
const RULE =
  'relation("doc:" + string(response.id), "viewer", subject.id) || relation("folder:" + response.folder, "viewer", subject.id)'
const POLICY = { authorize: { schemas: new Map([['Doc', RULE]]) } }
const ANN = { ...ANONYMOUS, kind: 'jwt', id: 'i|ann', subject: 'ann' } as const
const HELD: ReadonlySet<string> = new Set(['doc:1', 'doc:3', 'folder:open'])

type Answer = (holds: boolean) => MaybePromise<boolean | undefined>

const WAYS: readonly [name: string, answer: Answer][] = [
  ['at once', (holds) => holds],
  ['later', (holds) => Promise.resolve(holds)],
]

function start(operation: string, answer: Answer) {
  const bench = new Bench({ document: DOCUMENT, policy: POLICY })
  const asked: string[][] = []
  let turn: string[] | undefined
  const relation = ({ object }: RelationQuestion): MaybePromise<boolean | undefined> => {
    if (turn === undefined) {
      asked.push((turn = []))
      queueMicrotask(() => (turn = undefined))
    }
    turn.push(object)
    return answer(HELD.has(object))
  }
  const facts = () => ({ relation, lookupNames: [], lookup: () => () => undefined })
  const kit: Kit = { ...bench.kit, facts }
  return { guard: bench.guard(objects, operation, undefined, kit), asked }
}

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const newExchange = (parts = {}): Exchange => exchangeOf({ principal: ANN, ...parts })

for (const [way, answer] of WAYS)
  suite(`relations that are told ${way}`, () => {
    const cases: readonly [name: string, value: unknown, reason: string | undefined][] = [
      ['show an object', { id: 1, folder: 'x' }, undefined],
      ['show it by any of them', { id: 2, folder: 'open' }, undefined],
      ['hide another', { id: 2, folder: 'x' }, 'foreign_object'],
      ['hide one that shows no id', { folder: 'x' }, 'foreign_object'],
      ['hide one whose id is null', { id: null, folder: 'x' }, 'foreign_object'],
    ]
    for (const [name, value, reason] of cases)
      test(name, async () => {
        const { guard } = start('getDoc', answer)
        const exchange = newExchange()
        await guard.response(exchange, 200, ['content-type', 'application/json'])
        assertRefused(await guard.responseBody(exchange, bytes(value)), reason, 404)
      })

    test('leave the items of others out of a list', async () => {
      const { guard, asked } = start('listDocs', answer)
      const exchange = newExchange()
      await guard.response(exchange, 200, ['content-type', 'application/json'])
      const items = [1, 2, 3, 4].map((one) => ({ id: one, folder: one === 4 ? 'open' : 'x' }))
      const refusal = await guard.responseBody(exchange, bytes(items))
      assert.equal(refusal, undefined)
      const shown = JSON.parse(String(exchange.replacement)) as { readonly id: number }[]
      assert.deepEqual(
        shown.map((one) => one.id),
        [1, 3, 4],
      )
      assert.equal(asked.length, 1, 'all items are asked for together')
    })

    test('are asked for before a change', async () => {
      for (const [docId, reason] of [
        [1, undefined],
        [2, 'foreign_object'],
      ] as const) {
        const { guard } = start('deleteDoc', answer)
        const exchange = newExchange({ method: 'DELETE', target: `/docs/${docId}` })
        exchange.readObject = () =>
          Promise.resolve({ status: 200, body: bytes({ id: docId, folder: 'x' }) })
        assertRefused(await guard.request(exchange), reason, 404)
      }
    })
  })

const AWAY: readonly [name: string, answer: Answer][] = [
  ['rejects', () => Promise.reject(new Error('away'))],
  [
    'throws',
    () => {
      throw new Error('away')
    },
  ],
]
for (const [how, answer] of AWAY)
  suite(`a store that ${how}`, () => {
    for (const [operation, value] of [
      ['getDoc', { id: 1, folder: 'x' }],
      ['listDocs', [{ id: 1, folder: 'x' }]],
    ] as const)
      test(`refuses ${operation} with 503`, async () => {
        const { guard } = start(operation, answer)
        const exchange = newExchange()
        await guard.response(exchange, 200, ['content-type', 'application/json'])
        const refusal = await guard.responseBody(exchange, bytes(value))
        assertRefused(refusal, 'owner_unknown', 503)
        assert.match(refusal?.denial.detail ?? '', /away/)
      })
  })
