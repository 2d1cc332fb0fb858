import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { makeFixture } from '../schema/fixture.ts'
import type { Dialect } from '../model.ts'
import { generalPointer, isFieldName } from './field-name.ts'
import { inferSchema, inferTexts } from './infer-schema.ts'
import type { InferredSchema } from './inferred-schema.ts'
import { mergeSchemas } from './merge-schemas.ts'
import { MAX_SCHEMA_CHARS, readSchemaText, schemaText } from './schema-text.ts'
import { toDialect } from './to-dialect.ts'

const jsonValue = fc.jsonValue({ maxDepth: 9 })

/** Names as programs have them, so that objects share fields. */
const shared = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 1, 1.5, 'x', '2026-01-02', '2026-01-02T03:04:05Z'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'constructor', '__proto__', '123456'), tie('value')),
  ),
})).value

/** Through the very compiler that judges requests; unknown fields are refused. */
function accepts(schema: unknown, dialect: Dialect, value: unknown): boolean {
  const fixture = makeFixture({ schema }, dialect)
  const validate = fixture.compiler.validator(fixture.ref('/schema'))
  assert.deepEqual(
    fixture.findings.filter(({ severity }) => severity === 'error'),
    [],
  )
  return validate(value) === undefined
}

function acceptsIn(schema: InferredSchema, version: '3.0' | '3.1', value: unknown): boolean {
  const dialect = version === '3.0' ? 'openapi-3.0' : '2020-12'
  return accepts(toDialect(schema, version), dialect, value)
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

suite('a schema inferred from a value', () => {
  for (const [name, values] of [
    ['any JSON', jsonValue],
    ['JSON with shared names', shared],
  ] as const) {
    test(`accepts the value it came from, whatever is done to it: ${name}`, () => {
      fc.assert(
        fc.property(values, values, (first, second) => {
          const [a, b] = [asJson(first), asJson(second)]
          const [one, other] = [inferSchema(a), inferSchema(b)]
          const both = mergeSchemas(one, other)
          for (const version of ['3.0', '3.1'] as const) {
            assert.ok(acceptsIn(one, version, a), 'the value')
            assert.ok(acceptsIn(both, version, a), 'the first of two')
            assert.ok(acceptsIn(both, version, b), 'the second of two')
            assert.ok(acceptsIn(readSchemaText(schemaText(both)), version, b), 'after its text')
          }
        }),
        { numRuns: 200 },
      )
    })
  }

  test('has a text within the limit and holds no value', () => {
    fc.assert(
      fc.property(jsonValue, fc.string({ minLength: 12 }), (value, secret) => {
        const text = schemaText(inferSchema({ shape: asJson(value), field: secret }))
        assert.ok(text.length <= MAX_SCHEMA_CHARS)
        assert.ok(!text.includes(JSON.stringify(secret)))
      }),
    )
  })

  test('merging is the same both ways', () => {
    fc.assert(
      fc.property(shared, shared, (a, b) => {
        const [one, other] = [inferSchema(asJson(a)), inferSchema(asJson(b))]
        assert.deepEqual(sorted(mergeSchemas(one, other)), sorted(mergeSchemas(other, one)))
      }),
    )
  })
})

function sorted(schema: InferredSchema): unknown {
  return JSON.parse(
    JSON.stringify(schema, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    ),
  )
}

suite('what is inferred', () => {
  const cases: [name: string, value: unknown, schema: unknown][] = [
    ['a field that is not always a whole number is a number', [1, 1.5], list({ type: 'number' })],
    ['a missing value makes a second type', ['a', null], list({ type: ['null', 'string'] })],
    ['a certain format is kept', ['2026-01-02'], list({ type: 'string', format: 'date' })],
    ['a format that not all have is dropped', ['2026-01-02', 'x'], list({ type: 'string' })],
    ['names that are ids make a table', { 123456: 1, 7: 2 }, table({ type: 'integer' })],
    ['an address as a name makes a table', { 'joe@example.com': 'x' }, table({ type: 'string' })],
    ['an unknown shape of items stays open', [], { type: 'array' }],
    ['what lies too deep is anything', deep(8), deepSchema(6)],
  ]
  for (const [name, value, schema] of cases) {
    test(name, () => assert.deepEqual(asJson(inferSchema(value)), schema))
  }

  test('an object with too many fields is a table', () => {
    const wide = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}`, i]))
    assert.deepEqual(asJson(inferSchema(wide)), table({ type: 'integer' }))
  })

  test('types of texts are only taken where they are plain', () => {
    const rows: [string[], unknown][] = [
      [['7'], { type: 'integer' }],
      [['007'], { type: 'string' }],
      [['true'], { type: 'boolean' }],
      [['7', 'x'], { type: 'array', items: { type: 'string' } }],
      [['7', '8'], { type: 'array', items: { type: 'integer' } }],
    ]
    for (const [texts, schema] of rows) assert.deepEqual(inferTexts(texts), schema)
  })
})

suite('names and pointers', () => {
  test('programmers choose some names, data the others', () => {
    for (const name of ['id', '@type', 'x-rate', 'größe', 'line_2', '$ref'])
      assert.ok(isFieldName(name), name)
    for (const name of [
      '',
      '7',
      'a b',
      'joe@example.com',
      'user123456',
      '__proto__',
      '5f2b1c9de4b0a1a2b3c4d5e6',
      'f47ac10b-58cc-4372-a567-0e02b2c3d479',
    ])
      assert.ok(!isFieldName(name), name)
  })

  test('indexes and data in pointers become one', () => {
    assert.equal(generalPointer('/items/3/a~1b/name'), '/items/*/*/name')
    assert.equal(generalPointer(''), '')
  })
})

function list(items: unknown): unknown {
  return { type: 'array', items }
}

function table(additionalProperties: unknown): unknown {
  return { type: 'object', additionalProperties }
}

function deep(levels: number): unknown {
  return levels === 0 ? 1 : { a: deep(levels - 1) }
}

function deepSchema(levels: number): unknown {
  return levels === 0 ? {} : { type: 'object', properties: { a: deepSchema(levels - 1) } }
}
