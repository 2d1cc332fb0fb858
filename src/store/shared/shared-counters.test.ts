import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import * as fc from 'fast-check'
import { FakeClock, holdTime, letTimeRun, systemClock } from '../../base/clock.ts'
import type { BucketRate, Demand } from '../counters.ts'
import { MemoryCounters } from '../memory-counters.ts'
import { countersContract } from '../testing/counters-contract.ts'
import { CounterKeeper, newCounterMemory, SharedCounters } from './shared-counters.ts'
import type { SharedCounterLimits } from './shared-counters.ts'

const T0 = Date.UTC(2026, 0, 1)

interface Range {
  /** Two threads' views of one memory. */
  readonly counters: readonly [SharedCounters, SharedCounters]
  readonly keeper: CounterKeeper
}

function open(limits: SharedCounterLimits = {}): Range {
  const memory = newCounterMemory(T0, {
    maxBuckets: 64,
    maxBans: 64,
    maxFailureLogs: 64,
    ...limits,
  })
  return {
    counters: [new SharedCounters(memory, 0), new SharedCounters(memory, 1)],
    keeper: new CounterKeeper(memory),
  }
}

countersContract('shared', () => open().counters[0])

/** GCRA in whole numbers: time in units of `1 / count` milliseconds. */
class ReferenceGcra {
  #tat = 0n

  take(rate: BucketRate, cost: number, nowMs: number): boolean {
    const now = BigInt(nowMs) * BigInt(rate.count)
    const start = this.#tat > now ? this.#tat : now
    const tat = start + BigInt(Math.min(cost, rate.burst)) * BigInt(rate.windowMs)
    if (tat - now > BigInt(rate.burst) * BigInt(rate.windowMs)) return false
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
    key: fc.nat(40),
    thread: fc.nat(1),
    kind: fc.constantFrom(
      'take',
      'take',
      'take',
      'fail',
      'fail',
      'peek',
      'banned',
      'reset',
      'tend',
      'decide',
      'decide',
      'ban',
    ),
  }),
  { maxLength: 300 },
)

suite('counters that threads share', () => {
  test('agree with a reference GCRA in whole numbers, for any rate, costs and times', () => {
    fc.assert(
      fc.property(rates, steps, (rate, script) => {
        const clock = new FakeClock(T0)
        const { counters, keeper } = open()
        const references = new Map<number, ReferenceGcra>()
        for (const { waitMs, cost, key, thread, kind } of script) {
          clock.advance(waitMs)
          if (kind === 'tend') keeper.tend(clock.nowMs())
          const reference = references.get(key) ?? new ReferenceGcra()
          references.set(key, reference)
          const own = counters[thread as 0 | 1]
          const seen = own.peek(`k${key}`, rate, cost, clock.nowMs())
          const taken = own.take(`k${key}`, rate, cost, clock.nowMs())
          assert.equal(taken.allowed, reference.take(rate, cost, clock.nowMs()))
          assert.equal(seen.allowed, taken.allowed, 'peek foretells take')
        }
      }),
    )
  })

  test('do in every step what counters in memory do, while halves turn', () => {
    const rule = { count: 3, windowMs: 5000, banMs: 20_000 }
    fc.assert(
      fc.property(rates, steps, (rate, script) => {
        let nowMs = T0
        const memory = new MemoryCounters()
        const { counters, keeper } = open({ maxBuckets: 32, maxBans: 32 })
        for (const { waitMs, cost, key, thread, kind } of script) {
          nowMs += waitMs
          const name = `k${key}`
          const own = counters[thread as 0 | 1]
          if (kind === 'tend') keeper.tend(nowMs)
          else if (kind === 'take')
            assertNear(own.take(name, rate, cost, nowMs), memory.take(name, rate, cost, nowMs))
          else if (kind === 'peek')
            assertNear(own.peek(name, rate, cost, nowMs), memory.peek(name, rate, cost, nowMs))
          else if (kind === 'fail')
            assert.deepEqual(own.fail(name, rule, nowMs), memory.fail(name, rule, nowMs))
          else if (kind === 'banned')
            assert.equal(own.isBanned(name, nowMs), memory.isBanned(name, nowMs))
          else if (kind === 'decide') {
            const wanted = demandsOf(rate, cost, key)
            const [found, expected] = [own, memory].map((any) => any.decide(wanted, nowMs))
            assert.equal(found?.allowed, expected?.allowed)
            assertAllNear(found?.taken ?? [], expected?.taken ?? [])
          } else if (kind === 'ban') {
            for (const any of [own, memory]) any.ban(name, nowMs + waitMs, nowMs)
          } else {
            own.reset(name)
            memory.reset(name)
          }
        }
      }),
    )
  })
})

/** A bucket, a quota of the same key, and a bucket that many share. */
function demandsOf(rate: BucketRate, cost: number, key: number): readonly Demand[] {
  return [
    { key: `k${key}`, kind: 'bucket', rate, cost },
    { key: `k${key}`, kind: 'window', rate: { ...rate, count: 2 * rate.count }, cost },
    { key: `tenant${key % 3}`, kind: 'bucket', rate: { ...rate, burst: 2 * rate.burst }, cost },
  ]
}

