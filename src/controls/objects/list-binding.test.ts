import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import { parseQueryRule } from '../../pipeline/query-rule.ts'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { objects } from './control.ts'
import { uncoveredOf } from './coverage.ts'

const order = {
  type: 'object',
  'x-sallyport-owner': 'ownerId',
  properties: { ownerId: { type: 'string' }, price: { type: 'number' } },
}
const ok = (schema: unknown): object => ({
  200: { description: 'ok', content: { 'application/json': { schema } } },
})
const limit = { name: 'limit', in: 'query', schema: { type: 'integer' } }
const owner = { name: 'ownerId', in: 'query', schema: { type: 'string' } }

/** A list of orders with further members, and what else is there. */
function documentOf(members: object, more: object = {}, said: object = {}): object {
  const properties = { items: { type: 'array', items: order }, ...members }
  const list = { operationId: 'list', parameters: [limit, owner], ...said }
  return {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    paths: {
      '/orders': { get: { ...list, responses: ok({ type: 'object', properties }) } },
      ...more,
    },
  }
}

const number = { type: 'integer' }
const text = { type: 'string' }
const OWN: PolicyParts = {
  authorize: { queries: new Map([['list', parseQueryRule('own', 'at')]]) },
}
const TIED: PolicyParts = {
  authorize: { operations: new Map([['list', 'query.ownerId == subject.id']]) },
}

