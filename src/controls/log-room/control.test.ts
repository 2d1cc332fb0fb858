import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Refusal } from '../../pipeline/runner.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { logRoom } from './control.ts'

async function refusalOf(
  isFull: boolean,
  whenLogFull?: 'open' | 'closed',
): Promise<Refusal | undefined> {
  const bench = new Bench()
  const policy = whenLogFull === undefined ? {} : { whenLogFull }
  const guard = bench.guard(logRoom, undefined, policy, { ...bench.kit, log: { isFull } })
  return guard.request(exchangeOf())
}

suite('log-room', () => {
  const served: [name: string, isFull: boolean, when: 'open' | 'closed' | undefined][] = [
    ['serves while there is room', false, 'closed'],
    ['serves without room where nothing else is said', true, undefined],
    ['serves without room where that is said', true, 'open'],
  ]
  for (const [name, isFull, when] of served)
    test(name, async () => assert.equal(await refusalOf(isFull, when), undefined))

  test('refuses without room where that is said, and says when to come again', async () => {
    const refusal = await refusalOf(true, 'closed')
    assertRefused(refusal, 'log_full', 503)
    assert.equal(valueOf(refusal?.denial.headers ?? [], 'Retry-After'), '5')
    assertEveryReason(logRoom, [refusal?.denial.reason])
  })

  test('looks anew at each request', async () => {
    const bench = new Bench()
    const log = { isFull: true }
    const guard = bench.guard(logRoom, undefined, { whenLogFull: 'closed' }, { ...bench.kit, log })
    assertRefused(await guard.request(exchangeOf()), 'log_full', 503)
    log.isFull = false
    assert.equal(await guard.request(exchangeOf()), undefined)
  })
})
