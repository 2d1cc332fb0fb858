import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { PolicyParts } from '../testing/policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, statusOf, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { ipLimit } from './control.ts'

const POLICY: PolicyParts = { limits: { ip: { count: 2, windowMs: 1000, burst: 3 } } }

/** How many of four requests from these peers are answered 429. */
const ROWS: readonly [name: string, peers: readonly string[], refused: number][] = [
  ['refuses the fourth of a burst of three', ['1.1.1.1', '1.1.1.1', '1.1.1.1', '1.1.1.1'], 1],
  ['counts each address for itself', ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'], 0],
  [
    'counts a /64 of IPv6 as one',
    ['2001:db8::1', '2001:db8::2', '2001:db8::ffff:1', '2001:db8:0:0:8::'],
    1,
  ],
  [
    'counts neighbors of other /64 apart',
    ['2001:db8::1', '2001:db8:0:1::1', '2001:db8:0:2::1', '2001:db8:0:3::1'],
    0,
  ],
  [
    'counts IPv4 in IPv6 spelling as IPv4',
    ['1.1.1.1', '::ffff:1.1.1.1', '::ffff:101:101', '1.1.1.1'],
    1,
  ],
]

suite('ip-limit', () => {
  for (const [name, peers, refused] of ROWS) {
    test(name, async () => {
      const guard = new Bench({ policy: POLICY }).guard(ipLimit)
      const statuses: (number | undefined)[] = []
      for (const peer of peers) statuses.push(statusOf(await guard.request(exchangeOf({ peer }))))
      assert.equal(statuses.filter((status) => status === 429).length, refused)
    })
  }

  test('says when to come back, and lets the caller pass then', async () => {
    const bench = new Bench({
      policy: { limits: { ...POLICY.limits, headerAliases: ['X-Rate-'] } },
    })
    const guard = bench.guard(ipLimit)
    for (let index = 0; index < 3; index += 1) await guard.request(exchangeOf())
    const refusal = await guard.request(exchangeOf())
    assertRefused(refusal, 'ip_limit', 429)
    assert.deepEqual(refusal?.denial.violatedPolicies, ['ip'])
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '1')
    assert.equal(valueOf(refusal?.denial.headers, 'RateLimit-Policy'), '"ip";q=2;w=1')
    assert.equal(valueOf(refusal?.denial.headers, 'RateLimit'), '"ip";r=0;t=1')
    assert.equal(valueOf(refusal?.denial.headers, 'X-Rate-Remaining'), '0')
    bench.clock.advance(500)
    assert.equal(await guard.request(exchangeOf()), undefined)
    assertRefused(await guard.request(exchangeOf()), 'ip_limit')
  })

  test('says nothing while the caller is within the limit', async () => {
    const exchange = exchangeOf()
    const guard = new Bench({ policy: POLICY }).guard(ipLimit)
    await guard.request(exchange)
    assert.deepEqual(guard.answer(exchange), [])
  })

  test('is not there without a rate', () =>
    assert.equal(new Bench().guard(ipLimit).guard, undefined))

  test('waits for counters that are elsewhere', async () => {
    const bench = new Bench({ policy: POLICY })
    const kit = { ...bench.kit, counters: bench.later() }
    const guard = bench.guard(ipLimit, undefined, undefined, kit)
    for (let index = 0; index < 3; index += 1)
      assert.equal(await guard.request(exchangeOf()), undefined)
    assertRefused(await guard.request(exchangeOf()), 'ip_limit', 429)
  })

  test('the rows reach every reason', () => assertEveryReason(ipLimit, ['ip_limit']))
})