suite('pages of a list that holds what is not the caller’s', () => {
  const traces: [name: string, members: object][] = [
    ['a link to the next page', { links: { type: 'object', properties: { next: text } } }],
    ['a cursor', { nextCursor: text }],
    ['a token of the next page', { next_page_token: text }],
    ['that there is more', { hasMore: { type: 'boolean' } }],
    ['the number of the next page', { next_page: number }],
  ]
  for (const [name, members] of traces) {
    const guard = (policy: PolicyParts, said = {}) =>
      new Bench({ document: documentOf(members, {}, said), policy }).guard(objects, 'list')
    test(`do not load with ${name}`, () =>
      assert.throws(() => guard({}), /pages through what is not the caller's too/))
    test(`load with ${name} where the API lists the caller’s own`, () => {
      guard(OWN)
      guard({}, { 'x-sallyport-list': 'own' })
    })
    test(`load with ${name} where a rule ties the request to the caller`, () => void guard(TIED))
  }

  test('load where the author says why everybody may know', () => {
    const mark = {
      'x-sallyport-object': { public: true, why: 'only says that the API is not at its end' },
    }
    const document = documentOf({ hasMore: { type: 'boolean', ...mark } })
    new Bench({ document }).guard(objects, 'list')
    const unsaid = documentOf({
      hasMore: { type: 'boolean', 'x-sallyport-object': { public: true } },
    })
    assert.throws(() => new Bench({ document: unsaid }).guard(objects, 'list'), ConfigError)
  })

  test('lose the header fields that count them, unless the list is the caller’s own', () => {
    const drops = (policy: PolicyParts, name: string) =>
      new Bench({ document: documentOf({}), policy }).guard(objects, 'list').dropsResponse(name)
    for (const name of ['link', 'x-total-count', 'content-range']) {
      assert.equal(drops({}, name), true, name)
      assert.equal(drops(TIED, name), true, name)
      assert.equal(drops(OWN, name), false, name)
    }
  })

  test('are listed by check, and refused where that is asked for', () => {
    const found = (policy: PolicyParts) => {
      const bench = new Bench({ document: documentOf({}), policy })
      return uncoveredOf(bench.site('list'), bench.kit).map(({ place }) => place)
    }
    assert.deepEqual(found({}), ['pages'])
    assert.deepEqual(found(OWN), [])
    assert.deepEqual(found(TIED), [])
    const strict = new Bench({
      document: documentOf({}),
      policy: { authorize: { isStrict: true } },
    })
    assert.throws(() => strict.guard(objects, 'list'), /whose gaps tell how many/)
  })
})

suite('the count of a list', () => {
  const counted = async (policy: PolicyParts, ids: readonly string[]) => {
    const bench = new Bench({ document: documentOf({ total: number, pages: number }), policy })
    const guard = bench.guard(objects, 'list')
    const principal = { ...ANONYMOUS, kind: 'jwt' as const, subject: '7' }
    const exchange = exchangeOf({ target: '/orders?ownerId=7', principal })
    Object.assign(exchange, {
      parameters: { query: { ownerId: '7' }, path: {}, header: {}, cookie: {} },
    })
    await guard.response(exchange, 200, ['content-type', 'application/json'])
    const items = ids.map((ownerId) => ({ ownerId }))
    await guard.responseBody(exchange, JSON.stringify({ items, total: 40, pages: 4 }))
    const { replacement, repaired } = exchange
    return { said: JSON.parse(replacement?.toString() ?? '{}') as object, repaired }
  }

  test('is that of what is seen', async () => {
    const { said, repaired } = await counted({}, ['7', '7'])
    assert.deepEqual(said, { items: [{ ownerId: '7' }, { ownerId: '7' }], total: 2, pages: 1 })
    assert.equal(repaired[0]?.detail, 'total pages')
  })
  test('is the API’s own where it lists the caller’s own', async () =>
    assert.deepEqual((await counted(OWN, ['7'])).said, {}))
  test('is not, where it lists something else all the same', async () =>
    assert.deepEqual((await counted(OWN, ['7', '8'])).said, {
      items: [{ ownerId: '7' }],
      total: 1,
      pages: 1,
    }))
})

suite('a sum over a list by owner', () => {
  const at = (path: string, schema: object, said: object = {}) => ({
    [path]: { get: { operationId: 'sum', ...said, responses: ok(schema) } },
  })
  const object = (properties: object): object => ({ type: 'object', properties })
  const refused: [name: string, more: object][] = [
    ['a bare number', at('/orders/count', number)],
    ['a count', at('/orders/status', object({ openCount: number }))],
    ['amounts under a telling path', at('/orders/stats', object({ revenue: { type: 'number' } }))],
    ['a histogram', at('/orders/days', object({ histogram: { type: 'array', items: number } }))],
  ]
  const guard = (more: object, policy: PolicyParts = {}) =>
    new Bench({ document: documentOf({}, more), policy }).guard(objects, 'sum')
  for (const [name, more] of refused)
    test(`${name} does not load`, () =>
      assert.throws(() => guard(more), /tells of all that GET \/orders lists by owner/))

  const [, counted] = refused[0] ?? ['', {}]
  test('loads where a rule or the author says who may know', () => {
    guard(counted, { authorize: { operations: new Map([['sum', '"admin" in subject.roles']]) } })
    guard(counted, { authorize: { operations: new Map([['sum', 'public']]) } })
    guard(counted, { authorize: { queries: new Map([['sum', parseQueryRule('own', 'at')]]) } })
    const mark = { 'x-sallyport-object': { public: true, why: 'stands on the front page' } }
    guard(at('/orders/count', number, mark))
  })
  test('settings with numbers are no sum', () =>
    void guard(at('/orders/settings', object({ pageSize: number, tax: number }))))
})

suite('a text where objects are declared', () => {
  const shown = async (document: object, body: unknown) => {
    const guard = new Bench({ document }).guard(objects, 'list')
    const exchange = exchangeOf({ target: '/orders' })
    await guard.response(exchange, 200, ['content-type', 'application/json'])
    return (await guard.responseBody(exchange, JSON.stringify(body)))?.denial.reason
  }
  const secret = JSON.stringify({ items: [{ ownerId: '8' }] })
  test('hides the answer', async () =>
    assert.equal(await shown(documentOf({}), secret), 'foreign_object'))
  test('hides what holds it', async () =>
    assert.equal(await shown(documentOf({}), { items: secret }), 'foreign_object'))
  test('may stand where the document says so', async () => {
    const note = { oneOf: [{ type: 'string' }, { type: 'object', properties: { of: order } }] }
    assert.equal(await shown(documentOf({ note }), { items: [], note: 'none' }), undefined)
  })
})
