import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Exchange, ObjectAnswer } from '../../pipeline/exchange.ts'
import type { LookupRule } from '../../pipeline/lookup-rule.ts'
import type { Site } from '../../pipeline/site.ts'
import { KeyVersions, newKeyVersions } from '../../store/shared/key-versions.ts'
import { ValueSources } from '../../store/sources/value-sources.ts'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { lookups } from './control.ts'
import { findValue } from './find-value.ts'
import { FoundValues } from './found-values.ts'
import { noteLookup } from './looked-up.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const id = { name: 'orderId', in: 'path', required: true, schema: { type: 'string' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{orderId}': {
      parameters: [id],
      get: { operationId: 'getOrder', ...ok },
      put: { operationId: 'putOrder', ...ok },
    },
    '/me': { get: { operationId: 'getMe', ...ok } },
    '/orders': { get: { operationId: 'listOrders', ...ok } },
    '/search': {
      get: {
        operationId: 'search',
        parameters: [{ name: 'q', in: 'query', required: true, schema: { type: 'string' } }],
        ...ok,
      },
    },
    '/orders/{orderId}/notes': { parameters: [id], get: { operationId: 'getNotes', ...ok } },
  },
}
const RULE: LookupRule = {
  source: { kind: 'operation', operation: 'getOrder', member: ['customer', 'id'] },
  cacheMs: 30_000,
  missMs: 5000,
  timeoutMs: 1000,
}
const ANN = { ...ANONYMOUS, kind: 'jwt', id: 'i|ann', subject: 'ann' } as const

function guardOf(operation: string, rules = new Map([['owner', RULE]])) {
  const forgotten: string[] = []
  const bench = new Bench({ document: DOCUMENT })
  const kit = { ...bench.kit, found: { forget: (one: string) => void forgotten.push(one) } }
  const { guard } = bench.guard(lookups, operation, { authorize: { lookups: rules } }, kit)
  return { guard, forgotten }
}

suite('what look-ups have found is forgotten', () => {
  test('for the ids of a call that changes something, in its path and in its rules', () => {
    const { guard, forgotten } = guardOf('putOrder')
    const exchange = exchangeOf({ method: 'PUT' })
    exchange.parameters = { path: { orderId: 7 }, query: {}, header: {}, cookie: {} }
    noteLookup(exchange, '8')
    guard?.onEnd?.(exchange)
    assert.deepEqual(forgotten.toSorted(), ['7', '8'])
  })
  test('for none of a call that was refused before its parameters were read', () => {
    const { guard, forgotten } = guardOf('putOrder')
    guard?.onEnd?.(exchangeOf({ method: 'PUT' }))
    assert.deepEqual(forgotten, [])
  })
  test('for the ids in a path whose parameters are not read', () => {
    const { guard, forgotten } = guardOf('putOrder')
    const exchange = exchangeOf({ method: 'PUT' })
    exchange.pathValues = ['a%20b', '%ff']
    guard?.onEnd?.(exchange)
    assert.deepEqual(forgotten, ['a b', '%ff'])
  })
  test('never by a call that reads', () => assert.equal(guardOf('getOrder').guard, undefined))
  test('never where nothing is looked up', () =>
    assert.equal(guardOf('putOrder', new Map()).guard, undefined))
})

type Reply = ObjectAnswer | undefined

/** Looks up the owner of an order at an API that gives this answer; says what was asked for. */
function start(reply: Reply, rule: LookupRule = RULE) {
  const bench = new Bench({ document: DOCUMENT })
  const { sites } = bench.kit
  const site = sites.find(({ operation }) => operation.id === 'getNotes')
  assert.ok(site)
  const found = new FoundValues(new KeyVersions(newKeyVersions()), () => 0)
  const parts = { found, sources: new ValueSources(), sites }
  const find = findValue({ name: 'owner', rule, site, at: 'at' }, parts)
  const asked: string[] = []
  const exchange = (principal: Exchange['principal'] = ANN): Exchange =>
    Object.assign(exchangeOf({ principal }), {
      readObject: (read: Site, path: string) => {
        asked.push(`${read.operation.id} ${path}`)
        return Promise.resolve(reply)
      },
    })
  return { find, exchange, asked }
}

