import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { BusyPoll } from './busy-poll.ts'

const WORK_MS = 0.02

interface Looks {
  /** Waits before which it looked. */
  readonly looks: number
  readonly found: number
  /** Looked for nothing, milliseconds in all. */
  readonly lostMs: number
}

/** Runs waits whose events come after `comesAfterMs`, each with `workMs` of work behind it. */
function run(
  busyPoll: BusyPoll,
  waits: number,
  comesAfterMs: (wait: number) => number,
  workMs: (wait: number) => number = () => WORK_MS,
): Looks {
  let nowMs = 1_000
  const seen = { looks: 0, found: 0, lostMs: 0 }
  for (let wait = 0; wait < waits; wait++) {
    const lookMs = busyPoll.untilMs(nowMs) - nowMs
    const afterMs = comesAfterMs(wait)
    if (lookMs > 0) {
      const hasFound = afterMs <= lookMs
      busyPoll.looked(hasFound)
      seen.looks++
      if (hasFound) seen.found++
      else seen.lostMs += lookMs
    }
    nowMs += afterMs
    busyPoll.worksFrom(nowMs)
    nowMs += workMs(wait)
  }
  return seen
}

test('looks before every wait while what it waits for comes at once', () => {
  const { looks, found } = run(new BusyPoll(), 1_000, () => WORK_MS / 2)
  assert.ok(looks > 950, `${looks} looks`)
  assert.ok(found >= looks - 10, `${found} of ${looks} found`)
})

test('does not look before it knows what its work takes', () => {
  assert.equal(new BusyPoll().untilMs(5), 5)
})

test('hardly ever looks where events come late, however many there were that came at once', () => {
  const busyPoll = new BusyPoll()
  run(busyPoll, 500, () => WORK_MS / 2)
  const { looks } = run(busyPoll, 100_000, () => 1)
  assert.ok(looks < 120, `${looks} looks`)
})

test('begins again within some thousand waits once events come at once', () => {
  const busyPoll = new BusyPoll()
  run(busyPoll, 100_000, () => 1)
  run(busyPoll, 1_025, () => WORK_MS / 2)
  const { looks } = run(busyPoll, 1_000, () => WORK_MS / 2)
  assert.ok(looks > 950, `${looks} looks`)
})

test('gives up where more than one look in four finds nothing', () => {
  const busyPoll = new BusyPoll()
  run(busyPoll, 500, () => WORK_MS / 2)
  const { looks } = run(busyPoll, 100_000, (wait) => (wait % 3 === 0 ? 1 : WORK_MS / 2))
  assert.ok(looks < 20_000, `${looks} looks`)
})

test('goes on where one look in eight finds nothing', () => {
  const { looks } = run(new BusyPoll(), 10_000, (wait) => (wait % 8 === 0 ? 1 : WORK_MS / 2))
  assert.ok(looks > 9_000, `${looks} looks`)
})

test('never looks longer than a tenth of a millisecond, or twice the longest work', () => {
  const ms = fc.double({ min: 0, max: 5, noNaN: true })
  const steps = fc.array(fc.record({ workMs: ms, afterMs: ms }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (waits) => {
      const busyPoll = new BusyPoll()
      let nowMs = 0
      let longestMs = 0
      for (const { workMs, afterMs } of waits) {
        const lookMs = busyPoll.untilMs(nowMs) - nowMs
        assert.ok(lookMs >= 0 && lookMs <= Math.min(0.1, 2 * longestMs) + 1e-9)
        if (lookMs > 0) busyPoll.looked(afterMs <= lookMs)
        nowMs += afterMs
        busyPoll.worksFrom(nowMs)
        nowMs += workMs
        longestMs = Math.max(longestMs, workMs)
      }
    }),
  )
})

test('loses less than what the work takes, whatever comes when', () => {
  const step = fc.record({
    workMs: fc.double({ min: 0.01, max: 0.03, noNaN: true }),
    afterMs: fc.oneof(fc.constant(0.001), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), (waits) => {
      const { lostMs } = run(
        new BusyPoll(),
        waits.length,
        (wait) => waits[wait]?.afterMs ?? 0,
        (wait) => waits[wait]?.workMs ?? 0,
      )
      const workMs = waits.reduce((sum, wait) => sum + wait.workMs, 0)
      assert.ok(lostMs < workMs, `${lostMs} ms lost beside ${workMs} ms of work`)
    }),
  )
})
