import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { exchangeOf } from '../controls/testing/exchange.ts'
import { HeaderTable } from '../http/header-table.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { TargetNotes } from '../pipeline/target-notes.ts'
import { requestHeaders, upstreamPath } from './forward.ts'
import { keptFields } from './kept-fields.ts'
import type { PlanApi, SitePlan } from './plan.ts'

// Only what this function reads of a plan.
const plan = {
  site: { index: 0 },
  api: { upstreamHost: '127.0.0.1:3000' },
  keepsRequestHeader: keptFields([(name) => name === 'authorization']),
  hooks: { forward: [(_exchange: unknown, out: string[]) => void out.push('x-ours', '1')] },
} as unknown as SitePlan

const HOST = ['host', '127.0.0.1:3000']
const OURS = ['x-ours', '1']

const ROWS: readonly [name: string, sent: readonly string[], kept: readonly string[]][] = [
  [
    'asks only for codings that can be undone here',
    ['accept-encoding', 'gzip;q=0.5, compress, br, *'],
    ['accept-encoding', 'gzip;q=0.5, br'],
  ],
  [
    'asks for none where none can be',
    ['accept-encoding', 'compress'],
    ['accept-encoding', 'identity'],
  ],
  ['writes the host of the API and what guards add', [], []],
  ['keeps what guards keep, in order', ['B', '1', 'A', '2'], ['b', '1', 'a', '2']],
  ['leaves behind what guards drop', ['Authorization', 'Bearer a'], []],
  [
    'leaves hop-by-hop fields behind',
    ['Connection', 'close', 'TE', 'trailers', 'Upgrade', 'h2c'],
    [],
  ],
  [
    'leaves behind what Connection names',
    ['Connection', 'X-Mine, close', 'X-Mine', '1', 'A', '2'],
    ['a', '2'],
  ],
  [
    'reads every Connection field',
    ['Connection', 'x-a', 'connection', 'X-B', 'X-A', '1', 'X-B', '2'],
    [],
  ],
]

suite('fields that go to the API', () => {
  for (const [name, sent, kept] of ROWS) {
    test(name, () => {
      const out = requestHeaders(exchangeOf({ headers: sent }), plan)
      assert.deepEqual(out, [...HOST, ...kept, ...OURS])
    })
  }
})

/** As a parser makes it that gives the same names for the same head. */
function known(names: readonly string[], values: readonly string[]): HeaderTable {
  const facts = { bytes: 0, largestBytes: 0, pseudoFields: 0, hasOddName: false }
  const flags = { known: 0, repeated: 0, isPrintable: true }
  return new HeaderTable([], { ...facts, ...flags, names, values })
}

function keptOf(headers: HeaderTable, site: SitePlan): string[] {
  const { id, head } = exchangeOf({})
  return requestHeaders(new Exchange(id, { ...head, headers }, 0), site)
}

test('the same names are judged anew under another plan, and other names under the same', () => {
  const names = ['a', 'authorization', 'b']
  const drop = (name: string): SitePlan => ({
    ...plan,
    keepsRequestHeader: keptFields([(one) => one === name]),
  })
  const rows: [headers: HeaderTable, site: SitePlan, kept: string[]][] = [
    [known(names, ['1', '2', '3']), plan, ['a', '1', 'b', '3']],
    [known(names, ['4', '5', '6']), plan, ['a', '4', 'b', '6']],
    [known(names, ['4', '5', '6']), drop('a'), ['authorization', '5', 'b', '6']],
    [known(['b', 'a'], ['4', '5']), plan, ['b', '4', 'a', '5']],
    [new HeaderTable(['A', '7']), plan, ['a', '7']],
    [known(names, ['1', '2', '3']), plan, ['a', '1', 'b', '3']],
  ]
  for (const [headers, site, kept] of rows)
    assert.deepEqual(keptOf(headers, site), [...HOST, ...kept, ...OURS])
})

const PATHS: readonly [
  name: string,
  target: string,
  bases: [ours: string, theirs: string],
  path: string,
][] = [
  ['same bases change nothing', '/v1/orders', ['/v1', '/v1'], '/v1/orders'],
  ['our base gives way to theirs', '/v1/orders', ['/v1', '/internal/api'], '/internal/api/orders'],
  ['an API may have none', '/v1/orders', ['/v1', ''], '/orders'],
  ['we may have none', '/orders', ['', '/v1'], '/v1/orders'],
  ['neither may have one', '/orders', ['', ''], '/orders'],
  ['the root of the API keeps its slash', '/v1/', ['/v1', ''], '/'],
  ['what was decided is what goes out', '/v1/%6frders%20x', ['/v1', ''], '/orders%20x'],
  ['the query goes out in canonical form', '/v1/o?b=%61&a=%2f', ['/v1', ''], '/o?b=a&a=%2F'],
  ['a query mark without a query is not said', '/v1/o?', ['/v1', ''], '/o'],
]

suite('path that goes to the API', () => {
  for (const [name, target, [publicBase, upstreamBase], path] of PATHS) {
    test(name, () => {
      const api = { publicBase, upstreamBase } as unknown as PlanApi
      assert.equal(upstreamPath(exchangeOf({ target }), api), path)
    })
  }

  test('a target that came before goes to each API by its own base, and not where it was written anew', () => {
    const apis = ['/a', '/b'].map((upstreamBase) => ({ publicBase: '/v1', upstreamBase }))
    const exchange = exchangeOf({ target: '/v1/o/7?x=1' })
    const { path, query } = exchange
    exchange.targetNotes = new TargetNotes(path, query)
    const pathOf = (api: unknown): string => upstreamPath(exchange, api as PlanApi)
    assert.deepEqual([...apis, ...apis].map(pathOf), [
      '/a/o/7?x=1',
      '/b/o/7?x=1',
      '/a/o/7?x=1',
      '/b/o/7?x=1',
    ])
    exchange.query = { text: 'x=2', pairs: [['x', '2', '2']] }
    assert.deepEqual(apis.map(pathOf), ['/a/o/7?x=2', '/b/o/7?x=2'])
    exchange.query = query
    exchange.path = '/v1/o/8'
    assert.deepEqual(apis.map(pathOf), ['/a/o/8?x=1', '/b/o/8?x=1'])
  })
})
