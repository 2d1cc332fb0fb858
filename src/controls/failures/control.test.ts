import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Refusal } from '../../pipeline/runner.ts'
import { authenticate } from '../authenticate/control.ts'
import { routes } from '../routes/control.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { Bench, refusalOf } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { failures } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: { Partner: { type: 'apiKey', in: 'header', name: 'Partner-Key' } },
  },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}
const POLICY: PolicyParts = {
  limits: {
    failures: { count: 3, windowMs: 300_000, banMs: 900_000 },
    errors: { count: 4, windowMs: 60_000, burst: 4 },
  },
}

const WRONG = refusalOf(authenticate, 'key_unknown')
const MISSING = refusalOf(authenticate, 'missing')
const UNKNOWN = refusalOf(routes, 'unknown_path')
const NO_METHOD = refusalOf(routes, 'method_not_allowed')

const upstream: Principal = { ...ANONYMOUS, kind: 'upstream', id: 'upstream:1' }
const ann: Principal = { ...ANONYMOUS, kind: 'apiKey', id: 'key:ann' }

interface Try {
  readonly parts?: RequestParts
  readonly principal?: Principal
  readonly isHidden?: boolean
  /** An operation was found; `true` unless said. */
  readonly isRouted?: boolean
  /** What was decided, or the status that the API answered. */
  readonly answer: Refusal | number
}

/** The same try again and again: after how many the answer becomes another, and which. */
type Row = [name: string, once: Try, passed: number, reason: string | undefined]

const ROWS: readonly Row[] = [
  ['answers 429 after three wrong credentials', { answer: WRONG }, 3, 'too_many_failures'],
  [
    'does not ban for missing credentials, but counts them',
    { answer: MISSING },
    4,
    'too_many_errors',
  ],
  ['counts unknown paths', { answer: UNKNOWN, isRouted: false }, 4, 'too_many_errors'],
  ['does not count other refusals', { answer: NO_METHOD, isRouted: false }, 9, undefined],
  ['does not count a 404 of a known caller', { answer: UNKNOWN, principal: ann }, 9, undefined],
  ['counts 404 of the API to nobody', { answer: 404 }, 4, 'too_many_errors'],
  ['counts 401 of the API to nobody', { answer: 401 }, 4, 'too_many_errors'],
  ['does not count answers that went well', { answer: 200 }, 9, undefined],
  [
    'does not count 404 of the API to a known caller',
    { answer: 404, principal: ann },
    9,
    undefined,
  ],
  [
    'does not count 401 of the API to a caller we know',
    { answer: 401, principal: ann },
    9,
    undefined,
  ],
  [
    'bans for credentials that the API found wrong',
    { answer: 401, principal: upstream },
    3,
    'too_many_failures',
  ],
  [
    'does not count 404 of the API to its own callers',
    { answer: 404, principal: upstream },
    9,
    undefined,
  ],
  [
    'counts the errors of all behind a proxy that hides its clients',
    { answer: WRONG, isHidden: true },
    4,
    'too_many_errors',
  ],
  [
    'counts an unverifiable credential on an unknown path',
    { answer: UNKNOWN, isRouted: false, parts: { headers: ['Authorization', 'Basic YTpi'] } },
    4,
    'too_many_errors',
  ],
  [
    'counts a broken token on an unknown path',
    { answer: UNKNOWN, isRouted: false, parts: { headers: ['Authorization', 'Bearer a.b.c'] } },
    4,
    'too_many_errors',
  ],
  [
    'counts two credentials on an unknown path',
    {
      answer: UNKNOWN,
      isRouted: false,
      parts: { headers: ['Authorization', 'Basic YTpi', 'X-API-Key', 'a'] },
    },
    4,
    'too_many_errors',
  ],
  [
    'counts unreadable credentials on an unknown path',
    { answer: UNKNOWN, isRouted: false, parts: { headers: ['X-API-Key', 'a', 'X-API-Key', 'a'] } },
    4,
    'too_many_errors',
  ],
]

function exchangeFor(bench: Bench, once: Try): Exchange {
  const exchange = exchangeOf({
    ...once.parts,
    ...(once.principal === undefined ? {} : { principal: once.principal }),
    ...(once.isRouted === false ? {} : { site: bench.site('list') }),
  })
  exchange.hidesClients = once.isHidden === true
  return exchange
}

function tryOnce(bench: Bench, guard: TestGuard, once: Try): Promise<Refusal | undefined> {
  const exchange = exchangeFor(bench, once)
  return typeof once.answer === 'number'
    ? guard.response(exchange, once.answer)
    : guard.refusal(exchange, once.answer)
}

