import assert from 'node:assert/strict'
import { afterEach, beforeEach, suite, test } from 'node:test'
import type { BucketRate, Demand } from '../counters.ts'
import { CounterKeeper, newCounterMemory, SharedCounters } from './shared-counters.ts'

/** Stands for a thread that is no more. */
class Killed extends Error {}

const WRITES = ['store', 'add', 'compareExchange'] as const
const NOW = Date.UTC(2026, 0, 1)
const RATE: BucketRate = { count: 1, windowMs: 3_600_000, burst: 5 }
/** What fills the tables and is over by now. */
const BRIEF: BucketRate = { count: 1, windowMs: 1, burst: 1 }
const BRIEF_RULE = { count: 3, windowMs: 10, banMs: 10 }
const RULE = { count: 3, windowMs: 300_000, banMs: 900_000 }

const QUOTA: BucketRate = { count: 5, windowMs: 3_600_000, burst: 5 }
/** One decision: two buckets, and a quota between them. */
const DEMANDS: readonly Demand[] = [
  { key: 'known', kind: 'bucket', rate: RATE, cost: 1 },
  { key: 'known', kind: 'window', rate: QUOTA, cost: 1 },
  { key: 'fresh', kind: 'bucket', rate: RATE, cost: 1 },
]
interface Scene {
  readonly victim: SharedCounters
  readonly other: SharedCounters
  readonly keeper: CounterKeeper
}

/** A victim that did some of everything, in tables that are steady, or half moved, or just turned. */
function scene(stage: string): Scene {
  const memory = newCounterMemory(NOW - 10_000, {
    maxBuckets: 32,
    maxBans: 32,
    maxFailureLogs: 32,
    maxSlices: 32,
  })
  const victim = new SharedCounters(memory, 0)
  const other = new SharedCounters(memory, 1)
  const keeper = new CounterKeeper(memory)
  victim.take('known', RATE, 2, NOW)
  victim.fail('known', RULE, NOW)
  for (let i = 0; i < 3; i++) victim.fail('banned', RULE, NOW)
  for (let i = 0; i < 2; i++) victim.fail('near', RULE, NOW)
  victim.decide([quotaOf('known', 2)], NOW)
  if (stage === 'steady') return { victim, other, keeper }
  for (let i = 0; i < 40; i++) {
    other.take(`k${i}`, BRIEF, 1, NOW - 2000)
    other.decide([{ ...quotaOf(`k${i}`, 1), rate: BRIEF }], NOW - 2000)
    for (let j = 0; j < 3; j++) other.fail(`k${i}`, BRIEF_RULE, NOW - 2000)
  }
  keeper.tend(NOW)
  if (stage === 'turning') return { victim, other, keeper }
  keeper.tend(NOW)
  return { victim, other, keeper }
}

function quotaOf(key: string, cost: number): Demand {
  return { key, kind: 'window', rate: QUOTA, cost }
}

type Act = (counters: SharedCounters) => unknown

const ACTS: readonly [name: string, act: Act][] = [
  ['a take of a known key', (own) => own.take('known', RATE, 1, NOW)],
  ['a first take', (own) => own.take('fresh', RATE, 1, NOW)],
  ['a failure of a known key', (own) => own.fail('known', RULE, NOW)],
  ['a first failure', (own) => own.fail('fresh', RULE, NOW)],
  ['the failure that bans', (own) => own.fail('near', RULE, NOW)],
  ['a look at a ban', (own) => own.isBanned('banned', NOW)],
  ['a look at a bucket', (own) => own.peek('known', RATE, 1, NOW)],
  ['a take of a known quota', (own) => own.decide([quotaOf('known', 1)], NOW)],
  ['a first take of a quota', (own) => own.decide([quotaOf('fresh', 1)], NOW)],
  ['a decision of three policies', (own) => own.decide(DEMANDS, NOW)],
  ['a ban', (own) => own.ban('set', NOW + 900_000, NOW)],
  ['a reset', (own) => own.reset('known')],
]

