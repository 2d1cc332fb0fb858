import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FakeClock } from '../base/clock.ts'
import type { BucketRate, Demand } from './counters.ts'
import { MemoryCounters } from './memory-counters.ts'
import { countersContract } from './testing/counters-contract.ts'

countersContract('memory', () => new MemoryCounters())

/** GCRA in whole numbers: time in units of `1 / count` milliseconds. */
class ReferenceGcra {
  #tat = 0n

  take(rate: BucketRate, cost: number, nowMs: number): boolean {
    const now = BigInt(nowMs) * BigInt(rate.count)
    const interval = BigInt(rate.windowMs)
    const start = this.#tat > now ? this.#tat : now
    const tat = start + BigInt(Math.min(cost, rate.burst)) * interval
    if (tat - now > BigInt(rate.burst) * interval) return false
    this.#tat = tat
    return true
  }
}

const rates = fc.record({
  // Up to 50, so that every exact bound lies farther than the allowed 0.01 ms from the next.
  count: fc.integer({ min: 1, max: 50 }),
  windowMs: fc.integer({ min: 1, max: 100_000 }),
  burst: fc.integer({ min: 1, max: 60 }),
})
const steps = fc.array(
  fc.record({
    waitMs: fc.integer({ min: 0, max: 3000 }),
    cost: fc.integer({ min: 0, max: 5 }),
    key: fc.nat(2),
  }),
  { maxLength: 200 },
)

test('agrees with a reference GCRA in whole numbers, for any rate, costs and times', () => {
  fc.assert(
    fc.property(rates, steps, (rate, script) => {
      const clock = new FakeClock()
      const counters = new MemoryCounters({ maxBuckets: 100 })
      const references = [new ReferenceGcra(), new ReferenceGcra(), new ReferenceGcra()]
      for (const { waitMs, cost, key } of script) {
        clock.advance(waitMs)
        const seen = counters.peek(`k${key}`, rate, cost, clock.nowMs())
        const taken = counters.take(`k${key}`, rate, cost, clock.nowMs())
        assert.equal(taken.allowed, references[key]?.take(rate, cost, clock.nowMs()))
        assert.equal(seen.allowed, taken.allowed, 'peek foretells take')
      }
    }),
  )
})

test('the wait it names is the shortest that helps', () => {
  fc.assert(
    fc.property(rates, steps, (rate, script) => {
      const counters = new MemoryCounters()
      let nowMs = 0
      for (const { waitMs, cost } of script) {
        nowMs += waitMs
        const taken = counters.take('k', rate, cost, nowMs)
        if (taken.allowed) continue
        assert.ok(counters.peek('k', rate, cost, nowMs + taken.retryAfterMs).allowed)
        assert.ok(!counters.peek('k', rate, cost, nowMs + taken.retryAfterMs - 0.02).allowed)
      }
    }),
  )
})

const SLOW: BucketRate = { count: 1, windowMs: 3_600_000, burst: 2 }

test('stays within its bound under a flood of keys', () => {
  const counters = new MemoryCounters({ maxBuckets: 1000 })
  for (let i = 0; i < 50_000; i++) counters.take(`k${i}`, SLOW, 1, 1000 + i)
  assert.ok(counters.bucketCount <= 1000, `${counters.bucketCount} buckets`)
})

test('a flood of short-lived keys does not refill a bucket that is empty', () => {
  const counters = new MemoryCounters({ maxBuckets: 1000 })
  counters.take('victim', SLOW, 2, 0)
  const brief: BucketRate = { count: 20, windowMs: 1000, burst: 100 }
  for (let i = 0; i < 50_000; i++) {
    counters.take(`k${i}`, brief, 1, i)
    assert.ok(!counters.peek('victim', SLOW, 1, i).allowed, `still empty after ${i}`)
  }
})

test('buckets that are full again go', () => {
  const counters = new MemoryCounters({ maxBuckets: 2000 })
  for (let i = 0; i < 1000; i++) counters.take(`k${i}`, { count: 1, windowMs: 10, burst: 1 }, 1, i)
  for (let i = 0; i < 1000; i++) counters.take('one', SLOW, 0, 200_000 + i)
  assert.ok(counters.bucketCount <= 2, `${counters.bucketCount} buckets`)
})

test('filling the failure table does not lift a ban', () => {
  const rule = { count: 2, windowMs: 300_000, banMs: 900_000 }
  const counters = new MemoryCounters({ maxFailureLogs: 100, maxBuckets: 100 })
  counters.fail('bad', rule, 0)
  counters.fail('bad', rule, 1)
  for (let i = 0; i < 10_000; i++) {
    counters.fail(`k${i}`, rule, 2)
    counters.take(`k${i}`, SLOW, 1, 2)
  }
  assert.equal(counters.isBanned('bad', 3), 900_001)
})

