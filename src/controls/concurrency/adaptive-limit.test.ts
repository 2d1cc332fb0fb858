import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { AdaptiveLimit } from './adaptive-limit.ts'

function feed(limit: AdaptiveLimit, answers: number, ms: (atOnce: number) => number): void {
  for (let count = 0; count < answers; count++) limit.answered(ms(limit.limit), limit.limit)
}

suite('adaptive limit', () => {
  test('settles near what an API serves without a queue', () => {
    const limit = new AdaptiveLimit()
    // 100 at once take 20 ms; more than that wait for each other.
    feed(limit, 40_000, (atOnce) => 20 * Math.max(1, atOnce / 100))
    assert.ok(limit.limit > 100 && limit.limit < 400, `${limit.limit}`)
  })

  test('does not grow while nobody reaches it', () => {
    const limit = new AdaptiveLimit()
    const before = limit.limit
    for (let count = 0; count < 5000; count++) limit.answered(10, 3)
    assert.equal(limit.limit, before)
  })

  test('failures shrink it at once, and never below its least', () => {
    const limit = new AdaptiveLimit()
    const before = limit.limit
    limit.failed()
    assert.ok(limit.limit < before)
    for (let count = 0; count < 1000; count++) limit.failed()
    assert.equal(limit.limit, 10)
  })

  test('stays within its bounds whatever the API does', () => {
    const steps = fc.array(fc.record({ ms: fc.nat(100_000), atOnce: fc.nat(5000) }), {
      maxLength: 400,
    })
    fc.assert(
      fc.property(steps, (script) => {
        const limit = new AdaptiveLimit()
        for (const { ms, atOnce } of script) {
          limit.answered(ms, atOnce)
          if (ms % 17 === 0) limit.failed()
          assert.ok(limit.limit >= 10 && limit.limit <= 2000, `${limit.limit}`)
        }
      }),
    )
  })
})
