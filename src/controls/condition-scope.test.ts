import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { resolveName } from '../pipeline/conditions/scope.ts'
import { typeName } from '../pipeline/conditions/value-type.ts'
import { conditionScope } from './condition-scope.ts'
import { Bench } from './testing/bench.ts'

const json = (schema: unknown): unknown => ({ content: { 'application/json': { schema } } })
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    schemas: {
      Base: {
        type: 'object',
        properties: { id: { type: ['integer', 'null'] }, note: { type: 'string' } },
      },
      Order: {
        allOf: [{ $ref: '#/components/schemas/Base' }],
        properties: {
          parent: { $ref: '#/components/schemas/Order' },
          tags: { type: 'array', items: { type: 'string' } },
          total: { type: 'number' },
          either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
          free: { type: 'object' },
        },
        additionalProperties: false,
      },
      Endless: { type: 'array', items: { $ref: '#/components/schemas/Endless' } },
    },
  },
  paths: {
    '/orders/{orderId}/{n}': {
      parameters: [
        { name: 'orderId', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'n', in: 'path', required: true, schema: { type: 'integer' } },
        { name: 'X-Tenant', in: 'header', schema: { type: 'string' } },
        { name: 'ids', in: 'query', schema: { type: 'array', items: { type: 'integer' } } },
        { name: 'any', in: 'query', schema: {} },
      ],
      put: {
        operationId: 'put',
        requestBody: json({ $ref: '#/components/schemas/Order' }),
        responses: { 200: { description: 'ok' } },
      },
      get: { operationId: 'get', responses: { 200: { description: 'ok' } } },
      post: {
        operationId: 'post',
        requestBody: json({ $ref: '#/components/schemas/Endless' }),
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}

const bench = new Bench({ document: DOCUMENT })
const typeIn = (operation: string, words: readonly string[]): string =>
  typeName(resolveName(words, conditionScope(bench.site(operation), bench.kit), 'x').type)

const types: [name: string, words: readonly string[], type: string][] = [
  ['a text in the path', ['path', 'orderId'], 'string'],
  ['a number in the path', ['path', 'n'], 'int'],
  ['a header by its lower-case name', ['header', 'x-tenant'], 'string'],
  ['a list in the query', ['query', 'ids'], 'list<int>'],
  ['a parameter without type', ['query', 'any'], 'any'],
  ['a field behind references, null or not', ['body', 'id'], 'int'],
  ['a field beside references', ['body', 'total'], 'number'],
  ['a list', ['body', 'tags'], 'list<string>'],
  ['a field in a circle', ['body', 'parent', 'parent', 'note'], 'string'],
  ['a field of two types', ['body', 'either'], 'any'],
  ['whatever stands in an open object', ['body', 'free', 'x', 'y'], 'any'],
]

suite('what an operation declares', () => {
  for (const [name, words, type] of types)
    test(name, () => assert.equal(typeIn('put', words), type))

  test('a field that is not declared', () =>
    assert.throws(() => typeIn('put', ['body', 'parent', 'nte']), /did you mean "note"/))
  test('no body', () => assert.throws(() => typeIn('get', ['body', 'id']), /declares no body/))
  test('a list of itself ends', () => assert.equal(typeIn('post', ['body']), 'list<list<any>>'))
  test('the object of a response where it is given', () => {
    const site = bench.site('put')
    const schema = site.operation.requestBody?.content[0]?.schema
    const scope = conditionScope(site, bench.kit, schema)
    assert.equal(typeName(resolveName(['response', 'total'], scope, 'x').type), 'number')
  })
})
