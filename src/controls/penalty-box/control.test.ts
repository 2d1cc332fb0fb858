import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { penaltyKeys } from '../penalty-record.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { penaltyBox } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}
const RULE = {
  score: { count: 5, windowMs: 60_000, burst: 5 },
  stepsMs: [60_000],
  forgiveMs: 60_000,
  exempt: [],
}

suite('penalty-box', () => {
  test('who was put aside hears for how long, and nobody else is refused', async () => {
    const bench = new Bench({ document: SHOP, policy: { limits: { penalties: RULE } } })
    const guard = bench.guard(penaltyBox, 'list')
    const nowMs = bench.clock.nowMs()
    const [, , box] = penaltyKeys('203.0.113.7')
    bench.counters.ban(box, nowMs + 90_000, nowMs)
    const refusal = await guard.request(exchangeOf())
    assertRefused(refusal, 'penalty_box', 429)
    assertEveryReason(penaltyBox, [refusal?.denial.reason])
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '90')
    assertRefused(await guard.request(exchangeOf({ peer: '203.0.113.8' })), undefined)
    const hidden = Object.assign(exchangeOf(), { hidesClients: true })
    assertRefused(await guard.request(hidden), undefined)
  })

  test('is not there unless it is written', () =>
    assert.equal(new Bench({ document: SHOP }).guard(penaltyBox, 'list').guard, undefined))
})
