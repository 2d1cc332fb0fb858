import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { PolicyRate } from '../../base/units.ts'
import { parseOperationLimit, parsePlanRate, parsePolicyRate } from '../../base/units.ts'
import type { VerifiedKey } from '../../identity/keys/verified-key.ts'
import { ANONYMOUS, PrincipalNotes } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { operationLimit } from '../operation-limit/control.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf, valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { principalLimit } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}
const HOUR_MS = 3_600_000

function keyOf(id: string): Principal {
  return { ...ANONYMOUS, kind: 'apiKey', id: `key:${id}`, subject: 'ann' }
}

function tokenOf(sub: string, claims: Readonly<Record<string, unknown>>): Principal {
  return { ...ANONYMOUS, kind: 'jwt', id: `iss|${sub}`, issuer: 'iss', subject: sub, claims }
}

/** A call by a key of a plan. */
function callBy(principal: Principal, plan?: string, bench?: Bench): Exchange {
  const exchange = exchangeOf({
    principal,
    ...(bench === undefined ? {} : { site: bench.site('list') }),
  })
  if (principal.kind === 'apiKey') {
    const restrictions = { cidrs: undefined, origins: undefined }
    const key: VerifiedKey = { principal, kind: 'sk', restrictions, plan }
    exchange.keys = [key]
  }
  return exchange
}

function guardOf(limits: Partial<Policy['limits']>): { bench: Bench; guard: TestGuard } {
  const bench = new Bench({ document: SHOP, policy: { limits } })
  return { bench, guard: bench.guard(principalLimit, 'list') }
}

function plans(table: Readonly<Record<string, readonly string[]>>): Policy['limits']['plans'] {
  return new Map(
    Object.entries(table).map(([plan, rates]) => [
      plan,
      rates.map((text) => parsePlanRate(text, '')),
    ]),
  )
}

/** How many of so many calls pass. */
async function passes(guard: TestGuard, calls: number, of: () => Exchange): Promise<number> {
  let count = 0
  for (let call = 0; call < calls; call++) if ((await guard.request(of())) === undefined) count++
  return count
}

const reached = new Set<string>()
const note = (reason: string | undefined): void => void reached.add(reason ?? '')

suite('plans', () => {
  const table = plans({ free: ['5/day'], pro: ['1k/day', '20/s'], default: ['2/day'] })
  const principal: PolicyRate = { count: 10, windowMs: 60_000, burst: 10 }

  const ROWS: readonly [name: string, caller: Principal, plan: string | undefined, of30: number][] =
    [
      ['a key has what its plan says', keyOf('a'), 'free', 5],
      ['a plan with a rate takes the place of the general one', keyOf('a'), 'pro', 20],
      ['who names no plan has the default', keyOf('a'), undefined, 2],
      ['who names an unknown plan has the default', keyOf('a'), 'gold', 2],
      ['a token names its plan in a claim', tokenOf('a', { tier: { name: 'free' } }), undefined, 5],
      ['nobody has no plan', ANONYMOUS, undefined, 10],
    ]
  for (const [name, caller, plan, of30] of ROWS) {
    test(name, async () => {
      const { guard } = guardOf({ principal, plans: table, planClaim: ['tier', 'name'] })
      assert.equal(await passes(guard, 30, () => callBy(caller, plan)), of30)
    })
  }

  test('a quota is back a day later, and says so', async () => {
    const { bench, guard } = guardOf({ plans: plans({ free: ['5/day'] }) })
    await passes(guard, 5, () => callBy(keyOf('a'), 'free'))
    const refusal = await guard.request(callBy(keyOf('a'), 'free'))
    assertRefused(refusal, 'plan_limit', 429)
    note(refusal?.denial.reason)
    assert.equal(valueOf(refusal?.denial.headers, 'RateLimit-Policy'), '"free";q=5;w=86400')
    const waitS = Number(valueOf(refusal?.denial.headers, 'Retry-After'))
    assert.ok(waitS >= 24 * 3600 && waitS <= 25 * 3600, `${waitS} s`)
    bench.clock.advance((waitS - 1) * 1000)
    assertRefused(await guard.request(callBy(keyOf('a'), 'free')), 'plan_limit')
    bench.clock.advance(1000)
    assertRefused(await guard.request(callBy(keyOf('a'), 'free')), undefined)
  })
})

