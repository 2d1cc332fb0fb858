import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Holds, leavesAtMs, MAX_MS, STEP_MS } from './hold.ts'

const rows: [elapsedMs: number, leavesMs: number][] = [
  [0, 250],
  [0.1, 250],
  [249.9, 250],
  [250, 250],
  [250.1, 500],
  [1999, 2000],
  [2000, 2000],
  [5432.1, 5432.1],
]

suite('held answers', () => {
  for (const [elapsedMs, leavesMs] of rows)
    test(`ready after ${elapsedMs} ms, leaves after ${leavesMs} ms`, () =>
      assert.equal(leavesAtMs(elapsedMs), leavesMs))

  test('always leave at a step, never before they are ready, never a step late', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: MAX_MS, noNaN: true }), (elapsedMs) => {
        const leaves = leavesAtMs(elapsedMs)
        assert.equal(leaves % STEP_MS, 0)
        assert.ok(leaves >= elapsedMs && leaves - elapsedMs <= STEP_MS)
      }),
    )
  })

  test('wait on when a timer wakes early', async () => {
    let now = 1003
    const waited: number[] = []
    const clock = {
      now: () => now,
      wait: async (ms: number) => {
        waited.push(ms)
        now += ms - 0.5
      },
    }
    await new Holds(clock).untilStep(1000)
    assert.ok(now >= 1250)
    assert.deepEqual(waited, [247, 1])
  })

  test('are let go at once when too many wait', async () => {
    const clock = { now: () => 0, wait: () => new Promise<void>(() => undefined) }
    const holds = new Holds(clock)
    for (let n = 0; n < 10_000; n += 1) void holds.untilStep(0)
    await holds.untilStep(0)
  })
})
