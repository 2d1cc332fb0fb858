import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { BanRule, BucketRate, Counters, Demand, Taken } from '../counters.ts'
import { KeptKey } from '../kept-key.ts'
import { MemoryCounters } from '../memory-counters.ts'
import { SLICES } from '../sliding-window.ts'

const RATE: BucketRate = { count: 10, windowMs: 1000, burst: 3 }
const RULE: BanRule = { count: 3, windowMs: 300_000, banMs: 900_000 }
const T0 = Date.UTC(2026, 0, 1)

/** What every adapter of `Counters` must do. `open` gives new, empty counters each time. */
export function countersContract(adapter: string, open: () => Counters): void {
  const check = (name: string, body: (counters: Counters) => Promise<void>): void => {
    test(`${adapter}: ${name}`, () => body(open()))
  }
  bucketContract(check)
  windowContract(check)
  decisionContract(check)
  banContract(check)
  slotContract(check)
}

type Check = (name: string, body: (counters: Counters) => Promise<void>) => void

function bucketContract(check: Check): void {
  check('allows the burst at once and refuses the next', async (counters) => {
    const found = []
    for (let i = 0; i < 4; i++) found.push(await counters.take('k', RATE, 1, T0))
    assert.deepEqual(found, [
      { allowed: true, remaining: 2, resetMs: 100, retryAfterMs: 0 },
      { allowed: true, remaining: 1, resetMs: 200, retryAfterMs: 0 },
      { allowed: true, remaining: 0, resetMs: 300, retryAfterMs: 0 },
      { allowed: false, remaining: 0, resetMs: 300, retryAfterMs: 100 },
    ])
  })
  check('gives back one unit per interval', async (counters) => {
    await counters.take('k', RATE, 3, T0)
    assert.equal((await counters.take('k', RATE, 1, T0 + 99)).allowed, false)
    assert.equal((await counters.take('k', RATE, 1, T0 + 100)).allowed, true)
    assert.equal((await counters.take('k', RATE, 1, T0 + 199)).allowed, false)
  })
  check('never holds more than the burst', async (counters) => {
    await counters.take('k', RATE, 1, T0)
    assert.equal((await counters.peek('k', RATE, 1, T0 + 1e9)).remaining, 3)
  })
  check('a refused take changes nothing', async (counters) => {
    await counters.take('k', RATE, 2, T0)
    assert.equal((await counters.take('k', RATE, 2, T0)).allowed, false)
    assert.equal((await counters.take('k', RATE, 1, T0)).allowed, true)
  })
  check(
    'a key that is kept is the key of its text, whoever has hashed it before',
    async (counters) => {
      const other = new MemoryCounters()
      const kept = new KeptKey('k')
      const takeKept = (): MaybePromise<Taken> =>
        counters.takeKept?.(kept, RATE, 1, T0) ?? counters.take('k', RATE, 1, T0)
      other.takeKept(kept, RATE, 3, T0)
      assert.equal((await takeKept()).remaining, 2)
      assert.equal((await counters.take('k', RATE, 1, T0)).remaining, 1)
      other.takeKept(kept, RATE, 3, T0)
      assert.equal((await takeKept()).remaining, 0)
      assert.equal((await takeKept()).allowed, false)
      assert.equal((await counters.take('other', RATE, 1, T0)).remaining, 2)
    },
  )
  check('a look takes nothing', async (counters) => {
    for (let i = 0; i < 9; i++) await counters.peek('k', RATE, 1, T0)
    assert.equal((await counters.peek('k', RATE, 1, T0)).remaining, 3)
  })
  check('a cost above the burst waits for a full bucket', async (counters) => {
    assert.equal((await counters.take('k', RATE, 9, T0)).allowed, true)
    assert.equal((await counters.take('k', RATE, 9, T0 + 299)).allowed, false)
    assert.equal((await counters.take('k', RATE, 9, T0 + 300)).allowed, true)
  })
  check(
    'what a slower rate or a later clock left ends as the rate of now does',
    async (counters) => {
      const slow = { count: 3, windowMs: 86_400_000, burst: 3 }
      await counters.take('k', slow, 3, T0)
      assert.equal((await counters.take('k', slow, 3, T0 + 1)).allowed, false)
      assert.equal((await counters.peek('k', RATE, 1, T0 + 2)).allowed, true)
      assert.equal((await counters.take('k', RATE, 3, T0 + 2)).allowed, true)
      assert.equal((await counters.take('k', RATE, 1, T0 + 2)).allowed, false)
      assert.equal((await counters.take('k', RATE, 1, T0 + 102)).allowed, true)
    },
  )
  check('keys do not share', async (counters) => {
    await counters.take('a', RATE, 3, T0)
    assert.equal((await counters.take('b', RATE, 3, T0)).allowed, true)
    assert.equal((await counters.take('__proto__', RATE, 3, T0)).allowed, true)
  })
  check('resets', async (counters) => {
    await counters.take('k', RATE, 3, T0)
    await counters.reset('k')
    assert.equal((await counters.take('k', RATE, 3, T0)).allowed, true)
  })
}