test('a full ban table drops ended bans first', () => {
  const rule = { count: 1, windowMs: 1000, banMs: 1000 }
  const counters = new MemoryCounters({ maxBans: 10 })
  for (let i = 0; i < 9; i++) counters.fail(`old${i}`, rule, 0)
  counters.fail('live', rule, 900)
  for (let i = 0; i < 5; i++) counters.fail(`new${i}`, rule, 1500)
  assert.equal(counters.isBanned('live', 1600), 1900)
  assert.equal(counters.isBanned('new4', 1600), 2500)
})

test('a million live principals are held, in less than 64 bytes each', () => {
  const counters = new MemoryCounters()
  counters.take('first', SLOW, 1, 0)
  const before = process.memoryUsage()
  for (let i = 0; i < 1_000_000; i++) counters.take(`principal:600/60000/100:key:${i}`, SLOW, 2, 1)
  const after = process.memoryUsage()
  const bytes = (after.arrayBuffers - before.arrayBuffers) / 1_000_000
  assert.ok(bytes <= 64, `${bytes} bytes each`)
  for (let i = 0; i < 1_000_000; i += 997)
    assert.ok(!counters.peek(`principal:600/60000/100:key:${i}`, SLOW, 1, 1).allowed, `${i}`)
})

test('no live bucket is lost while its tables grow, shrink and turn', () => {
  const counters = new MemoryCounters()
  const live = new Map<string, number>()
  let nowMs = 0
  let made = 0
  // Many at once, few for some turns, many again: a table that is too small for what comes would lose some.
  for (const count of [3000, 10, 1, 20_000, 1, 1, 5000, 40_000]) {
    for (let i = 0; i < count; i++) {
      const key = `k${made++}`
      counters.take(key, SLOW, 2, nowMs)
      live.set(key, nowMs)
    }
    nowMs += 61_000
    for (const [key, atMs] of live)
      assert.ok(!counters.peek(key, SLOW, 2, nowMs).allowed, `${key} of ${atMs} at ${nowMs}`)
  }
  assert.equal(live.size, made)
})

test('agrees with a map of buckets while its generations turn', () => {
  const pace = { count: 1, windowMs: 1000, burst: 3 }
  const ops = fc.array(
    fc.record({ key: fc.nat(30), waitMs: fc.nat(4000), kind: fc.nat(5), cost: fc.nat(3) }),
    { maxLength: 400 },
  )
  fc.assert(
    fc.property(ops, (script) => {
      const counters = new MemoryCounters({ maxBuckets: 128 })
      const references = new Map<number, ReferenceGcra>()
      let nowMs = 0
      for (const { key, waitMs, kind, cost } of script) {
        nowMs += waitMs
        // Brief keys of their own, so that generations turn.
        for (let i = 0; i < 8; i++)
          counters.take(`brief${nowMs}${i}`, { ...pace, windowMs: 1 }, 1, nowMs)
        if (kind === 0) {
          counters.reset(`k${key}`)
          references.delete(key)
          continue
        }
        const reference = references.get(key) ?? new ReferenceGcra()
        references.set(key, reference)
        const { allowed } = counters.take(`k${key}`, pace, cost, nowMs)
        assert.equal(allowed, reference.take(pace, cost, nowMs))
      }
    }),
  )
})

const A_DAY: BucketRate = { count: 3, windowMs: 86_400_000, burst: 3 }

/** How much of three a key may still take after so many others, each of which took one. */
function leftAfter(others: number, isProven: boolean, ownIsProven: boolean): number {
  const counters = new MemoryCounters({ maxWindows: 100 })
  const ask = (key: string, proven: boolean): Demand => ({
    key,
    kind: 'window',
    rate: A_DAY,
    cost: 1,
    isProven: proven,
  })
  counters.decide([ask('own', ownIsProven)], 0)
  for (let n = 0; n < others; n++) counters.decide([ask(`made-up ${n}`, isProven)], n)
  return counters.look(ask('own', ownIsProven), others).remaining
}

const WASHING: [name: string, left: number, expected: number][] = [
  ['made-up keys do not wash away the quota of who is proven', leftAfter(1000, false, true), 2],
  ['nor do other proven ones', leftAfter(1000, true, true), 2],
  ['made-up keys wash away made-up ones', leftAfter(1000, false, false), 3],
  [
    'proven ones that find no room push those out, and nobody else',
    leftAfter(1000, true, false),
    3,
  ],
  ['who is proven is not counted twice', leftAfter(0, false, true), 2],
]
for (const [name, left, expected] of WASHING) test(name, () => assert.equal(left, expected))

test('quotas that have ended make room for proven keys', () => {
  const counters = new MemoryCounters({ maxWindows: 4 })
  const ask = (key: string, isProven = true): Demand => ({
    key,
    kind: 'window',
    rate: A_DAY,
    cost: 1,
    isProven,
  })
  counters.decide([ask('old')], 0)
  counters.decide([ask('older')], 0)
  const later = 3 * A_DAY.windowMs
  counters.decide([ask('new')], later)
  for (let n = 0; n < 100; n++) counters.decide([ask(`made-up ${n}`, false)], later)
  assert.equal(counters.look(ask('new'), later).remaining, 2)
})