const json = (value: unknown, status = 200): Reply => ({
  status,
  body: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
})

suite('a value from the API itself', () => {
  const cases: readonly [name: string, reply: Reply, value: string | undefined][] = [
    ['is what the answer says', json({ customer: { id: 'ann' } }), 'ann'],
    ['is the text of a number', json({ customer: { id: 7 } }), '7'],
    [
      'is none where the number is not exact',
      json('{"customer":{"id":9007199254740993}}'),
      undefined,
    ],
    ['is none where it is null', json({ customer: { id: null } }), undefined],
    ['is none where it is empty', json({ customer: { id: '' } }), undefined],
    ['is none where it is missing', json({ customer: {} }), undefined],
    ['is none in a list', json({ customer: [{ id: 'ann' }] }), undefined],
    ['is none where it stands twice', json('{"customer":{"id":"bob","id":"ann"}}'), undefined],
    ['is none of an object that is not there', json({ customer: { id: 'ann' } }, 404), undefined],
    ['is none where nothing changed', json({ customer: { id: 'ann' } }, 304), undefined],
    ['is none in what is no JSON', json('<html>'), undefined],
  ]
  for (const [name, reply, value] of cases)
    test(name, async () => {
      const { find, exchange, asked } = start(reply)
      assert.equal(await find(exchange(), '7'), value)
      assert.deepEqual(asked, ['getOrder /orders/7'])
    })

  const away: readonly [name: string, reply: Reply][] = [
    ['does not answer', undefined],
    ['fails', json({}, 500)],
    ['has no time', json({}, 429)],
  ]
  for (const [name, reply] of away)
    test(`is told from none where the API ${name}`, async () => {
      const { find, exchange } = start(reply)
      await assert.rejects(async () => find(exchange(), '7'), /did not answer/)
    })

  test('is not asked for by ids that are more than a step of a path', async () => {
    const { find, exchange, asked } = start(json({ customer: { id: 'ann' } }))
    for (const odd of ['..', 'a/b', '7?x=1', '07', '7.0', '7 ', '', 'é'])
      assert.equal(await find(exchange(), odd), undefined, odd)
    assert.deepEqual(asked, [])
  })

  test('of one caller is not that of another', async () => {
    const { find, exchange, asked } = start(json({ customer: { id: 'ann' } }))
    await find(exchange(), '7')
    await find(exchange(), '7')
    assert.equal(asked.length, 1)
    await find(exchange({ ...ANN, id: 'i|bob' }), '7')
    assert.equal(asked.length, 2)
  })

  test('needs a GET with one id', () => {
    for (const operation of ['getNotes', 'putOrder', 'search', 'none'])
      assert.throws(
        () =>
          start(json({}), { ...RULE, source: { kind: 'operation', operation, member: ['id'] } }),
        { name: 'ConfigError' },
      )
  })
})

suite('a value from what the API tells of the caller', () => {
  const ask = (operation: string, path: string, said: unknown, of: string) => {
    const member = path.split('.')
    const { find, exchange } = start(json(said), {
      ...RULE,
      source: { kind: 'operation', operation, member },
    })
    return find(exchange(), of)
  }
  const cases: readonly [name: string, asked: Parameters<typeof ask>, value: string | undefined][] =
    [
      ['is that of the caller', ['getMe', 'role', { role: 'chef' }, 'ann'], 'chef'],
      ['is the text of a number', ['getMe', 'user.id', { user: { id: 7 } }, 'ann'], '7'],
      ['is none of anybody else', ['getMe', 'role', { role: 'chef' }, 'bob'], undefined],
      ['is an id that is in the list', ['listOrders', 'id', [{ id: 3 }, { id: 7 }], '7'], '7'],
      ['is none that is not', ['listOrders', 'id', [{ id: 3 }], '7'], undefined],
      ['is none of an empty list', ['listOrders', 'id', [], '7'], undefined],
      [
        'is found in an envelope',
        ['listOrders', 'orders.order.id', { orders: [{ order: { id: '7' } }] }, '7'],
        '7',
      ],
      ['is no member that is inherited', ['getMe', 'constructor.name', {}, 'ann'], undefined],
    ]
  for (const [name, asked, value] of cases)
    test(name, async () => assert.equal(await ask(...asked), value))
})