suite('several policies at once', () => {
  const policies = new Map(
    Object.entries({ tenant: '6/min by tenant', user: '3/min by subject' }).map(([name, text]) => [
      name,
      parseOperationLimit(text, ''),
    ]),
  )
  const principal: PolicyRate = { count: 10, windowMs: 60_000, burst: 10 }

  test('each is named on the answer, and the scarcest speaks in X-RateLimit', async () => {
    const { guard, bench } = guardOf({ principal, policies })
    const exchange = callBy(tokenOf('ann', { tenant: 't1' }), undefined, bench)
    await guard.request(exchange)
    const headers = guard.answer(exchange)
    assert.deepEqual(valuesOf(headers, 'RateLimit-Policy'), [
      '"principal";q=10;w=60',
      '"tenant";q=6;w=60',
      '"user";q=3;w=60',
    ])
    assert.equal(valueOf(headers, 'X-RateLimit-Limit'), '3')
  })

  test('the strictest wins, and what refuses takes from none', async () => {
    const { guard, bench } = guardOf({ principal, policies })
    const ann = (): Exchange => callBy(tokenOf('ann', { tenant: 't1' }), undefined, bench)
    const bob = (): Exchange => callBy(tokenOf('bob', { tenant: 't1' }), undefined, bench)
    const eve = (): Exchange => callBy(tokenOf('eve', { tenant: 't1' }), undefined, bench)
    assert.equal(await passes(guard, 20, ann), 3)
    // What Ann was refused took nothing from the tenant's six.
    assert.equal(await passes(guard, 20, bob), 3)
    const refusal = await guard.request(eve())
    assertRefused(refusal, 'policy_limit', 429)
    note(refusal?.denial.reason)
    assert.deepEqual(refusal?.denial.violatedPolicies, ['tenant'])
    const other = callBy(tokenOf('eve', { tenant: 't2' }), undefined, bench)
    assertRefused(await guard.request(other), undefined)
  })

  test('the same person is one subject, whatever key they come with', async () => {
    const { guard } = guardOf({
      policies: new Map([['user', parseOperationLimit('3/min by subject', '')]]),
    })
    let key = 0
    assert.equal(await passes(guard, 9, () => callBy(keyOf(`k${key++}`))), 3)
  })

  test('a limit by a part of the request counts so where it is the only one', async () => {
    const { guard } = guardOf({
      principal: undefined,
      policies: new Map([['shop', parseOperationLimit('1/min by header.x-shop', '')]]),
    })
    const kept: Principal = { ...keyOf('a'), notes: new PrincipalNotes() }
    let shop = 0
    const call = (): Exchange => {
      shop += 1
      return exchangeOf({ principal: kept, headers: ['x-shop', String(shop)] })
    }
    assert.equal(await passes(guard, 5, call), 5)
    shop = 0
    assert.equal(await passes(guard, 5, call), 0)
  })

  test('the limit of an operation is taken together with that of the caller', async () => {
    const operation = { ...parseOperationLimit('2/min by header.x-shop', ''), cost: 1 }
    const { guard, bench } = guardOf({ principal, operation })
    assert.equal(bench.guard(operationLimit, 'list').guard, undefined, 'asked once')
    const call = (): Exchange => callBy(keyOf('a'))
    assert.equal(await passes(guard, 9, call), 2)
    const refusal = await guard.request(call())
    assertRefused(refusal, 'operation_limit', 429)
    note(refusal?.denial.reason)
    const left = bench.counters.peek(
      'principal:10/60000/10:key:a',
      principal,
      1,
      bench.clock.nowMs(),
    )
    assert.equal(left.remaining, 8)
  })

  test('in monitor a refusal is noted and counted as in enforce', async () => {
    const bench = new Bench({
      document: SHOP,
      policy: { limits: { principal, policies }, modes: new Map([['limits', 'monitor']]) },
    })
    const guard = bench.guard(principalLimit, 'list')
    const ann = callBy(tokenOf('ann', { tenant: 't1' }), undefined, bench)
    for (let call = 0; call < 5; call++) assert.equal(await guard.request(ann), undefined)
    assert.deepEqual(
      ann.observed.map(({ reason, status }) => [reason, status]),
      [
        ['policy_limit', 429],
        ['policy_limit', 429],
      ],
    )
  })

  test('X-RateLimit-Reset is a moment where that is wanted', async () => {
    const { guard } = guardOf({ principal, resetsAtMoment: true })
    const exchange = exchangeOf({ principal: keyOf('a'), nowMs: 1_700_000_000_500 })
    await guard.request(exchange)
    assert.equal(valueOf(guard.answer(exchange), 'X-RateLimit-Reset'), '1700000007')
  })
})

suite('a leaky limit', () => {
  const principal = parsePolicyRate('leaky 20/s burst 3', '')

  test('spaces what comes at once, and refuses what would wait for too long', async () => {
    const { guard } = guardOf({ principal })
    const begun = performance.now()
    const found = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const refusal = await guard.request(callBy(keyOf('a')))
        return { isRefused: refusal !== undefined, ms: performance.now() - begun }
      }),
    )
    assert.equal(found.filter(({ isRefused }) => isRefused).length, 2)
    const passed = found.filter(({ isRefused }) => !isRefused).map(({ ms }) => ms)
    assert.ok((passed[1] ?? 0) >= 45 && (passed[2] ?? 0) >= 95, passed.join(' '))
  })

  test('holds nobody back where it is only watched', async () => {
    const bench = new Bench({
      document: SHOP,
      policy: {
        limits: { principal: parsePolicyRate('leaky 1/s burst 20', '') },
        modes: new Map([['limits', 'monitor']]),
      },
    })
    const guard = bench.guard(principalLimit, 'list')
    const begun = performance.now()
    assert.equal(await passes(guard, 5, () => callBy(keyOf('a'))), 5)
    assert.ok(performance.now() - begun < 900)
  })

  test('refuses what comes too soon, and says when to come again', async () => {
    const { guard } = guardOf({ principal: parsePolicyRate('leaky 1/min burst 1', '') })
    await guard.request(callBy(keyOf('a')))
    const refusal = await guard.request(callBy(keyOf('a')))
    assertRefused(refusal, 'principal_limit', 429)
    note(refusal?.denial.reason)
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '60')
  })
})

test('a day of a quota is a day for every hour of it', async () => {
  const { bench, guard } = guardOf({ plans: plans({ free: ['24/day'] }) })
  let passed = 0
  for (let hour = 0; hour < 24 * 4; hour++) {
    passed += await passes(guard, 2, () => callBy(keyOf('a'), 'free'))
    bench.clock.advance(HOUR_MS)
  }
  assert.ok(passed <= 24 * 4 && passed >= 24 * 3, `${passed} in four days`)
})

test('the rows reach every reason', () => assertEveryReason(principalLimit, reached))
