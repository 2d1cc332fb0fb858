import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Allowance } from './allowance.ts'

test('so much at once, and so much per second after that', () => {
  const allowance = new Allowance({ burst: 3, perSecond: 2 })
  assert.deepEqual(
    [1, 1, 1, 1].map((n) => allowance.spend(n)),
    [true, true, true, false],
  )
  allowance.refill(500)
  assert.equal(allowance.spend(0), true)
  assert.equal(allowance.spend(1), false)
})

test('what is given back before it was spent is not saved', () => {
  const allowance = new Allowance({ burst: 1, perSecond: 1 })
  allowance.spend(-100)
  assert.deepEqual([allowance.spend(1), allowance.spend(1)], [true, false])
})

test('it never lets more pass than the burst and the time allow', () => {
  const step = fc.oneof(
    fc.record({ spend: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ waitMs: fc.integer({ min: 0, max: 2_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const allowance = new Allowance({ burst: 100, perSecond: 10 })
      let passed = 0
      let waitedMs = 0
      for (const one of steps) {
        if ('waitMs' in one) {
          allowance.refill(one.waitMs)
          waitedMs += one.waitMs
        } else if (allowance.spend(one.spend)) passed += one.spend
      }
      assert.ok(passed <= 100 + waitedMs / 100 + 1e-6)
    }),
  )
})
