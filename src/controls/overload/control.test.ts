import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Priority } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { overload } from './control.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } },
  },
}
const LIMITS = { overload: { delayMs: 200, afterMs: 5_000 } }

/** How many of ten requests pass while the loop has been late for so long. */
async function served(priority: Priority, lateMs: number): Promise<number> {
  const bench = new Bench({ document: DOCUMENT })
  const load = { lateForMs: (delayMs: number) => (delayMs === 200 ? lateMs : 0) }
  const kit = { ...bench.kit, load }
  const guard = bench.guard(overload, 'list', { limits: { ...LIMITS, priority } }, kit)
  let count = 0
  for (let i = 0; i < 10; i++) {
    if ((await guard.request(exchangeOf())) === undefined) count++
  }
  return count
}

const ROWS: readonly [name: string, priority: Priority, lateMs: number, served: number][] = [
  ['everything is served by a loop that is in time', 'low', 0, 10],
  ['a short delay refuses nothing', 'low', 4_999, 10],
  ['a lasting delay refuses what matters least', 'low', 5_000, 0],
  ['and nothing else yet', 'normal', 9_999, 10],
  ['a longer one refuses every second ordinary request', 'normal', 10_000, 5],
  ['what matters most is always served', 'high', 600_000, 10],
]

suite('overload', () => {
  for (const [name, priority, lateMs, expected] of ROWS) {
    test(name, async () => assert.equal(await served(priority, lateMs), expected))
  }

  test('the refusal says when to come again', async () => {
    const bench = new Bench({ document: DOCUMENT })
    const kit = { ...bench.kit, load: { lateForMs: () => 60_000 } }
    const guard = bench.guard(overload, 'list', { limits: { ...LIMITS, priority: 'low' } }, kit)
    const refusal = await guard.request(exchangeOf())
    assertRefused(refusal, 'shed', 503)
    assert.equal(valueOf(refusal?.denial.headers ?? [], 'Retry-After'), '1')
    assertEveryReason(overload, [refusal?.denial.reason])
  })

  test('it has nothing to do where it is switched off', async () => {
    const bench = new Bench({ document: DOCUMENT })
    const guard = bench.guard(overload, 'list', { limits: { priority: 'low' } })
    assert.equal(await guard.request(exchangeOf()), undefined)
  })
})
