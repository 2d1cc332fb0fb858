import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Dialect, SchemaRegistry } from '../model.ts'
import { sampleOf } from './sample.ts'

const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` })

const SCHEMAS: Readonly<Record<string, unknown>> = {
  Plain: {
    type: 'object',
    required: ['id', 'name', 'mail', 'code', 'tags'],
    properties: {
      id: { type: 'integer', readOnly: true },
      name: { type: 'string', minLength: 3, maxLength: 4 },
      mail: { type: 'string', format: 'email' },
      code: { type: 'string', pattern: '^[A-Z]{2}-\\d{3,}$' },
      tags: {
        type: 'array',
        items: { type: 'integer', minimum: 5 },
        minItems: 2,
        uniqueItems: true,
      },
      price: { type: 'number', exclusiveMinimum: 0, multipleOf: 0.5 },
      kind: { enum: ['a', 'b'] },
      fixed: { const: { x: 1 } },
    },
  },
  Node: {
    type: 'object',
    required: ['v'],
    properties: { v: { type: 'string' }, next: ref('Node') },
  },
  Endless: { type: 'object', required: ['next'], properties: { next: ref('Endless') } },
  Cat: {
    type: 'object',
    required: ['kind', 'lives'],
    properties: { kind: { type: 'string' }, lives: { type: 'integer' } },
  },
  Pet: { oneOf: [ref('Cat'), ref('Plain')], discriminator: { propertyName: 'kind' } },
  Base: {
    type: 'object',
    required: ['kind'],
    properties: { kind: { type: 'string' } },
    discriminator: { propertyName: 'kind' },
  },
  Child: { allOf: [ref('Base'), { required: ['size'], properties: { size: { type: 'number' } } }] },
  Joined: {
    allOf: [ref('Cat'), { properties: { extra: { type: 'boolean' } }, required: ['extra'] }],
  },
  Either: { anyOf: [{ type: 'integer', minimum: 10 }, { type: 'null' }] },
  Example: { type: 'string', pattern: '^(?=x)..$', examples: ['no', 'xy'] },
  Impossible: { type: 'string', minLength: 5, maxLength: 2 },
  Never: false,
  Map: { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 2 },
}

function sample(
  name: string,
  dialect: Dialect = '2020-12',
  extra: Readonly<Record<string, unknown>> = {},
): unknown {
  const schemas: Readonly<Record<string, unknown>> = { ...SCHEMAS, ...extra }
  const root = { components: { schemas } }
  const registry: SchemaRegistry = { resource: () => ({ root, dialect }) }
  const pointer = `/components/schemas/${name}`
  return sampleOf({ uri: 'test:samples', pointer, schema: schemas[name] }, registry, 'request')
    ?.value
}

describe('samples', () => {
  // Every sample was checked by the validator already, so that there is one is what counts.
  for (const name of ['Plain', 'Node', 'Pet', 'Base', 'Child', 'Joined', 'Either', 'Map']) {
    test(`makes a value for ${name}`, () => assert.notEqual(sample(name), undefined))
  }
  for (const name of ['Endless', 'Impossible', 'Never']) {
    test(`makes none for ${name}`, () => assert.equal(sample(name), undefined))
  }
  test('leaves readOnly out of requests', () => {
    assert.equal(Object.hasOwn(Object(sample('Plain')), 'id'), false)
  })
  test('prefers a valid example', () => assert.equal(sample('Example'), 'xy'))
  test('reads the example of OpenAPI 3.0', () => {
    const schema = { type: 'string', example: 'mine', nullable: true }
    assert.equal(sample('Old', 'openapi-3.0', { Old: schema }), 'mine')
  })
})
