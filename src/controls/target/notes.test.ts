import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Denial } from '../../pipeline/denial.ts'
import { parameters } from '../parameters/control.ts'
import { routes } from '../routes/control.ts'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { urlFields } from '../url-fields/control.ts'
import { target } from './control.ts'

const text = { type: 'string' }
const ok = { responses: { 200: { description: 'ok' } } }
const query = (name: string, schema: object): object => ({ name, in: 'query', schema })
const path = { name: 'id', in: 'path', required: true, schema: { type: 'integer' } }
const word = { ...path, schema: text }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{id}': {
      get: {
        operationId: 'show',
        parameters: [path, query('q', text), query('tags', { type: 'array', items: text })],
        ...ok,
      },
      put: { operationId: 'change', parameters: [word, query('q', { type: 'integer' })], ...ok },
      delete: {
        operationId: 'remove',
        parameters: [path, { name: 'X-Why', in: 'header', schema: text }],
        ...ok,
      },
    },
    '/fetch': {
      get: { operationId: 'fetch', parameters: [query('url', text)], ...ok },
    },
  },
}

const METHODS = { GET: 'show', PUT: 'change', DELETE: 'remove' } as const

/** All that judges a target; with a memory that lasts. */
function way(policy: PolicyParts = {}): (exchange: Exchange) => Promise<unknown> {
  const bench = new Bench({ document: DOCUMENT, policy })
  const wide = [bench.guard(target), bench.guard(routes)]
  const own = new Map(
    ['show', 'change', 'remove', 'fetch'].map((id) => [
      id,
      [bench.guard(parameters, id), bench.guard(urlFields, id)],
    ]),
  )
  return async (exchange) => {
    exchange.path = ''
    exchange.query = { text: '', pairs: [] }
    const told: unknown[] = []
    const ask = async (guards: typeof wide): Promise<void> => {
      for (const guard of guards) {
        const refusal = await guard.request(exchange)
        if (refusal === undefined) continue
        const { reason, detail, errors }: Denial = refusal.denial
        told.push({ reason, detail, errors })
        return
      }
    }
    await ask(wide)
    if (told.length === 0) await ask(own.get(exchange.site?.operation.id ?? '') ?? [])
    const { path, query, pathValues, parameters: values, site } = exchange
    const places = values && [{ ...values.path }, { ...values.query }, { ...values.header }]
    return { told, path, query, pathValues, places, site: site?.label }
  }
}

const requests = fc.record({
  method: fc.constantFrom(...Object.keys(METHODS), 'POST', 'HEAD'),
  target: fc.constantFrom(
    '/orders/7',
    '/orders/7?q=a',
    '/orders/7?q=5',
    '/orders/x?q=5',
    '/orders/7?tags=a&tags=b',
    '/orders/%37',
    '/orders//7',
    '/orders/7?zz=1',
    '/fetch?url=http://127.0.0.1/',
    '/fetch?url=https://shop.example.com/',
    '/none',
  ),
  headers: fc.constantFrom<readonly string[]>([], ['X-Why', 'a'], ['X-Why', 'b']),
})

for (const [name, policy] of [
  ['enforced', {}],
  ['observed', { modes: new Map([['validate', 'monitor']]) }],
] as const satisfies readonly (readonly [string, PolicyParts])[]) {
  test(`what was noted comes to what a first look finds: ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(requests, { maxLength: 40 }), async (sent) => {
        const remembering = way(policy)
        for (const one of sent)
          assert.deepEqual(
            await remembering(exchangeOf(one)),
            await way(policy)(exchangeOf(one)),
            JSON.stringify(one),
          )
      }),
      { numRuns: 15 },
    )
  })
}

test('the values of a target that comes again are shared, and nobody can change them', async () => {
  const judge = way()
  const exchanges = Array.from({ length: 4 }, () => exchangeOf({ target: '/orders/7?q=a' }))
  for (const exchange of exchanges) await judge(exchange)
  const [first, , third, fourth] = exchanges.map((exchange) => exchange.parameters)
  assert.equal(third, fourth)
  assert.notEqual(first, third)
  assert.ok(Object.isFrozen(third) && Object.isFrozen(third?.path) && Object.isFrozen(third?.query))
})

test('values that could be changed, and values of header fields, are made for each request', async () => {
  const judge = way()
  for (const parts of [
    { target: '/orders/7?tags=a' },
    { target: '/orders/8', method: 'DELETE', headers: ['X-Why', 'a'] },
  ]) {
    const exchanges = Array.from({ length: 4 }, () => exchangeOf(parts))
    for (const exchange of exchanges) await judge(exchange)
    const all = exchanges.map((exchange) => exchange.parameters)
    assert.equal(new Set(all).size, all.length)
  }
})

test('values in place of tokens are not those of the target', async () => {
  const bench = new Bench({ document: DOCUMENT })
  const [wide, router] = [bench.guard(target), bench.guard(routes)]
  const decode = bench.guard(parameters, 'show')
  const found: unknown[] = []
  for (const id of ['7', '7', '7', '9', '7']) {
    const exchange = exchangeOf({ target: '/orders/7' })
    await wide.request(exchange)
    await router.request(exchange)
    // As `token-parameters` does.
    if (id !== '7') exchange.pathValues = [id]
    await decode.request(exchange)
    found.push(exchange.parameters?.path['id'])
  }
  assert.deepEqual(found, [7, 7, 7, 9, 7])
})
