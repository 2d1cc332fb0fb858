import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { makeFixture } from './fixture.ts'

const names = fc.constantFrom('a', 'b', 'c')
const numbers = fc.constantFrom(0, 1, 2, 3, 1.5, -1)

/** Whether Ajv accepts a value; `undefined` where its generated code is faulty (`props0 is not defined`). */
function ask(oracle: (value: unknown) => unknown, value: unknown): boolean | undefined {
  try {
    return Boolean(oracle(value))
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

/**
 * Schemas over few names and numbers, so that random values often match. Without `contains` and
 * `unevaluated…`: Ajv 8.20 takes an empty array for the first and loses annotations for the second, against the
 * specification; the official suite covers both here.
 */
const { schema } = fc.letrec<{ schema: object | boolean; list: (object | boolean)[] }>((tie) => ({
  list: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.oneof(
      fc.boolean(),
      fc.record({
        type: fc.constantFrom('string', 'number', 'integer', 'object', 'array', 'null'),
      }),
      fc.record({ const: numbers }),
      fc.record({ enum: fc.uniqueArray(fc.oneof(numbers, names), { minLength: 1, maxLength: 3 }) }),
      fc.record({ minimum: numbers, exclusiveMaximum: numbers }),
      fc.record({ minLength: fc.nat(2) }),
      fc.record({ required: fc.uniqueArray(names, { maxLength: 2 }) }),
      fc.record({ minItems: fc.nat(2), uniqueItems: fc.boolean() }),
      fc.record({ maxProperties: fc.nat(2) }),
      fc.record({
        dependentRequired: fc.dictionary(names, fc.uniqueArray(names), { noNullPrototype: true }),
      }),
    ),
    fc.record(
      {
        properties: fc.dictionary(names, tie('schema'), { noNullPrototype: true, maxKeys: 3 }),
        patternProperties: fc.dictionary(fc.constantFrom('^a', '[bc]'), tie('schema'), {
          noNullPrototype: true,
          maxKeys: 1,
        }),
        additionalProperties: tie('schema'),
        propertyNames: fc.record({ enum: fc.constantFrom(['a', 'b'], ['a', 'b', 'c']) }),
        dependentSchemas: fc.dictionary(names, tie('schema'), {
          noNullPrototype: true,
          maxKeys: 2,
        }),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        items: tie('schema'),
        prefixItems: tie('list'),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        allOf: tie('list'),
        anyOf: tie('list'),
        oneOf: tie('list'),
        not: tie('schema'),
      },
      { requiredKeys: [] },
    ),
    fc
      .tuple(tie('schema'), tie('schema'), tie('schema'))
      .map((parts) =>
        Object.fromEntries(parts.map((part, i) => [['if', 'then', 'else'][i], part])),
      ),
    fc.constantFrom({ $ref: '#/$defs/Node' }, { $ref: '#/$defs/Any' }),
  ),
}))

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.oneof(numbers, names, fc.constant(null), fc.boolean()),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { noNullPrototype: true, maxKeys: 3 }),
  ),
}))

describe('agreement with Ajv', () => {
  test('about random schemas and values of 2020-12', () => {
    fc.assert(
      fc.property(
        schema,
        schema,
        fc.array(value, { minLength: 1, maxLength: 8 }),
        (root, any, values) => {
          const $defs = {
            Node: {
              type: 'object',
              properties: { a: { $ref: '#/$defs/Node' }, b: { type: 'number' } },
            },
            Any: { anyOf: [{ type: 'string' }, { properties: { a: any } }] },
          }
          const document = { allOf: [root], $defs }
          const oracle = new Ajv2020({ strict: false, logger: false }).compile(document)
          const { compiler, ref, findings } = makeFixture(document, '2020-12', {
            unknownFields: 'allow',
          })
          const validate = compiler.validator(ref(''))
          // A random `$ref` in `Any` may lead back to itself: that is an error here and a stack overflow there.
          if (findings.some((one) => one.severity === 'error')) return
          for (const one of values) {
            const expected = ask(oracle, one)
            if (expected === undefined) continue
            const violations = validate(one)
            assert.equal(
              violations === undefined,
              expected,
              JSON.stringify({ document, one, violations }),
            )
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