suite('failures', () => {
  for (const place of ['here', 'elsewhere'] as const) {
    for (const [name, once, passed, reason] of ROWS) {
      test(`${name} (counters ${place})`, async () => {
        const bench = new Bench({ document: SHOP, policy: POLICY })
        const kit = place === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() }
        const guard = bench.guard(failures, undefined, undefined, kit)
        for (let index = 0; index < passed; index += 1)
          assertRefused(await tryOnce(bench, guard, once), undefined)
        assertRefused(await tryOnce(bench, guard, once), reason, 429)
      })
    }
  }

  test('counts each address for itself', async () => {
    const bench = new Bench({ document: SHOP, policy: POLICY })
    const guard = bench.guard(failures)
    for (let index = 0; index < 9; index += 1)
      await tryOnce(bench, guard, { answer: WRONG, parts: { peer: '1.1.1.1' } })
    assertRefused(
      await tryOnce(bench, guard, { answer: WRONG, parts: { peer: '1.1.1.2' } }),
      undefined,
    )
  })

  test('a crowd behind a proxy that hides it has ten times the failures', async () => {
    const policy = { limits: { failures: { count: 3, windowMs: 300_000, banMs: 900_000 } } }
    const bench = new Bench({ document: SHOP, policy })
    const guard = bench.guard(failures)
    const hidden: Try = { answer: WRONG, isHidden: true }
    for (let index = 0; index < 30; index += 1)
      assertRefused(await tryOnce(bench, guard, hidden), undefined)
    assertRefused(await tryOnce(bench, guard, hidden), 'too_many_failures', 429)
    // One of them who speaks for nobody is counted alone.
    assertRefused(await tryOnce(bench, guard, { answer: WRONG }), undefined)
  })

  test('says how long the ban lasts, and ends it then', async () => {
    const bench = new Bench({ document: SHOP, policy: POLICY })
    const guard = bench.guard(failures)
    for (let index = 0; index < 3; index += 1) await tryOnce(bench, guard, { answer: WRONG })
    bench.clock.advance(100_000)
    const exchange = exchangeFor(bench, { answer: WRONG })
    const refusal = await guard.refusal(exchange, WRONG)
    assert.deepEqual(refusal?.denial.violatedPolicies, ['failures'])
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '800')
    assert.equal(valueOf(refusal?.denial.headers, 'RateLimit-Policy'), '"failures";q=3;w=300')
    assert.equal(valueOf(refusal?.denial.headers, 'RateLimit'), '"failures";r=0;t=800')
    assert.equal(exchange.events[0]?.name, 'authn_login_fail_max')
    bench.clock.advance(800_000)
    assertRefused(await tryOnce(bench, guard, { answer: WRONG }), undefined)
  })

  test('looks at no request, so that a valid credential passes from a banned address', async () => {
    const bench = new Bench({ document: SHOP, policy: POLICY })
    const guard = bench.guard(failures)
    for (let index = 0; index < 9; index += 1) await tryOnce(bench, guard, { answer: WRONG })
    assert.equal(await guard.request(exchangeFor(bench, { answer: 200 })), undefined)
    assertRefused(await tryOnce(bench, guard, { answer: 404, principal: ann }), undefined)
  })

  for (const [name, field] of [
    ['a key as bearer', 'Authorization'],
    ['a key in X-API-Key', 'X-API-Key'],
    ['a key in a declared field', 'Partner-Key'],
  ] as const) {
    test(`does not count unknown paths of a caller with ${name}`, async () => {
      const bench = new Bench({ document: SHOP, policy: POLICY })
      const guard = bench.guard(failures)
      const { text } = await bench.key()
      const value = field === 'Authorization' ? `Bearer ${text}` : text
      const once: Try = { answer: UNKNOWN, isRouted: false, parts: { headers: [field, value] } }
      for (let index = 0; index < 9; index += 1)
        assertRefused(await tryOnce(bench, guard, once), undefined)
    })
  }

  test('does not count unknown paths of a caller with a token', async () => {
    const bench = new Bench({ document: SHOP, policy: POLICY })
    const headers = ['Authorization', `Bearer ${bench.token()}`]
    const guard = bench.guard(failures)
    for (let index = 0; index < 9; index += 1)
      assertRefused(
        await tryOnce(bench, guard, { answer: UNKNOWN, isRouted: false, parts: { headers } }),
        undefined,
      )
  })

  test('a revoked key on unknown paths is a wrong credential', async () => {
    const bench = new Bench({ document: SHOP, policy: POLICY })
    const guard = bench.guard(failures)
    const { text, id } = await bench.key()
    await bench.keys.admin.revoke(id, 'test', bench.clock.nowMs())
    const once: Try = { answer: UNKNOWN, isRouted: false, parts: { headers: ['X-API-Key', text] } }
    for (let index = 0; index < 3; index += 1) await tryOnce(bench, guard, once)
    assertRefused(await tryOnce(bench, guard, once), 'too_many_failures', 429)
  })

  for (const [name, once] of [
    ['unknown paths of an address', { answer: UNKNOWN, isRouted: false }],
    ['404 answers of the API to a caller', { answer: 404, principal: ann }],
  ] satisfies [string, Try][]) {
    test(`tells of 20 ${name} in a minute, once a minute, also without limits [RTE-01]`, async () => {
      const bench = new Bench({ document: SHOP })
      const guard = bench.guard(failures)
      const events = async (): Promise<number> => {
        const exchange = exchangeFor(bench, once)
        if (typeof once.answer === 'number') await guard.response(exchange, once.answer)
        else assert.equal(await guard.refusal(exchange, once.answer), undefined)
        return exchange.events.filter((event) => event.name === 'malicious_excess_404').length
      }
      for (let index = 0; index < 19; index += 1) assert.equal(await events(), 0)
      assert.deepEqual([await events(), await events(), await events()], [1, 0, 0])
      bench.clock.advance(60_000)
      for (let index = 0; index < 19; index += 1) assert.equal(await events(), 0)
      assert.equal(await events(), 1)
    })
  }

  test('without limits nothing becomes another answer', async () => {
    const bench = new Bench({ document: SHOP })
    const guard = bench.guard(failures)
    for (let index = 0; index < 99; index += 1)
      assertRefused(await tryOnce(bench, guard, { answer: WRONG }), undefined)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      failures,
      ROWS.map((row) => row[3]),
    ))
})
