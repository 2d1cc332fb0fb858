import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FailureCause } from '../../gateway/core.ts'
import { eventually } from '../testing/edge-kit.ts'
import { HealthWatch } from './health.ts'
import { Origin } from './origin.ts'

const causes: [name: string, cause: FailureCause, isIll: boolean][] = [
  ['an origin that refuses connections is ill', 'upstream_refused', true],
  ['an origin whose connections are all in use is not ill', 'overloaded', false],
]
for (const [name, cause, isIll] of causes) {
  test(name, async (t) => {
    let asked = 0
    const pool = {
      call: ({
        events,
      }: {
        events: { upstreamError(cause: FailureCause, detail: string): void }
      }) => ({
        start: () => {
          asked++
          queueMicrotask(() => events.upstreamError(cause, ''))
        },
        abort: () => {},
        pause: () => {},
        resume: () => {},
      }),
      close: () => Promise.resolve(),
      destroy: () => Promise.resolve(),
    }
    const target = { origin: 'http://127.0.0.1:9', connectMs: 100, ca: undefined }
    const origin = new Origin(pool, {
      target,
      weight: 1,
      breaker: undefined,
      onBreaker: () => {},
    })
    const check = { path: '/', everyMs: 5, timeoutMs: 100 }
    const watch = new HealthWatch(origin, check, () => {})
    t.after(() => watch.stop())
    const turns = setInterval(() => {}, 5)
    t.after(() => clearInterval(turns))
    await eventually(() => asked > 5)
    assert.equal(origin.isUp, !isIll)
  })
}