suite('a thread that is killed at any write', () => {
  const real = Object.fromEntries(WRITES.map((name) => [name, Atomics[name]]))
  let left = Infinity
  let isBefore = true

  beforeEach(() => {
    for (const name of WRITES) {
      const write = real[name] as (...args: unknown[]) => unknown
      Object.defineProperty(Atomics, name, {
        configurable: true,
        writable: true,
        value: (...args: unknown[]) => {
          left--
          if (left === 0 && isBefore) throw new Killed()
          const result = write(...args)
          if (left === 0) throw new Killed()
          return result
        },
      })
    }
  })
  afterEach(() => {
    for (const name of WRITES)
      Object.defineProperty(Atomics, name, {
        configurable: true,
        writable: true,
        value: real[name],
      })
  })

  /** Kills the act at its `point`-th write. @returns whether it was alive to be killed. */
  const kill = (act: Act, own: SharedCounters, point: number): boolean => {
    left = point
    try {
      act(own)
      return false
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      return true
    } finally {
      left = Infinity
    }
  }

  for (const stage of ['steady', 'turning', 'turned'])
    for (const [name, act] of ACTS)
      test(`leaves ${name} done or not done, in ${stage} tables`, () => {
        let points = 0
        for (isBefore of [true, false])
          for (let point = 1; ; point++) {
            const { victim, other, keeper } = scene(stage)
            if (!kill(act, victim, point)) break
            points++
            keeper.threadGone(0)
            assertRight({ other, keeper, act, name })
          }
        assert.ok(points >= 4, `only ${points} moments were tried`)
      })
})

/** What is left belongs to the moment before the act or the moment after it, and goes on working. */
function assertRight(at: {
  readonly other: SharedCounters
  readonly keeper: CounterKeeper
  readonly act: Act
  readonly name: string
}): void {
  const { other, keeper, name } = at
  const expected = (key: string, full: number): readonly number[] => {
    if (name === 'a reset' && key === 'known') return [full, 5]
    const isTaken =
      name === 'a decision of three policies' ||
      name === (key === 'known' ? 'a take of a known key' : 'a first take')
    return isTaken ? [full, full - 1] : [full]
  }
  const left = takeAll(other, 'known')
  assert.ok(expected('known', 3).includes(left), `known: ${left}`)
  const fresh = takeAll(other, 'fresh')
  assert.ok(expected('fresh', 5).includes(fresh), `fresh: ${fresh}`)
  assertQuotas(other, name)
  assert.ok([undefined, NOW + 900_000].includes(other.isBanned('set', NOW)))
  assert.equal(other.isBanned('banned', NOW), NOW + 900_000)
  const known = failAll(other, 'known')
  assert.ok(known >= (name === 'a failure of a known key' ? 1 : 2), `known banned after ${known}`)
  assert.ok(known <= (name === 'a reset' ? 3 : 2), `known banned after ${known}`)
  const first = failAll(other, 'fresh')
  assert.ok(first >= (name === 'a first failure' ? 2 : 3) && first <= 3, `fresh: ${first}`)
  assert.equal(failAll(other, 'near'), 1, 'banned already, or by the next failure')
  // The tables still turn.
  for (let i = 0; i < 300; i++) {
    other.take(`after${i}`, BRIEF, 1, NOW - 2)
    other.decide([{ ...quotaOf(`after${i}`, 1), rate: BRIEF }], NOW - 2000)
    keeper.tend(NOW)
  }
  assert.ok(keeper.bucketCount < 64, `${keeper.bucketCount} buckets`)
  assert.equal(takeAll(other, 'known'), 0)
  assert.equal(quotaLeft(other, 'known'), 0)
  assert.equal(other.isBanned('banned', NOW), NOW + 900_000)
}

/** Quotas are what they were, or one less where one was being taken. */
function assertQuotas(other: SharedCounters, name: string): void {
  const isOfKnown = ['a take of a known quota', 'a decision of three policies'].includes(name)
  const known = quotaLeft(other, 'known')
  assert.ok((isOfKnown ? [3, 2] : [3]).includes(known), `known quota: ${known}`)
  const fresh = quotaLeft(other, 'fresh')
  assert.ok((name === 'a first take of a quota' ? [5, 4] : [5]).includes(fresh), `fresh: ${fresh}`)
}

/** Units that can still be taken. */
function quotaLeft(counters: SharedCounters, key: string): number {
  let taken = 0
  while (counters.decide([quotaOf(key, 1)], NOW).allowed) taken++
  return taken
}

function takeAll(counters: SharedCounters, key: string): number {
  let taken = 0
  while (counters.take(key, RATE, 1, NOW).allowed) taken++
  return taken
}

/** Failures until the key is banned. */
function failAll(counters: SharedCounters, key: string): number {
  for (let failures = 1; ; failures++)
    if (counters.fail(key, RULE, NOW).bannedUntilMs !== undefined) return failures
}
