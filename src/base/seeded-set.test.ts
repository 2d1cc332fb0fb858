import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SeededSet } from './seeded-set.ts'

test('holds what the set of the language holds', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.integer({ min: -20, max: 20 }),
    fc.double({ noNaN: true }),
    fc.constantFrom(0, -0, 1, '1', '', Infinity, 2 ** 53, '65536', 65_536),
  )
  fc.assert(
    fc.property(fc.array(value, { maxLength: 200 }), fc.array(value), (added, asked) => {
      const seeded = new SeededSet()
      const plain = new Set<unknown>()
      for (const one of added) {
        assert.equal(seeded.add(one), !plain.has(one))
        plain.add(one)
      }
      for (const one of [...added, ...asked]) assert.equal(seeded.has(one), plain.has(one))
    }),
  )
})

test('keeps many values that are alike', () => {
  const set = new SeededSet()
  for (let i = 0; i < 5000; i++) assert.equal(set.add(i * 65_536), true)
  for (let i = 0; i < 5000; i++) assert.equal(set.add(String(i * 65_536)), true)
  assert.equal(set.add(65_536), false)
  assert.equal(set.add('65536'), false)
})