const HOUR = 3_600_000
const DAY: BucketRate = { count: 10, windowMs: SLICES * HOUR, burst: 10 }
const quota = (cost: number, key = 'k'): Demand => ({ key, kind: 'window', rate: DAY, cost })
const bucket = (cost: number, key = 'k'): Demand => ({ key, kind: 'bucket', rate: RATE, cost })

function windowContract(check: Check): void {
  check('a window allows its count and says when it comes back', async (counters) => {
    const at = T0 + 600_000
    assert.deepEqual(await counters.decide([quota(4)], at), {
      allowed: true,
      taken: [{ allowed: true, remaining: 6, resetMs: 25 * HOUR - 600_000, retryAfterMs: 0 }],
    })
    assert.equal((await counters.decide([quota(6)], at + HOUR)).allowed, true)
    assert.deepEqual(await counters.decide([quota(3)], at + HOUR), {
      allowed: false,
      taken: [
        {
          allowed: false,
          remaining: 0,
          resetMs: 25 * HOUR - 600_000,
          retryAfterMs: 24 * HOUR - 600_000,
        },
      ],
    })
  })
  check('what a shorter window took ends no later than the longer one', async (counters) => {
    const minute = { ...quota(10), rate: { count: 10, windowMs: 60_000, burst: 10 } }
    assert.equal((await counters.decide([minute], T0)).allowed, true)
    const [found] = (await counters.decide([quota(10)], T0 + 1)).taken
    assert.ok((found?.retryAfterMs ?? 0) <= 25 * HOUR, `${found?.retryAfterMs} ms`)
    assert.equal((await counters.decide([quota(10)], T0 + 50 * HOUR)).allowed, true)
  })
  check('what left the window may be taken again, and no sooner', async (counters) => {
    await counters.decide([quota(7)], T0)
    await counters.decide([quota(3)], T0 + 2 * HOUR)
    assert.equal((await counters.decide([quota(1)], T0 + 25 * HOUR - 1)).allowed, false)
    assert.equal((await counters.decide([quota(8)], T0 + 25 * HOUR)).allowed, false)
    assert.equal((await counters.decide([quota(7)], T0 + 25 * HOUR)).allowed, true)
    assert.equal((await counters.decide([quota(1)], T0 + 26 * HOUR)).allowed, false)
    assert.equal((await counters.decide([quota(3)], T0 + 27 * HOUR)).allowed, true)
  })
  check('a window that nobody used for long is empty', async (counters) => {
    await counters.decide([quota(10)], T0)
    const { taken } = await counters.decide([quota(0)], T0 + 900 * HOUR)
    assert.deepEqual(taken, [{ allowed: true, remaining: 10, resetMs: 0, retryAfterMs: 0 }])
  })
  check('a cost above the count waits for an empty window', async (counters) => {
    assert.equal((await counters.decide([quota(99)], T0)).allowed, true)
    assert.equal((await counters.decide([quota(99)], T0 + 25 * HOUR - 1)).allowed, false)
    assert.equal((await counters.decide([quota(99)], T0 + 25 * HOUR)).allowed, true)
  })
}