function assertAllNear(found: readonly object[], expected: readonly object[]): void {
  assert.equal(found.length, expected.length)
  for (const [index, one] of found.entries()) assertNear(one, expected[index] ?? {})
}

/** Times are compared to a nanosecond: the two adapters begin their clocks at different moments. */
function assertNear(found: object, expected: object): void {
  const rounded = (taken: object): object =>
    Object.fromEntries(
      Object.entries(taken).map(([name, value]) => [
        name,
        typeof value === 'number' ? Math.round(value * 1e3) / 1e3 : (value as unknown),
      ]),
    )
  assert.deepEqual(rounded(found), rounded(expected))
}

const SLOW: BucketRate = { count: 1, windowMs: 3_600_000, burst: 2 }
const BRIEF: BucketRate = { count: 20, windowMs: 1000, burst: 100 }

suite('a thread that holds its clock', () => {
  const rate: BucketRate = { count: 120, windowMs: 3_600_000, burst: 120 }
  const demand: Demand = { key: 'k', kind: 'bucket', rate, cost: 1, isProven: false }
  const ways: [name: string, take: (own: SharedCounters, nowMs: number) => boolean][] = [
    ['takes', (own, nowMs) => own.take('k', rate, 1, nowMs).allowed],
    ['decides', (own, nowMs) => own.decide([demand], nowMs).allowed],
  ]
  for (const [name, take] of ways) {
    test(`${name} of a bucket that another one began later, to its last unit`, () => {
      const [own, other] = open().counters
      mock.timers.enable({ apis: ['Date'], now: T0 })
      try {
        holdTime()
        const heldMs = systemClock.nowMs()
        mock.timers.setTime(T0 + 5)
        for (let unit = 1; unit < 120; unit++)
          assert.ok(other.take('k', rate, 1, T0 + 5).allowed, `unit ${unit}`)
        assert.deepEqual([take(own, heldMs), take(own, heldMs)], [true, false])
      } finally {
        letTimeRun()
        mock.timers.reset()
      }
    })
  }
})

suite('shared tables are bounded', () => {
  test('a flood of short-lived keys does not refill a bucket that is empty', () => {
    const { counters, keeper } = open({ maxBuckets: 1000 })
    const [own, other] = counters
    own.take('victim', SLOW, 2, T0)
    for (let i = 0; i < 50_000; i++) {
      other.take(`k${i}`, BRIEF, 1, T0 + i)
      if (i % 100 === 0) keeper.tend(T0 + i)
      assert.ok(!own.peek('victim', SLOW, 1, T0 + i).allowed, `still empty after ${i}`)
    }
    assert.ok(keeper.bucketCount <= 2048, `${keeper.bucketCount} buckets`)
  })

  test('buckets that are full again make room', () => {
    const { counters, keeper } = open({ maxBuckets: 1000 })
    const brief = { count: 1, windowMs: 10, burst: 1 }
    for (let i = 0; i < 1100; i++) counters[0].take(`k${i}`, brief, 1, T0 + i)
    for (let i = 0; i < 4; i++) keeper.tend(T0 + 10_000)
    assert.ok(keeper.bucketCount < 10, `${keeper.bucketCount} buckets`)
  })

  test('keys beyond the bound are still limited', () => {
    const { counters } = open({ maxBuckets: 100 })
    for (let i = 0; i < 2000; i++) counters[0].take(`k${i}`, SLOW, 2, T0)
    for (let i = 0; i < 2000; i++)
      assert.ok(!counters[0].take(`k${i}`, SLOW, 1, T0).allowed, `k${i} is limited`)
  })

  test('filling the failure table does not lift a ban', () => {
    const { counters, keeper } = open()
    const rule = { count: 2, windowMs: 300_000, banMs: 900_000 }
    counters[0].fail('bad', rule, T0)
    counters[1].fail('bad', rule, T0 + 1)
    for (let i = 0; i < 10_000; i++) {
      counters[0].fail(`k${i}`, rule, T0 + 2)
      counters[0].take(`k${i}`, SLOW, 1, T0 + 2)
      if (i % 10 === 0) keeper.tend(T0 + 2)
    }
    assert.equal(counters[1].isBanned('bad', T0 + 3), T0 + 900_001)
  })

  test('failures are counted on while the table turns', () => {
    const { counters, keeper } = open()
    const rule = { count: 3, windowMs: 300_000, banMs: 900_000 }
    counters[0].fail('bad', rule, T0)
    for (let i = 0; i < 70; i++) counters[0].fail(`k${i}`, rule, T0)
    keeper.tend(T0)
    keeper.tend(T0)
    counters[1].fail('bad', rule, T0 + 1)
    assert.equal(counters[1].fail('bad', rule, T0 + 2).bannedUntilMs, T0 + 900_002)
  })
})

test('keys that differ in one character, in length or in order fall into buckets of their own', () => {
  const { counters } = open({ maxBuckets: 4096 })
  const keys = ['', 'a', 'aa', 'ab', 'ba', 'a\u0000', '\u0000a', 'ā', 'ip:1.2.3.4', 'ip:1.2.3.40']
  for (const key of keys) assert.ok(counters[0].take(key, SLOW, 2, T0).allowed, JSON.stringify(key))
  for (const key of keys) assert.ok(!counters[0].take(key, SLOW, 1, T0).allowed)
})
