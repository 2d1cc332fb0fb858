import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LoadMeter } from './load-meter.ts'

/** Holds the event loop. */
function hold(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('a free event loop is not late, a held one is, and it recovers', async (t) => {
  const meter = new LoadMeter()
  t.after(() => meter.close())
  assert.equal(meter.lateForMs(200), 0)
  const end = performance.now() + 2_500
  while (performance.now() < end) {
    hold(300)
    await sleep(1)
  }
  const first = meter.lateForMs(200)
  assert.ok(first > 0, 'late')
  hold(300)
  assert.ok(meter.lateForMs(200) > first, 'for longer and longer')
  assert.equal(meter.lateForMs(60_000), 0, 'but not as late as that')
  await sleep(2_600)
  assert.equal(meter.lateForMs(200), 0, 'and it is over')
})
