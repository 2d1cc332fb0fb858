import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { makeFixture } from './fixture.ts'

type Schema = object | boolean

/** From entries, so that nobody takes the schema for a promise. */
const when = (test: Schema, ...sides: readonly Schema[]): object =>
  Object.fromEntries([
    ['if', test],
    ...sides.map((side, index) => [index === 0 ? 'then' : 'else', side] as const),
  ])
const text = { type: 'string' }
const cases: [name: string, schema: object, value: unknown, isValid: boolean][] = [
  [
    'a branch whose field is missing',
    { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    { b: 1 },
    true,
  ],
  [
    'both where both have their fields',
    { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    { a: 1, b: 1 },
    false,
  ],
  ['what is no object', { anyOf: [{ required: ['a'] }, { required: ['b'] }] }, 1, true],
  [
    'a constant among constants with titles',
    { oneOf: [{ const: 'a', title: 'A' }, { const: 'b' }, { type: 'number' }] },
    'b',
    true,
  ],
  [
    'none of the constants',
    { oneOf: [{ const: 'a' }, { const: 'b' }, { type: 'number' }] },
    'c',
    false,
  ],
  [
    'a number beside constants',
    { oneOf: [{ const: 'a' }, { const: 1 }, { type: 'number' }] },
    2,
    true,
  ],
  [
    'a number that is a constant too',
    { oneOf: [{ const: 'a' }, { const: 1 }, { type: 'number' }] },
    1,
    false,
  ],
  [
    'a condition that does not hold',
    when({ properties: { k: { const: 1 } }, required: ['k'] }, false),
    { k: 2 },
    true,
  ],
  [
    'a condition on a field that is missing',
    when({ properties: { k: { const: 1 } } }, { required: ['a'] }),
    {},
    false,
  ],
  [
    'what must not be',
    { not: { required: ['a', 'b'], properties: { a: text } } },
    { a: '', b: 1 },
    false,
  ],
  [
    'what must not be whole',
    { not: { required: ['a', 'b'], properties: { a: text } } },
    { a: '' },
    true,
  ],
]

describe('schemas that are tried behind a gate', () => {
  for (const [name, one, value, isValid] of cases)
    test(`judges ${name}`, () => {
      const { compiler, ref } = makeFixture({ one }, '2020-12', { unknownFields: 'allow' })
      assert.equal(compiler.validator(ref('/one'))(value) === undefined, isValid)
    })

  test('ask no field that only answers have', () => {
    const branch = { required: ['id'], properties: { id: { type: 'string', readOnly: true } } }
    const { compiler, ref } = makeFixture({ any: { anyOf: [branch, false] } }, '2020-12')
    assert.equal(compiler.validator(ref('/any'))({}), undefined)
  })

  test('judge as they do without one', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd')
    const scalar = fc.constantFrom<unknown>(1, 0, 'x', null, true)
    const property: fc.Arbitrary<Schema> = fc.oneof(
      scalar.map((one) => ({ const: one })),
      fc.array(scalar, { minLength: 1, maxLength: 3 }).map((list) => ({ enum: list })),
      fc.constantFrom(
        { type: 'string' },
        {},
        { type: 'string', readOnly: true },
        { enum: [1, {}] },
      ),
    )
    const branch: fc.Arbitrary<Schema> = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record(
          {
            required: fc.uniqueArray(name, { maxLength: 4 }),
            properties: fc.dictionary(name, property, { maxKeys: 3, noNullPrototype: true }),
            type: fc.constant('object'),
          },
          { requiredKeys: [] },
        ),
      },
      { weight: 2, arbitrary: property },
      { weight: 1, arbitrary: fc.constantFrom(true, { type: ['array', 'null'] }) },
    )
    const subject = fc.oneof(
      scalar,
      fc.dictionary(name, scalar, { maxKeys: 4, noNullPrototype: true }),
      fc.constant([]),
    )
    // What stands in a branch of its own is seen by nobody from outside.
    const hidden = (schema: Schema): Schema => ({ anyOf: [schema] })
    const shape = fc.constantFrom<(list: readonly Schema[]) => Schema>(
      (oneOf) => ({ oneOf }),
      (anyOf) => ({ anyOf }),
      ([first = true]) => ({ not: first }),
      ([first = true, second = true, third = true]) => when(first, second, third),
      (list) => ({ allOf: list.map((one) => when(one, { required: ['a'] })) }),
      (list) => ({ allOf: list.map((one, n) => (n === 2 ? one : when(one, n !== 1))) }),
    )
    const unknownFields = fc.constantFrom('allow', 'refuse')
    fc.assert(
      fc.property(
        fc.array(branch, { minLength: 1, maxLength: 5 }),
        shape,
        subject,
        unknownFields,
        (list, make, value, unknown) => {
          const root = { one: make(list), plain: make(list.map(hidden)) }
          const { compiler, ref } = makeFixture(root, '2020-12', { unknownFields: unknown })
          assert.equal(
            compiler.validator(ref('/one'))(value) === undefined,
            compiler.validator(ref('/plain'))(value) === undefined,
          )
        },
      ),
      { numRuns: 3000 },
    )
  })
})
