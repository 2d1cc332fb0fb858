import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '../../src/openapi/model.ts'
import type { Usage } from './access-log.ts'
import { findOperations, looksLikeId } from './found-operations.ts'

const model = (basePath: string, ...labels: readonly string[]) => ({
  basePath,
  operations: labels.map((label) => {
    const [method = '', template = ''] = label.split(' ')
    return { method, template } as Operation
  }),
})

const usages = (...labels: readonly string[]): readonly Usage[] =>
  labels.map((label) => {
    const [method = '', path = ''] = label.split(' ')
    return { method, path, count: 1, queryNames: new Set<string>() }
  })

const MANY = Array.from(
  { length: 40 },
  (_, i) => `GET /users/name${'abcdefgh'[i % 8]}${'klmno'[i % 5]}`,
)

const rows: [name: string, base: string, used: string[], expected: string[]][] = [
  ['nothing where all is declared', '', ['GET /orders/7', 'HEAD /orders/7'], []],
  ['another method of a known path', '', ['PUT /orders/7'], ['PUT /orders/{orderId}']],
  ['ids as variables', '', ['GET /a/1/b/2', 'GET /a/3/b/4'], ['GET /a/{id}/b/{id2}']],
  ['names that come in too many values', '', MANY, ['GET /users/{id}']],
  ['few names as they are', '', ['GET /x/list', 'GET /x/tree'], ['GET /x/list', 'GET /x/tree']],
  ['paths below the base', '/v1', ['GET /v1/orders/7', 'GET /v1/new', 'GET /old'], ['GET /new']],
  ['no preflights', '', ['OPTIONS /orders/7'], []],
]
for (const [name, base, used, expected] of rows) {
  test(`finds ${name}`, () => {
    const found = findOperations(model(base, 'GET /orders/{orderId}'), usages(...used))
    assert.deepEqual(
      found.operations.map(({ method, template }) => `${method} ${template}`),
      expected,
    )
    assert.equal(found.basePath, undefined)
  })
}

const bases: [name: string, base: string, used: string[], expected: string | undefined][] = [
  ['keeps the base that requests use', '/v1', ['GET /v1/orders/7', 'GET /api/orders/7'], undefined],
  ['takes the prefix under which requests match', '/v1', ['GET /api/orders/7'], '/api'],
  ['takes the root where they match there', '/v1', ['GET /orders/7'], ''],
  [
    'takes the most used of two',
    '',
    ['GET /a/orders/7', 'GET /b/orders/7', 'GET /b/orders/8'],
    '/b',
  ],
  ['knows nothing where nothing matches', '/v1', ['GET /x/y/z'], undefined],
  ['does not believe templates without a name', '/v1', ['GET /x/y'], undefined],
]
for (const [name, base, used, expected] of bases) {
  test(name, () => {
    const api = model(base, 'GET /orders/{orderId}', 'GET /{anything}')
    assert.equal(findOperations(api, usages(...used)).basePath, expected)
  })
}

const segments: [segment: string, isId: boolean][] = [
  ['7', true],
  ['550e8400-e29b-41d4-a716-446655440000', true],
  ['01ARZ3NDEKTSV4RRFFQ69G5FAV', true],
  ['cus_N1x2y3Z4', true],
  ['deadbeef0123', true],
  ['2026-01-02', true],
  ['a@b.example', true],
  ['x'.repeat(41), true],
  ['orders', false],
  ['v2', false],
  ['reset-password', false],
  ['order_items', false],
  ['terms-of-service', false],
]
for (const [segment, isId] of segments) {
  test(`${segment} is ${isId ? 'a value' : 'a name'}`, () =>
    assert.equal(looksLikeId(segment), isId))
}
