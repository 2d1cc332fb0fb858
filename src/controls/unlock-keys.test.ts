import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Exchange } from '../pipeline/exchange.ts'
import { ANONYMOUS } from '../identity/principal.ts'
import { authenticate } from './authenticate/control.ts'
import { failures } from './failures/control.ts'
import { penalties } from './penalties/control.ts'
import { penaltyBox } from './penalty-box/control.ts'
import { principalLimit } from './principal-limit/control.ts'
import { Bench, refusalOf } from './testing/bench.ts'
import { assertRefused } from './testing/check.ts'
import { exchangeOf } from './testing/exchange.ts'
import type { UnlockSubject } from '../identity/unlock-subject.ts'
import { unlockKeys } from './unlock-keys.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}
const rate = { count: 2, windowMs: 60_000, burst: 2 }
const LIMITS = {
  failures: { count: 3, windowMs: 60_000, banMs: 900_000 },
  errors: rate,
  principal: rate,
  penalties: { score: rate, stepsMs: [60_000], forgiveMs: 60_000, exempt: [] },
}
const ANN = { ...ANONYMOUS, id: 'key:ann', kind: 'apiKey' } as const

function open(): Bench {
  return new Bench({ document: SHOP, policy: { limits: LIMITS } })
}

function unlock(bench: Bench, subject: UnlockSubject): void {
  for (const key of unlockKeys(subject, bench.sites)) bench.counters.reset(key)
}

suite('unlock', () => {
  test('an address that failed too often may try again at once', async () => {
    const bench = open()
    const guard = bench.guard(failures)
    const wrong = refusalOf(authenticate, 'key_unknown')
    const call = (): Exchange => exchangeOf({ site: bench.site('list'), peer: '2001:db8::1' })
    for (let n = 0; n < 3; n++) await guard.refusal(call(), wrong)
    assertRefused(await guard.refusal(call(), wrong), 'too_many_failures')
    unlock(bench, { address: '2001:db8::2' })
    assertRefused(await guard.refusal(call(), wrong), undefined)
  })

  test('a caller who was put aside, or had their share, goes on', async () => {
    const bench = open()
    const [counted, box] = [bench.guard(penalties), bench.guard(penaltyBox, 'list')]
    const limit = bench.guard(principalLimit, 'list')
    const call = (): Exchange => exchangeOf({ site: bench.site('list'), principal: ANN })
    for (let n = 0; n < 3; n++) await counted.response(call(), 404)
    for (let n = 0; n < 2; n++) await limit.request(call())
    assertRefused(await box.request(call()), 'penalty_box')
    assertRefused(await limit.request(call()), 'principal_limit')
    unlock(bench, { principal: 'key:ann' })
    assertRefused(await box.request(call()), undefined)
    assertRefused(await limit.request(call()), undefined)
  })

  test('nobody named, nothing forgotten', () => assert.deepEqual(unlockKeys({}, open().sites), []))
})
