import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isEqual } from './equal.ts'
import { areUnique } from './unique.ts'

const many = Array.from({ length: 20 }, (_, n) => n)
const cases: [name: string, items: unknown[], isUnique: boolean][] = [
  ['none', [], true],
  ['a text and its number', ['1', 1, ...many.slice(2)], true],
  ['null, false and zero', [null, false, 0], true],
  ['null, false and zero among many', [null, false, true, ...many], true],
  ['zero and its negative', [0, -0], false],
  ['zero and its negative among many', [-0, ...many], false],
  [
    'objects in another order',
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    false,
  ],
  [
    'objects with the values changed over',
    [
      { a: 1, b: 2 },
      { a: 2, b: 1 },
    ],
    true,
  ],
  [
    'arrays in another order',
    [
      [1, 2],
      [2, 1],
    ],
    true,
  ],
  ['an array and an object of the same', [[1], { 0: 1 }], true],
  ['an empty array and an empty object', [[], {}], true],
  ['without a prototype', [Object.assign(Object.create(null), { a: 1 }), { a: 1 }], false],
  ['long texts that differ at the end', [`${'a'.repeat(9000)}b`, `${'a'.repeat(9000)}c`, {}], true],
  ['long texts that differ in length', ['a'.repeat(9000), 'a'.repeat(9001), {}], true],
  ['long texts that are equal', ['é'.repeat(9000), {}, 'é'.repeat(9000)], false],
  ['two of many', [...many, 7], false],
]
for (const [name, items, isUnique] of cases)
  test(`${isUnique ? 'tells apart' : 'finds equal'}: ${name}`, () => {
    assert.equal(areUnique(items), isUnique)
    assert.equal(areUnique(items.toReversed()), isUnique)
  })

/** Every pair by itself. */
function arePlainlyUnique(items: readonly unknown[]): boolean {
  return items.every((item, i) => items.every((other, j) => i <= j || !isEqual(item, other)))
}

test('agrees with the comparison of every pair', () => {
  const { item } = fc.letrec((tie) => ({
    item: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, false, 0, -0, 1, 1.5, 'a', 'b', '1', ''),
      fc.integer({ min: 0, max: 60 }).map((length) => 'a'.repeat(length)),
      fc.array(tie('item'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('item'), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(fc.array(item, { maxLength: 14 }), (items) => {
      assert.equal(areUnique(items), arePlainlyUnique(items))
    }),
    { numRuns: 3000 },
  )
})
