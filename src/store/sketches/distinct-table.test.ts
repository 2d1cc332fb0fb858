import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { newCounterMemory, SharedCounters } from '../shared/shared-counters.ts'
import { bitsFor, DistinctTable, exactThings, expectedTold, toldOf } from './distinct-table.ts'
import { seededHash } from './seeded-hash.ts'

/** 16 things are told exactly. */
const LIMITS = { maxKeys: 100, bits: 1024, early: 3, windowMs: 1000 }
const EXACT = exactThings(LIMITS.bits)

/** Four standard deviations of the bits that `things` set. */
function fourSigma(things: number, bits: number): number {
  const left = Math.exp(-things / bits)
  return 1 + 4 * Math.sqrt(bits * left * (1 - (1 + things / bits) * left))
}

suite('distinct things', () => {
  test('the first few are counted together, then each new one, none twice', () => {
    const table = new DistinctTable(LIMITS)
    assert.deepEqual(table.note('a', 7, 0), [])
    assert.deepEqual(table.note('a', 7, 0), [])
    assert.deepEqual(table.note('a', 8, 0), [])
    assert.deepEqual(
      [...table.note('a', 9, 0)].toSorted((a, b) => a - b),
      [7, 8, 9],
    )
    assert.deepEqual(table.note('a', 8, 0), [])
    assert.deepEqual(table.note('a', 1024 + 9, 0), [1024 + 9], 'their bit is the same')
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

  for (const bits of [64, 1024, 8192])
    test(`a row of ${bits} bits never takes more room than its map`, () => {
      const table = new DistinctTable({ ...LIMITS, bits })
      for (let n = 0; n < bits; n++) {
        table.note('a', seededHash(String(n), 5), 0)
        assert.ok(table.bytesOf('a') <= bits / 8)
      }
      table.note('b', 1, 0)
      assert.ok(table.bytesOf('b') <= 16)
    })

  test('a hash of nothing but zeros is a thing as well', () => {
    const table = new DistinctTable({ ...LIMITS, early: 1 })
    assert.equal(table.note('a', 0, 0).length, 1)
    assert.equal(table.note('a', 0, 0).length, 0)
  })
})

suite('distinct things, beside a set', () => {
  const thing = fc.oneof(fc.nat({ max: EXACT - 1 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 }))
  const calls = fc.array(
    fc.record({
      thread: fc.nat({ max: 3 }),
      caller: fc.constantFrom('a', 'b'),
      thing,
      pauseMs: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat({ max: 400 })),
    }),
    { maxLength: 300 },
  )

  test('one thread tells the first of a window exactly, and later none twice', () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 5 }), (all, early) => {
        const table = new DistinctTable({ ...LIMITS, early })
        const models = new Map<string, { sinceMs: number; seen: Set<number>; told: Set<number> }>()
        let nowMs = 0
        for (const { caller, thing: asked, pauseMs } of all) {
          nowMs += pauseMs
          // No free word is ever a hash: 0 and 1 are one thing, with 1 in 2^32 hashes.
          const hash = asked === 0 ? 1 : asked | 0
          const known = models.get(caller)
          const model =
            known !== undefined && nowMs - known.sinceMs < LIMITS.windowMs
              ? known
              : { sinceMs: nowMs, seen: new Set<number>(), told: new Set<number>() }
          models.set(caller, model)
          model.seen.add(hash)
          for (const one of table.note(caller, hash, nowMs)) {
            assert.ok(!model.told.has(one), 'none is told twice')
            model.told.add(one)
          }
          if (model.seen.size < early) assert.equal(model.told.size, 0)
          else if (model.seen.size <= EXACT) assert.deepEqual(model.told, model.seen)
          else assert.ok(model.told.isSubsetOf(model.seen))
        }
      }),
    )
  })

  test('four threads that share a table of counters count the first exactly, and none twice', () => {
    fc.assert(
      fc.property(calls, (all) => {
        const memory = newCounterMemory(0, { maxBuckets: 2048 })
        const threads = [0, 1, 2, 3].map((thread) => ({
          table: new DistinctTable({ ...LIMITS, early: 1, windowMs: 1e9 }),
          counters: new SharedCounters(memory, thread),
        }))
        const once = { count: 1, windowMs: 1e9, burst: 1 }
        const seen = new Map([
          ['a', new Set<number>()],
          ['b', new Set<number>()],
        ])
        const counted = new Map([
          ['a', 0],
          ['b', 0],
        ])
        let nowMs = 0
        for (const { thread, caller, thing: asked, pauseMs } of all) {
          nowMs += pauseMs
          const hash = asked === 0 ? 1 : asked | 0
          const here = threads[thread]
          seen.get(caller)?.add(hash)
          for (const one of here?.table.note(caller, hash, nowMs) ?? [])
            if (here?.counters.take(`seen:${caller}:${one}`, once, 1, nowMs).allowed === true)
              counted.set(caller, (counted.get(caller) ?? 0) + 1)
          const things = seen.get(caller)?.size ?? 0
          if (things <= EXACT) assert.equal(counted.get(caller), things)
          else assert.ok((counted.get(caller) ?? 0) <= things)
        }
      }),
    )
  })

  test('above the first, as much is told as the estimate says', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 20, max: 1500 }), (seed, things) => {
        const bits = bitsFor(things)
        const table = new DistinctTable({ maxKeys: 1, bits, early: 1, windowMs: 1000 })
        const told = new Set<number>()
        for (let n = 0; n < things; n++)
          for (const one of table.note('a', seededHash(`/orders/${n}`, seed), 0)) told.add(one)
        const expected = expectedTold(things, bits)
        const slack = fourSigma(things, bits)
        assert.ok(told.size <= things)
        assert.ok(Math.abs(told.size - expected) <= slack, `${told.size} of ${expected}`)
        if (things <= exactThings(bits)) assert.equal(told.size, things)
      }),
    )
  })

  test('the error is the one that is stated', () => {
    for (const bits of [1024, 4096, 65_536]) {
      assert.equal(toldOf(exactThings(bits), bits), exactThings(bits))
      for (const [part, error] of [
        [4, 0.08],
        [8, 0.04],
      ] as const) {
        const things = bits / part
        const threshold = toldOf(things, bits)
        // Told by one table alone, or by so many that each tells all it sees.
        assert.ok(threshold / things >= 1 - error, `${threshold} of ${things}`)
        assert.ok(expectedTold(things * (1 + error), bits) >= threshold - 1)
      }
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