function decisionContract(check: Check): void {
  check('a decision takes from every policy', async (counters) => {
    const { allowed, taken } = await counters.decide([bucket(1, 'a'), bucket(2, 'b')], T0)
    assert.equal(allowed, true)
    assert.deepEqual(
      taken.map(({ remaining }) => remaining),
      [2, 1],
    )
    assert.equal((await counters.peek('b', RATE, 1, T0)).remaining, 1)
  })
  check('a decision that one policy refuses takes from none', async (counters) => {
    await counters.take('b', RATE, 3, T0)
    const { allowed, taken } = await counters.decide(
      [bucket(1, 'a'), quota(1, 'q'), bucket(1, 'b')],
      T0,
    )
    assert.equal(allowed, false)
    assert.deepEqual(
      taken.map((one) => [one.allowed, one.remaining, one.retryAfterMs]),
      [
        [true, 3, 0],
        [true, 10, 0],
        [false, 0, 100],
      ],
    )
    assert.equal((await counters.peek('a', RATE, 1, T0)).remaining, 3)
    assert.equal((await counters.decide([quota(10, 'q')], T0)).allowed, true)
  })
  check('a bucket and a window of one name do not meet', async (counters) => {
    assert.equal((await counters.decide([bucket(3), quota(10)], T0)).allowed, true)
    assert.equal((await counters.decide([bucket(1), quota(0)], T0)).allowed, false)
    assert.equal((await counters.decide([bucket(3), quota(0)], T0 + 300)).allowed, true)
  })
  check('a decision of one bucket is a take', async (counters) => {
    await counters.decide([bucket(2)], T0)
    assert.equal((await counters.take('k', RATE, 2, T0)).allowed, false)
    assert.equal((await counters.take('k', RATE, 1, T0)).allowed, true)
  })
  check('decisions at the same moment allow what there is, never more', async (counters) => {
    const wanted = [bucket(1, 'a'), quota(1, 'q'), bucket(1, 'b')]
    const found = await Promise.all(
      Array.from({ length: 20 }, () => Promise.resolve(counters.decide(wanted, T0))),
    )
    assert.equal(found.filter(({ allowed }) => allowed).length, 3)
    const { taken } = await counters.decide([quota(0, 'q')], T0)
    assert.equal(taken[0]?.remaining, 7)
  })
}

function slotContract(check: Check): void {
  check('no more run at once than may', async (counters) => {
    assert.deepEqual(
      [1, 2, 3].map(() => counters.enter('k', 2)),
      [true, true, false],
    )
    assert.equal(counters.enter('other', 2), true)
    counters.leave('k')
    assert.equal(counters.enter('k', 2), true)
    assert.equal(counters.enter('k', 2), false)
  })
}

function banContract(check: Check): void {
  check('bans at the count-th failure, for as long as said', async (counters) => {
    const found = []
    for (let i = 0; i < 3; i++) found.push(await counters.fail('k', RULE, T0 + i))
    assert.deepEqual(found, [
      { failures: 1, bannedUntilMs: undefined },
      { failures: 2, bannedUntilMs: undefined },
      { failures: 3, bannedUntilMs: T0 + 2 + 900_000 },
    ])
    assert.equal(await counters.isBanned('k', T0 + 2 + 899_999), T0 + 2 + 900_000)
    assert.equal(await counters.isBanned('k', T0 + 2 + 900_000), undefined)
  })
  check('forgets failures that are as old as the window', async (counters) => {
    await counters.fail('k', RULE, T0)
    await counters.fail('k', RULE, T0 + 299_999)
    assert.equal((await counters.fail('k', RULE, T0 + 300_000)).failures, 2)
    assert.equal((await counters.fail('k', RULE, T0 + 300_001)).bannedUntilMs, T0 + 1_200_001)
  })
  check('failures during a ban do not prolong it', async (counters) => {
    for (let i = 0; i < 3; i++) await counters.fail('k', RULE, T0)
    assert.equal((await counters.fail('k', RULE, T0 + 500)).bannedUntilMs, T0 + 900_000)
    assert.equal((await counters.fail('k', RULE, T0 + 900_000)).failures, 1)
  })
  check('bans without failures, and never for less than before', async (counters) => {
    await counters.ban('k', T0 + 5000, T0)
    await counters.ban('k', T0 + 1000, T0)
    assert.equal(await counters.isBanned('k', T0 + 4999), T0 + 5000)
    assert.equal(await counters.isBanned('k', T0 + 5000), undefined)
    await counters.ban('k', T0 + 7000, T0 + 6000)
    assert.equal(await counters.isBanned('k', T0 + 6500), T0 + 7000)
  })
  check('a reset lifts the ban', async (counters) => {
    for (let i = 0; i < 3; i++) await counters.fail('k', RULE, T0)
    await counters.reset('k')
    assert.equal(await counters.isBanned('k', T0), undefined)
  })
}
