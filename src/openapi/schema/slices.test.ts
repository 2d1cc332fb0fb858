import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Violation } from './contract.ts'
import { makeFixture } from './fixture.ts'
import { newRun, slicedRun } from './run.ts'
import { Slices } from './slices.ts'
import { toSlicedValidate } from './validate.ts'

const NODE = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'integer' },
    list: { type: 'array', items: { $ref: '#/node' } },
    map: { type: 'object', additionalProperties: { $ref: '#/node' } },
    some: {
      type: 'array',
      uniqueItems: true,
      contains: { type: 'integer', minimum: 90 },
      maxContains: 5,
      items: { type: 'integer', maximum: 95 },
    },
    names: {
      type: 'object',
      patternProperties: { '^x': { type: 'integer' } },
      propertyNames: { maxLength: 3 },
    },
    marked: {
      type: 'array',
      allOf: [
        { contains: { type: 'integer', minimum: 50 }, minContains: 0, maxContains: 60 },
        { contains: { type: 'integer', maximum: 2 }, minContains: 0, maxContains: 2 },
      ],
      unevaluatedItems: { type: ['integer', 'object'], minimum: 3, $ref: '#/node' },
    },
    bare: {
      type: 'array',
      allOf: [
        { contains: true, maxContains: 95 },
        { contains: true, minContains: 2, maxContains: 90 },
      ],
    },
    rest: {
      type: 'object',
      anyOf: [{ properties: { a: true } }, { patternProperties: { '^b': true } }],
      unevaluatedProperties: { $ref: '#/node' },
    },
    closed: {
      type: 'object',
      anyOf: [{ properties: { a: true } }, { patternProperties: { '^b': true } }],
    },
    texts: { type: 'array', uniqueItems: true },
  },
}

/** Nearly all of one kind, and long enough for several slices. */
function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  const one = fc.oneof({ weight: 60, arbitrary: usual }, { weight: 1, arbitrary: odd })
  return fc.array(one, { minLength: 40, maxLength: 120, size: 'max' })
}

/** Names, nearly all of which a schema takes. */
const members = fc
  .uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 40, maxLength: 120, size: 'max' })
  .chain((numbers) =>
    fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom({ id: 1 }, { id: 1 }, 1))
      .map(([odd, value]) =>
        Object.fromEntries([
          ...numbers.map((number) => [`b${number}`, { id: 1 }] as const),
          [odd, value],
        ]),
      ),
  )

/** A clock on which every look is later than a slice takes. */
function impatient(): Slices {
  let now = 0
  return new Slices(() => (now += 10))
}

const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'medium' },
    fc.constantFrom({ id: 1 }, { id: 1 }, { id: 'x' }, {}, 1, { id: 1, more: true }),
    fc.record({ id: fc.constant(1), list: fc.array(tie('value'), { maxLength: 40 }) }),
    fc.record({
      id: fc.constant(1),
      map: fc.dictionary(fc.string({ maxLength: 4 }), tie('value'), { maxKeys: 90 }),
    }),
    fc.record({
      id: fc.constant(1),
      some: fc.oneof(
        fc.array(fc.nat(99), { maxLength: 12 }),
        fc.uniqueArray(fc.nat(97), { minLength: 70, maxLength: 97 }),
      ),
    }),
    fc.record({
      id: fc.constant(1),
      marked: mostly<unknown>(
        fc.integer({ min: 3, max: 90 }),
        fc.constantFrom(1, 2, 'x', { id: 1 }),
      ),
    }),
    fc.record({
      id: fc.constant(1),
      bare: fc.array(fc.constant(1), { maxLength: 99, size: 'max' }),
    }),
    fc.record({ id: fc.constant(1), rest: members }),
    fc.record({ id: fc.constant(1), closed: members }),
    fc.record({
      id: fc.constant(1),
      texts: fc
        .uniqueArray(fc.string({ size: 'max', maxLength: 60 }), { maxLength: 120, size: 'max' })
        .chain((texts) => fc.boolean().map((again) => (again ? [...texts, texts[3]] : texts))),
    }),
    fc.record({
      id: fc.constant(1),
      names: fc.dictionary(fc.constantFrom('x', 'x1', 'x2', 'y', 'long'), fc.nat(3)),
    }),
  ),
}))

function textsOf(violations: readonly Violation[] | undefined): readonly string[] | undefined {
  const texts = violations?.map(({ pointer, message }) => `${pointer} ${message}`)
  return texts === undefined ? undefined : [...new Set(texts)].toSorted()
}

describe('checks in slices', () => {
  test('find what checks at once find', async () => {
    const { compiler, ref } = makeFixture({ node: NODE }, '2020-12')
    const whole = compiler.validator(ref('/node'))
    const root = compiler.root(ref('/node'))
    const sliced = toSlicedValidate(root, impatient)
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const expected = whole(value)
        const found = await sliced(value)
        // Which of many are told may differ.
        if ((expected?.length ?? 0) < 32) assert.deepEqual(textsOf(found), textsOf(expected))
        else assert.ok(found !== undefined)
      }),
      { numRuns: 600 },
    )
  })

  test('count for each `contains` by itself what both would take', async () => {
    const [most, few] = [
      { contains: true, maxContains: 200 },
      { contains: true, maxContains: 90 },
    ]
    const { compiler, ref } = makeFixture({ list: { allOf: [most, few] } }, '2020-12')
    const sliced = toSlicedValidate(compiler.root(ref('/list')), impatient)
    assert.equal(await sliced(Array.from({ length: 90 }, () => 1)), undefined)
    const found = await sliced(Array.from({ length: 91 }, () => 1))
    assert.deepEqual(
      found?.map(({ keyword }) => keyword),
      ['maxContains'],
    )
  })

  test('go on where they were', () => {
    const { compiler, ref } = makeFixture({ list: { items: { type: 'integer' } } }, '2020-12')
    const root = compiler.root(ref('/list'))
    const slices = impatient()
    const run = slicedRun(newRun(), slices)
    const list = Array.from({ length: 1600 }, () => 1)
    let turns = 0
    while (!root.check(list, run, undefined) && turns < 1000) {
      slices.resume()
      turns += 1
    }
    assert.ok(turns >= 99 && turns <= 110, `${turns} slices of 16 items`)
  })
})
