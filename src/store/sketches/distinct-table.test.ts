import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { bitsFor, DistinctTable, expectedBits } from './distinct-table.ts'
import { seededHash } from './seeded-hash.ts'

const LIMITS = { maxKeys: 100, bits: 1024, early: 3, windowMs: 1000 }

suite('distinct things', () => {
  test('the first few are counted together, then each new one, none twice', () => {
    const table = new DistinctTable(LIMITS)
    assert.deepEqual(table.note('a', 7, 0), [])
    assert.deepEqual(table.note('a', 7, 0), [])
    assert.deepEqual(table.note('a', 8, 0), [])
    assert.deepEqual(table.note('a', 9, 0), [7, 8, 9])
    assert.deepEqual(table.note('a', 8, 0), [])
    assert.deepEqual(table.note('a', 1024 + 10, 0), [10])
    assert.deepEqual(table.note('b', 7, 0), [])
  })

  test('a caller begins anew when the window is over, and when it is forgotten', () => {
    const table = new DistinctTable({ ...LIMITS, early: 1 })
    assert.deepEqual(table.note('a', 7, 0), [7])
    assert.deepEqual(table.note('a', 7, 999), [])
    assert.deepEqual(table.note('a', 7, 1000), [7])
    table.forget('a')
    assert.deepEqual(table.note('a', 7, 1000), [7])
  })

  test('never holds more callers than it may', () => {
    const table = new DistinctTable(LIMITS)
    for (let n = 0; n < 1000; n++) table.note(`caller-${n}`, n, 0)
    assert.ok(table.size <= 100)
  })

  test('tells each position once, and all of them once there are enough', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 400 }), (hashes) => {
        const table = new DistinctTable(LIMITS)
        const told = hashes.flatMap((hash) => table.note('a', hash, 0))
        const all = new Set(hashes.map((hash) => hash & 1023))
        assert.deepEqual(new Set(told), all.size < 3 ? new Set() : all)
        assert.equal(told.length, new Set(told).size)
      }),
    )
  })

  test('texts set about as many bits as the estimate says', () => {
    for (const things of [50, 200, 1000]) {
      const bits = bitsFor(things)
      const table = new DistinctTable({ maxKeys: 1, bits, early: 1, windowMs: 1000 })
      let set = 0
      for (let n = 0; n < things; n++)
        set += table.note('a', seededHash(`/orders/${n}`, 12_345), 0).length
      const expected = expectedBits(things, bits)
      assert.ok(Math.abs(set - expected) <= 4 * Math.sqrt(things) * 0.5, `${set} of ${expected}`)
    }
  })
})

suite('the seeded hash', () => {
  test('differs with the seed, and with each character', () => {
    assert.notEqual(seededHash('a', 1), seededHash('a', 2))
    assert.notEqual(seededHash('ab', 1), seededHash('ba', 1))
  })

  test('is 32 bits, the same each time, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer(), (text, seed) => {
        const hash = seededHash(text, seed)
        assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)
        assert.equal(seededHash(text, seed), hash)
      }),
    )
  })
})
