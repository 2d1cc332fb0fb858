import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newSlotCounts, SlotCounts, SlotCountsKeeper } from './slot-counts.ts'

suite('what runs, of all threads', () => {
  test('who shares a row with what is busy has places all the same', () => {
    const counts = new SlotCounts(newSlotCounts(), 0)
    const everybody = { a: 7, b: 9 }
    for (let n = 0; n < 50; n += 1) assert.equal(counts.enter(everybody, 100), true)
    for (const caller of [
      { a: 7, b: 10 },
      { a: 8, b: 9 },
    ]) {
      assert.equal(counts.enter(caller, 1), true)
      assert.equal(counts.enter(caller, 1), false)
      counts.leave(caller)
    }
  })

  test('what a thread ran that is no more has ended', () => {
    const memory = newSlotCounts()
    const [gone, other] = [new SlotCounts(memory, 0), new SlotCounts(memory, 1)]
    const key = { a: 1, b: 2 }
    assert.equal(gone.enter(key, 1), true)
    assert.equal(other.enter(key, 1), false)
    new SlotCountsKeeper(memory).threadGone(0)
    assert.equal(other.enter(key, 1), true)
  })
})
