import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Dialect } from '../model.ts'
import { makeFixture } from './fixture.ts'
import { UNSUPPORTED_KEYWORDS } from './shapes.ts'

function errors(schema: unknown, dialect: Dialect = '2020-12'): readonly string[] {
  const { compiler, ref, findings } = makeFixture(
    { components: { schemas: { It: schema } } },
    dialect,
  )
  const validate = compiler.validator(ref('/components/schemas/It'))
  const found = findings.filter((one) => one.severity === 'error')
  if (found.length > 0) assert.doesNotThrow(() => validate({ a: 1 }))
  return found.map(
    (one) => `${one.code} ${one.source.pointer.replace('/components/schemas/It', '')}`,
  )
}

const SELF = { $ref: '#/components/schemas/It' }

const faults: [name: string, schema: unknown, found: string[]][] = [
  ['finds a wrong keyword', { maxLength: '3' }, ['malformed-schema /maxLength']],
  [
    'finds a wrong keyword at depth',
    { properties: { a: { items: { type: 'file' } } } },
    ['malformed-schema /properties/a/items/type'],
  ],
  [
    'finds a schema that is none',
    { properties: { a: 'string' } },
    ['malformed-schema /properties'],
  ],
  ['finds a boolean required', { required: true }, ['malformed-schema /required']],
  ['finds the old array form of items', { items: [{}] }, ['malformed-schema /items']],
  [
    'finds a reference to nothing',
    { allOf: [{ $ref: '#/components/schemas/No' }] },
    ['unresolved-reference /allOf/0'],
  ],
  ['finds a reference to an unknown file', { $ref: 'other.yaml#/A' }, ['unresolved-reference ']],
  [
    'finds a mapping to nothing',
    { oneOf: [SELF], discriminator: { propertyName: 'k', mapping: { a: 'No' } } },
    ['unresolved-reference '],
  ],
  ['finds a pattern that is none', { pattern: '(' }, ['unsafe-pattern ']],
  ['finds a schema that is itself', SELF, ['endless-reference ']],
  [
    'finds a circle through branches',
    { anyOf: [{ type: 'string' }, { allOf: [SELF] }] },
    ['endless-reference '],
  ],
  ['accepts a circle through properties', { properties: { a: SELF } }, []],
  ...UNSUPPORTED_KEYWORDS.map((keyword): [string, unknown, string[]] => [
    `refuses ${keyword}`,
    { [keyword]: '#' },
    ['unsupported-keyword '],
  ]),
]

describe('faults of schemas', () => {
  for (const [name, schema, found] of faults) {
    test(name, () => assert.deepEqual(errors(schema), found))
  }
  test('finds an array of types in OpenAPI 3.0', () => {
    assert.deepEqual(errors({ type: 'object', exclusiveMinimum: 3 }, 'openapi-3.0'), [
      'malformed-schema /exclusiveMinimum',
    ])
  })
  test('names the exact reference', () => {
    const { compiler, ref, findings } = makeFixture({ it: { $ref: '#/no/where' } }, '2020-12')
    compiler.validator(ref('/it'))
    assert.match(findings[0]?.message ?? '', /"#\/no\/where"/)
  })
  test('refuses every value of a schema with faults', () => {
    const { compiler, ref } = makeFixture({ it: { maxLength: 'x' } }, '2020-12')
    assert.notEqual(compiler.validator(ref('/it'))('y'), undefined)
  })
  test('survives deep nesting', () => {
    let schema: unknown = { type: 'string' }
    for (let i = 0; i < 1000; i++) schema = { allOf: [schema] }
    assert.ok(errors(schema)[0]?.startsWith('schema-too-deep'))
  })
})

/** A tree of operators: each level matches by trying all branches. */
const OPERATORS = ['and', 'or', 'not', 'xor', 'min', 'max']
const TREE = {
  oneOf: [
    { type: 'number' },
    ...OPERATORS.map((op) => ({
      type: 'object',
      required: ['args', 'op'],
      properties: { args: { type: 'array', items: { $ref: '#/tree' } }, op: { const: op } },
    })),
  ],
}

describe('recursive schemas', () => {
  for (const unknownFields of ['refuse', 'allow'] as const) {
    test(`stay polynomial where branches overlap, unknown fields ${unknownFields}`, () => {
      const { compiler, ref } = makeFixture({ tree: TREE }, '2020-12', { unknownFields })
      const validate = compiler.validator(ref('/tree'))
      let good: unknown = 1
      let bad: unknown = 'x'
      for (let i = 0; i < 16; i++) {
        // `args` first: every branch goes down before it sees that the operator is another.
        good = { args: [good], op: 'max' }
        bad = { args: [bad], op: 'max' }
      }
      const start = performance.now()
      assert.equal(validate(good), undefined)
      assert.notEqual(validate(bad), undefined)
      assert.ok(performance.now() - start < 3000)
    })
    test(`stay polynomial in the filter, unknown fields ${unknownFields}`, () => {
      const { compiler, ref } = makeFixture({ tree: TREE }, '2020-12', { unknownFields })
      const filter = compiler.filter(ref('/tree'))
      let value: unknown = 'x'
      for (let i = 0; i < 12; i++) value = { args: [value], op: 'none', z: 1 }
      const start = performance.now()
      assert.equal(filter(value).dropped.length, 12)
      assert.ok(performance.now() - start < 5000)
    })
  }
})
