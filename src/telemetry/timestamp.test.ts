import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { microseconds, milliseconds, nanoseconds } from './timestamp.ts'

test('durations are written digit by digit as their numbers are', () => {
  for (const micros of [0, 1, 9, 999, 1000, 1001, 1999, 12_345, 1_000_000, 60_000_007]) {
    assert.equal(nanoseconds(micros), String(micros * 1000))
    assert.equal(milliseconds(micros), (micros / 1000).toFixed(3))
  }
  fc.assert(
    fc.property(fc.nat(1e9), (micros) => {
      assert.equal(nanoseconds(micros), String(micros * 1000))
    }),
  )
})

test('what is no duration is none', () => {
  for (const ms of [0, -1, Number.NaN, Infinity]) assert.equal(microseconds(ms), 0)
  assert.equal(microseconds(1.2345), 1235)
})
