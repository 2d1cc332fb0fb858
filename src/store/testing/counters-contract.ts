import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BanRule, BucketRate, Counters } from '../counters.ts'

const RATE: BucketRate = { count: 10, windowMs: 1000, burst: 3 }
const RULE: BanRule = { count: 3, windowMs: 300_000, banMs: 900_000 }
const T0 = Date.UTC(2026, 0, 1)

/** What every adapter of `Counters` must do. `open` gives new, empty counters each time. */
export function countersContract(adapter: string, open: () => Counters): void {
  const check = (name: string, body: (counters: Counters) => Promise<void>): void => {
    test(`${adapter}: ${name}`, () => body(open()))
  }
  bucketContract(check)
  banContract(check)
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
  check('a look takes nothing', async (counters) => {
    for (let i = 0; i < 9; i++) await counters.peek('k', RATE, 1, T0)
    assert.equal((await counters.peek('k', RATE, 1, T0)).remaining, 3)
  })
  check('a cost above the burst waits for a full bucket', async (counters) => {
    assert.equal((await counters.take('k', RATE, 9, T0)).allowed, true)
    assert.equal((await counters.take('k', RATE, 9, T0 + 299)).allowed, false)
    assert.equal((await counters.take('k', RATE, 9, T0 + 300)).allowed, true)
  })
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
  check('a reset lifts the ban', async (counters) => {
    for (let i = 0; i < 3; i++) await counters.fail('k', RULE, T0)
    await counters.reset('k')
    assert.equal(await counters.isBanned('k', T0), undefined)
  })
}
