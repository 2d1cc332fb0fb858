import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { routes } from './control.ts'

const op = (operationId: string): object => ({
  operationId,
  responses: { 200: { description: 'ok' } },
})
const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  servers: [{ url: 'https://api.example.com/v1' }],
  paths: {
    '/orders': { get: op('list'), post: op('create') },
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: op('read'),
      options: op('choices'),
    },
    '/orders/search': { post: op('search') },
    '/caf\u00e9|{x}': {
      parameters: [{ name: 'x', in: 'path', required: true, schema: { type: 'string' } }],
      get: op('cafe'),
    },
    '/only-head': { head: op('head') },
  },
}

const preflight = (target: string, wanted: string): RequestParts => ({
  method: 'OPTIONS',
  target,
  headers: ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', wanted],
})

interface Found {
  readonly id?: string
  readonly values?: readonly string[]
  readonly isPreflight?: boolean
  readonly reason?: string
  readonly allow?: string
}

const ROWS: readonly [name: string, parts: RequestParts, found: Found][] = [
  ['finds an operation', { target: '/v1/orders' }, { id: 'list', values: [] }],
  ['finds it by its method', { method: 'POST', target: '/v1/orders' }, { id: 'create' }],
  ['hands on raw values', { target: '/v1/orders/a%20b' }, { id: 'read', values: ['a%20b'] }],
  [
    'finds literals in canonical spelling',
    { target: '/v1/caf%C3%A9%7C7' },
    { id: 'cafe', values: ['7'] },
  ],
  ['takes GET for HEAD', { method: 'HEAD', target: '/v1/orders' }, { id: 'list' }],
  ['finds a declared HEAD', { method: 'HEAD', target: '/v1/only-head' }, { id: 'head' }],
  [
    'finds a declared OPTIONS',
    { method: 'OPTIONS', target: '/v1/orders/7' },
    { id: 'choices', isPreflight: false },
  ],
  [
    'finds the operation of a preflight',
    preflight('/v1/orders', 'POST'),
    { id: 'create', isPreflight: true },
  ],
  [
    'answers preflights before a declared OPTIONS',
    preflight('/v1/orders/7', 'GET'),
    { id: 'read', isPreflight: true },
  ],
  [
    'finds the operation of a preflight for HEAD',
    preflight('/v1/orders', 'HEAD'),
    { id: 'list', isPreflight: true },
  ],
  ['refuses an unknown path', { target: '/v1/debug' }, { reason: 'unknown_path' }],
  ['refuses a path without the base', { target: '/orders' }, { reason: 'unknown_path' }],
  ['refuses another case', { target: '/v1/Orders' }, { reason: 'unknown_path' }],
  ['refuses a trailing slash', { target: '/v1/orders/' }, { reason: 'unknown_path' }],
  [
    'refuses a preflight for an unknown path',
    preflight('/v1/debug', 'GET'),
    { reason: 'unknown_path' },
  ],
  [
    'refuses an undeclared method',
    { method: 'DELETE', target: '/v1/orders' },
    { reason: 'method_not_allowed', allow: 'GET, HEAD, POST' },
  ],
  [
    'refuses GET where only HEAD is declared',
    { target: '/v1/only-head' },
    { reason: 'method_not_allowed', allow: 'HEAD' },
  ],
  [
    'refuses HEAD where GET is not declared',
    { method: 'HEAD', target: '/v1/orders/search' },
    { reason: 'method_not_allowed', allow: 'POST' },
  ],
  [
    'does not fall back to a parameter',
    { target: '/v1/orders/search' },
    { reason: 'method_not_allowed', allow: 'POST' },
  ],
  [
    'refuses OPTIONS without a preflight',
    { method: 'OPTIONS', target: '/v1/orders' },
    { reason: 'method_not_allowed' },
  ],
  [
    'refuses OPTIONS without an origin',
    { method: 'OPTIONS', target: '/v1/orders', headers: ['Access-Control-Request-Method', 'GET'] },
    { reason: 'method_not_allowed' },
  ],
  [
    'refuses a preflight for an undeclared method',
    preflight('/v1/orders', 'DELETE'),
    { reason: 'method_not_allowed' },
  ],
  [
    'refuses a method that is a name of objects',
    { method: 'constructor', target: '/v1/orders' },
    { reason: 'method_not_allowed' },
  ],
]

suite('routes', () => {
  const guard = new Bench({ document: SHOP }).guard(routes)

  for (const [name, parts, found] of ROWS) {
    test(name, async () => {
      const exchange = exchangeOf(parts)
      const refusal = await guard.request(exchange)
      assertRefused(refusal, found.reason, found.reason === 'unknown_path' ? 404 : 405)
      assert.equal(exchange.site?.operation.id, found.id)
      if (found.values !== undefined) assert.deepEqual(exchange.pathValues, found.values)
      assert.equal(exchange.isPreflight, found.isPreflight === true)
      if (found.allow !== undefined)
        assert.equal(valueOf(refusal?.denial.headers, 'Allow'), found.allow)
    })
  }

  test('says nothing of other methods on 404', async () => {
    const refusal = await guard.request(exchangeOf({ target: '/v1/debug' }))
    assert.deepEqual(refusal?.denial.headers, undefined)
  })

  test('refuses to start where two APIs claim one operation, naming both', () => {
    const one = new Bench({ document: SHOP })
    const site = one.site('read')
    const twin = {
      ...site,
      label: 'GET /v1/orders/{key}',
      operation: { ...site.operation, api: 'other', template: '/orders/{key}' },
    }
    const kit = { ...one.kit, sites: [...one.sites, twin] }
    assert.throws(
      () => one.guard(routes, undefined, undefined, kit),
      /GET \/v1\/orders\/\{key\} of API "other" is already served as GET \/v1\/orders\/\{id\}/,
    )
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      routes,
      ROWS.map((row) => row[2].reason),
    ))
})
