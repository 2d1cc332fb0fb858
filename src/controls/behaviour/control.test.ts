import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import type { DetectPolicy } from '../../pipeline/detect-policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { behaviour } from './control.ts'

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
const responses = { 200: { description: 'ok' } }
const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{id}': {
      parameters: [id],
      get: { operationId: 'get', responses },
      delete: { operationId: 'remove', responses },
    },
    '/users/{id}': { parameters: [id], get: { operationId: 'user', responses } },
    '/search': {
      get: {
        operationId: 'search',
        parameters: [
          { name: 'orderId', in: 'query', schema: { type: 'string' } },
          { name: 'text', in: 'query', schema: { type: 'string' } },
        ],
        responses,
      },
    },
    '/list': { get: { operationId: 'list', responses } },
  },
}

const detect: DetectPolicy = {
  ...NOTHING_WATCHED,
  enumeration: {
    most: 'block',
    fast: { count: 20, windowMs: 600_000 },
    slow: { count: 60, windowMs: 86_400_000 },
  },
}
const key: Principal = { ...ANONYMOUS, id: 'key:k1', kind: 'apiKey', credentialId: 'k1' }

/** One request: operation and what names its object. */
type Call = readonly [operation: string, value: string]
const calls = (operation: string, count: number, valueOf: (n: number) => string): readonly Call[] =>
  Array.from({ length: count }, (_, n) => [operation, valueOf(n)])

const ROWS: [
  name: string,
  calls: readonly Call[],
  principal: Principal,
  pauseMs: number,
  isTold: boolean,
][] = [
  ['twenty different ids', calls('get', 20, String), key, 0, false],
  ['thirty different ids', calls('get', 30, String), key, 0, true],
  ['one id, thirty times', calls('get', 30, () => '7'), key, 0, false],
  [
    'fifteen ids by two methods',
    [...calls('get', 15, String), ...calls('remove', 15, String)],
    key,
    0,
    false,
  ],
  [
    'fifteen ids of two kinds',
    [...calls('get', 15, String), ...calls('user', 15, String)],
    key,
    0,
    true,
  ],
  ['thirty ids in a query', calls('search', 30, (n) => `orderId=${n}`), key, 0, true],
  ['thirty texts in a query', calls('search', 30, (n) => `text=${n}`), key, 0, false],
  ['thirty ids behind an address', calls('get', 30, String), ANONYMOUS, 0, false],
  ['fifty ids behind an address', calls('get', 50, String), ANONYMOUS, 0, true],
  ['fifty ids, one a minute', calls('get', 50, String), key, 60_000, false],
  ['eighty ids, one a minute', calls('get', 80, String), key, 60_000, true],
]

suite('behaviour', () => {
  for (const [name, all, principal, pauseMs, isTold] of ROWS)
    for (const place of ['here', 'elsewhere', 'in two threads'] as const)
      test(`${name} (counters ${place})`, async () => {
        const bench = new Bench({ document: SHOP, policy: { detect } })
        // A thread has its own memory and the same counters.
        const kits = [
          place === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() },
          ...(place === 'in two threads' ? [{ ...bench.kit, counters: bench.later() }] : []),
        ]
        const events: string[] = []
        for (const [operation, value] of all) {
          bench.clock.advance(pauseMs)
          for (const kit of kits) {
            const isQuery = operation === 'search'
            const target = isQuery ? `/search?${value}` : '/'
            const exchange = exchangeOf({ target, principal, site: bench.site(operation) })
            exchange.pathValues = isQuery ? [] : [value]
            await bench.guard(behaviour, operation, undefined, kit).request(exchange)
            events.push(...exchange.events.map((event) => event.name))
          }
        }
        assert.equal(events.includes('sp_enumeration'), isTold)
      })

  test('operations without an id, and plans without the block, cost nothing', () => {
    const bench = new Bench({ document: SHOP, policy: { detect } })
    assert.deepEqual(bench.guard(behaviour, 'list').guard, {})
    assert.equal(new Bench({ document: SHOP }).guard(behaviour, 'get').guard, undefined)
  })

  test('what is far from usual is told at the end of the answer that made it so', async () => {
    const volume = { most: 'block', factor: 10, minBytes: 1000 } as const
    const bench = new Bench({ document: SHOP, policy: { detect: { ...detect, volume } } })
    const { guard } = bench.guard(behaviour, 'list')
    const take = (bytes: number): string[] => {
      const exchange = exchangeOf({ principal: key, site: bench.site('list') })
      exchange.bytesOut = bytes
      guard?.onEnd?.(exchange)
      return exchange.events.map((event) => `${event.name} ${event.reason}`)
    }
    for (let n = 0; n < 7; n++) {
      assert.deepEqual(take(100), [])
      bench.clock.advance(600_000)
    }
    assert.deepEqual(take(900), [])
    assert.deepEqual(take(200), ['sp_exfil_suspected volume', 'sp_response_action block'])
  })

  test('has no reasons: it refuses nothing itself', () => assertEveryReason(behaviour, []))
})
