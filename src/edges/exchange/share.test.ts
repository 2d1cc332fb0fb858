import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Taken } from './share.ts'
import { Share } from './share.ts'

const listener = (): Taken => ({
  limits: { inFlight: 2, heldBytes: 100 },
  inFlight: 0,
  heldBytes: 0,
})

test('places in flight end when the answer begins', () => {
  const taken = listener()
  const [a, b, c] = [new Share(taken), new Share(taken), new Share(taken)]
  assert.deepEqual([a.enter(), b.enter(), c.enter()], [true, true, false])
  a.leave()
  a.end()
  assert.equal(taken.inFlight, 1, 'given back once')
  assert.equal(c.enter(), true)
})

test('an exchange that was not let in gives nothing back', () => {
  const taken = listener()
  for (const share of [new Share(taken), new Share(taken)]) share.enter()
  const refused = new Share(taken)
  refused.enter()
  refused.end()
  assert.equal(taken.inFlight, 2)
})

test('bytes are counted over all exchanges, and given back with the exchange', () => {
  const taken = listener()
  const [a, b] = [new Share(taken), new Share(taken)]
  assert.deepEqual([a.hold(60), b.hold(40), b.hold(1)], [true, true, false])
  b.end()
  assert.equal(taken.heldBytes, 60)
  assert.equal(a.hold(40), true)
  a.end()
  a.end()
  assert.equal(taken.heldBytes, 0)
})
