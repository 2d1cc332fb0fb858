import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { Sweeper } from './sweeper.ts'
import type { Swept } from './sweeper.ts'

class Counted implements Swept {
  sweepIndex = -1
  swept = 0
  onSweep: () => void = () => undefined

  sweep(): void {
    this.swept += 1
    this.onSweep()
  }
}

test('holds what was added and not removed, in any order', () => {
  const step = fc.tuple(fc.boolean(), fc.nat({ max: 7 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sweeper = new Sweeper(60_000)
      const all = Array.from({ length: 8 }, () => new Counted())
      const held = new Set<Counted>()
      for (const [isAdded, index] of steps) {
        const one = all[index] as Counted
        if (isAdded) sweeper.add(one)
        else sweeper.remove(one)
        if (isAdded) held.add(one)
        else held.delete(one)
        assert.equal(sweeper.size, held.size)
      }
      const places = [...held].map(({ sweepIndex }) => sweepIndex).toSorted((a, b) => a - b)
      assert.deepEqual(places, [...places.keys()])
      sweeper.stop()
    }),
  )
})

test('looks at everyone although some leave meanwhile', async () => {
  const sweeper = new Sweeper(5)
  const all = Array.from({ length: 20 }, () => new Counted())
  for (const [index, one] of all.entries()) {
    if (index % 3 === 0) one.onSweep = () => sweeper.remove(one)
    sweeper.add(one)
  }
  await sleep(60)
  sweeper.stop()
  assert.deepEqual(
    all.map(({ swept }, index) => (index % 3 === 0 ? swept === 1 : swept > 1)),
    all.map(() => true),
  )
})
