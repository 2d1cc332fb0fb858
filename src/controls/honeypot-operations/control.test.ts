import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import type { DetectPolicy } from '../../pipeline/detect-policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { honeypotOperations } from './control.ts'

const responses = { 200: { description: 'ok' } }
const documentOf = (mark: unknown): unknown => ({
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/trap': { get: { operationId: 'trap', 'x-sallyport-honeypot': mark, responses } },
    '/real': { get: { operationId: 'real', responses } },
  },
})
const detect: DetectPolicy = { ...NOTHING_WATCHED, honeypots: { most: 'challenge', paths: [] } }

suite('honeypot operations', () => {
  for (const [name, policy, isScored] of [
    ['is remembered', { detect }, true],
    ['is only answered where nothing is watched', {}, false],
    ['is only answered where honeypots are off', { detect: NOTHING_WATCHED }, false],
  ] as const)
    test(`who calls one ${name}`, async () => {
      const bench = new Bench({ document: documentOf(true), policy })
      const exchange = exchangeOf({ site: bench.site('trap') })
      const guard = bench.guard(honeypotOperations, 'trap')
      assertRefused(await guard.request(exchange), 'honeypot_operation', 404)
      const until = bench.counters.isBanned('risk-challenge:203.0.113.7', bench.clock.nowMs())
      assert.equal(until !== undefined, isScored)
    })

  test('other operations are none, nor is one that says false', () => {
    const bench = new Bench({ document: documentOf(false), policy: { detect } })
    for (const id of ['trap', 'real'])
      assert.equal(bench.guard(honeypotOperations, id).guard, undefined)
  })

  test('a mark that says neither stops the start', () => {
    const bench = new Bench({ document: documentOf('yes') })
    assert.throws(() => bench.guard(honeypotOperations, 'trap'), /must be true or false/)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(honeypotOperations, ['honeypot_operation']))
})
