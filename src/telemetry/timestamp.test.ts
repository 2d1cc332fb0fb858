import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMilliseconds, microseconds, nanoseconds } from './timestamp.ts'

test('durations are written with three digits behind the point', () => {
  const write = createMilliseconds('ms ')
  for (const micros of [0, 1, 9, 999, 1000, 1001, 1999, 12_345, 999_999, 1_000_000, 60_000_007])
    assert.equal(write(micros), `ms ${(micros / 1000).toFixed(3)}`)
})

test('durations are written in nanoseconds too', () => {
  for (const micros of [
    0,
    1,
    9,
    999,
    1000,
    1001,
    1999,
    12_345,
    999_999,
    1_000_000,
    60_000_007,
    1e15 - 1,
  ])
    assert.equal(nanoseconds(micros), micros === 0 ? '0' : `${micros}000`)
})

test('what is no duration is none', () => {
  for (const ms of [0, -1, Number.NaN, Infinity]) assert.equal(microseconds(ms), 0)
  assert.equal(microseconds(1.2345), 1235)
})
