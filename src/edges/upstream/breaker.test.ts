import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Breaker } from './breaker.ts'
import type { BreakerState } from './breaker.ts'

const LIMITS = { failureRatio: 0.5, minimum: 20, windowMs: 10_000, openMs: 15_000, probes: 3 }

interface Trial {
  readonly breaker: Breaker
  readonly states: BreakerState[]
  run(outcomes: string, nowMs: number): void
}

/** `run`: a request per letter, `.` ok, `x` failed, `-` neutral, where the breaker lets it through. */
function trial(): Trial {
  const states: BreakerState[] = []
  const breaker = new Breaker(LIMITS, (state) => states.push(state))
  const outcomes = { '.': 'ok', x: 'failed', '-': 'neutral' } as const
  const run = (text: string, nowMs: number): void => {
    for (const letter of text) {
      if (!breaker.admits(nowMs)) return
      breaker.enter(nowMs)
      breaker.leave(outcomes[letter as keyof typeof outcomes], nowMs)
    }
  }
  return { breaker, states, run }
}

const opens: [
  name: string,
  steps: readonly [outcomes: string, nowMs: number][],
  isOpen: boolean,
][] = [
  ['nineteen failures are too few to tell', [['x'.repeat(19), 0]], false],
  ['twenty failures open', [['x'.repeat(20), 0]], true],
  ['half of twenty opens', [['.x'.repeat(10), 0]], true],
  ['nine of twenty does not', [[`${'.x'.repeat(9)}..`, 0]], false],
  [
    'what is older than the window does not count',
    [
      ['x'.repeat(10), 0],
      ['x'.repeat(10), 10_500],
    ],
    false,
  ],
  [
    'what is within the window counts',
    [
      ['x'.repeat(10), 0],
      ['x'.repeat(10), 8_500],
    ],
    true,
  ],
  ['clients that leave say nothing', [['-'.repeat(100), 0]], false],
  [
    'a long silence forgets everything',
    [
      ['x'.repeat(19), 0],
      ['x', 1_000_000],
    ],
    false,
  ],
]
for (const [name, steps, isOpen] of opens) {
  test(name, () => {
    const { breaker, run } = trial()
    for (const [outcomes, nowMs] of steps) run(outcomes, nowMs)
    const [, lastMs = 0] = steps.at(-1) ?? []
    assert.equal(breaker.admits(lastMs), !isOpen)
    assert.equal(breaker.state, isOpen ? 'open' : 'closed')
  })
}

test('an open breaker waits, lets three through, and closes when all succeed', () => {
  const { breaker, states, run } = trial()
  run('x'.repeat(20), 0)
  assert.equal(breaker.admits(14_999), false)
  assert.equal(breaker.admits(15_000), true)
  for (let i = 0; i < 3; i++) {
    assert.equal(breaker.admits(15_000), true)
    breaker.enter(15_000)
  }
  assert.equal(breaker.admits(15_000), false, 'a fourth has to wait for the three')
  for (let i = 0; i < 3; i++) breaker.leave('ok', 15_100)
  assert.deepEqual(states, ['open', 'half-open', 'closed'])
  run('x'.repeat(19), 15_200)
  assert.equal(breaker.state, 'closed', 'it begins anew')
})

test('one failure of a trial opens it again', () => {
  const { breaker, states, run } = trial()
  run('x'.repeat(20), 0)
  run('.x', 15_000)
  assert.deepEqual(states, ['open', 'half-open', 'open'])
  assert.equal(breaker.admits(29_999), false)
  assert.equal(breaker.admits(30_000), true)
})

test('a trial whose client leaves gives its place back', () => {
  const { breaker, run } = trial()
  run('x'.repeat(20), 0)
  run('-----...', 15_000)
  assert.equal(breaker.state, 'closed')
})

test('trials that clients drag out do not keep it from being tried again', () => {
  const { breaker, run } = trial()
  run('x'.repeat(20), 0)
  for (let i = 0; i < 3; i++) breaker.enter(15_000)
  assert.equal(breaker.admits(29_999), false)
  run('...', 30_000)
  assert.equal(breaker.state, 'closed')
})

test('what ends late, after the breaker opened, changes nothing', () => {
  const { breaker, run } = trial()
  breaker.enter(0)
  run('x'.repeat(20), 0)
  breaker.leave('ok', 10)
  breaker.leave('failed', 10)
  assert.equal(breaker.state, 'open')
})

test('it never lets more than its probes through in a round of trials, whatever happens', () => {
  const step = fc.record({
    outcome: fc.constantFrom('ok' as const, 'failed' as const, 'neutral' as const, undefined),
    afterMs: fc.integer({ min: 0, max: 8_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { breaker, run } = trial()
      run('x'.repeat(20), 0)
      let nowMs = 0
      let open = 0
      let roundAtMs = 0
      for (const { outcome, afterMs } of steps) {
        nowMs += afterMs
        if (outcome === undefined) {
          if (!breaker.admits(nowMs)) continue
          if (nowMs - roundAtMs >= LIMITS.openMs) {
            roundAtMs = nowMs
            open = 0
          }
          breaker.enter(nowMs)
          open++
        } else if (open > 0) {
          open--
          breaker.leave(outcome, nowMs)
        }
        if (breaker.state === 'half-open') assert.ok(open <= LIMITS.probes + 2)
        if (breaker.state !== 'half-open') open = 0
      }
    }),
  )
})
