import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseList } from '../../http/structured-fields-parser.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertRefused, statusOf, valueOf, valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { operationLimit } from '../operation-limit/control.ts'
import { principalLimit } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}
const POLICY: PolicyParts = { limits: { principal: { count: 60, windowMs: 60_000, burst: 3 } } }

const ann: Principal = { ...ANONYMOUS, kind: 'apiKey', id: 'key:ann' }
const bob: Principal = { ...ANONYMOUS, kind: 'jwt', id: 'https://id|bob' }

type Call = readonly [principal: Principal, peer: string]
const ROWS: readonly [name: string, calls: readonly Call[], refused: number][] = [
  [
    'refuses the fourth call of a caller',
    [
      [ann, '1.1.1.1'],
      [ann, '1.1.1.1'],
      [ann, '1.1.1.1'],
      [ann, '1.1.1.1'],
    ],
    1,
  ],
  [
    'counts a caller from everywhere',
    [
      [ann, '1.1.1.1'],
      [ann, '1.1.1.2'],
      [ann, '1.1.1.3'],
      [ann, '1.1.1.4'],
    ],
    1,
  ],
  [
    'counts callers apart at one address',
    [
      [ann, '1.1.1.1'],
      [ann, '1.1.1.1'],
      [bob, '1.1.1.1'],
      [bob, '1.1.1.1'],
    ],
    0,
  ],
  [
    'counts nobody by address',
    [
      [ANONYMOUS, '1.1.1.1'],
      [ANONYMOUS, '1.1.1.1'],
      [ANONYMOUS, '1.1.1.1'],
      [ANONYMOUS, '1.1.1.1'],
    ],
    1,
  ],
  [
    'does not let nobody share one bucket',
    [
      [ANONYMOUS, '1.1.1.1'],
      [ANONYMOUS, '1.1.1.2'],
      [ANONYMOUS, '1.1.1.3'],
      [ANONYMOUS, '1.1.1.4'],
    ],
    0,
  ],
]

async function call(guard: TestGuard, principal: Principal = ann): Promise<number | undefined> {
  return statusOf(await guard.request(exchangeOf({ principal })))
}

suite('principal-limit', () => {
  for (const [name, calls, refused] of ROWS) {
    test(name, async () => {
      const guard = new Bench({ document: SHOP, policy: POLICY }).guard(principalLimit, 'list')
      let count = 0
      for (const [principal, peer] of calls) {
        const refusal = await guard.request(exchangeOf({ principal, peer }))
        if (refusal !== undefined) assertRefused(refusal, 'principal_limit', 429)
        if (refusal !== undefined) count += 1
      }
      assert.equal(count, refused)
    })
  }

  const WASHING: readonly [name: string, countsAsAddress: boolean, refused: boolean][] = [
    ['counts made-up credentials for the API by address', true, true],
    ['counts those alone that the API has taken', false, false],
  ]
  for (const [name, countsAsAddress, refused] of WASHING) {
    test(name, async () => {
      const rate = { count: 60, windowMs: 60_000, burst: 3 }
      const byCaller = new Bench({ document: SHOP, policy: POLICY })
      const byOperation = new Bench({
        document: SHOP,
        policy: { limits: { operation: { rate, by: [], cost: 1 } } },
      })
      const guards = [
        byCaller.guard(principalLimit, 'list'),
        byOperation.guard(operationLimit, 'list'),
      ]
      for (const guard of guards) {
        const statuses: unknown[] = []
        for (let n = 0; n < 4; n += 1) {
          const principal: Principal = { ...ANONYMOUS, kind: 'upstream', id: `upstream:${n}` }
          const exchange = Object.assign(exchangeOf({ principal }), { countsAsAddress })
          statuses.push(statusOf(await guard.request(exchange)))
        }
        assert.deepEqual(statuses.includes(429), refused)
      }
    })
  }

  test('nobody washes away the quota of a caller by coming from everywhere', async () => {
    const quota = { count: 2, windowMs: 86_400_000, burst: 2, kind: 'quota' } as const
    const bench = new Bench({
      document: SHOP,
      counters: { maxWindows: 20 },
      policy: { limits: { principal: quota } },
    })
    const guard = bench.guard(principalLimit, 'list')
    assert.equal(await call(guard), undefined)
    assert.equal(await call(guard), undefined)
    for (let n = 0; n < 100; n += 1) {
      const exchange = exchangeOf({ principal: ANONYMOUS, peer: `10.1.${n}.1` })
      assert.equal(await guard.request(exchange), undefined)
    }
    assert.equal(await call(guard), 429)
  })

  test('counts down on every answer, as structured fields', async () => {
    const guard = new Bench({ document: SHOP, policy: POLICY }).guard(principalLimit, 'list')
    const remaining: unknown[] = []
    for (let index = 0; index < 3; index += 1) {
      const exchange = exchangeOf({ principal: ann })
      await guard.request(exchange)
      const headers = guard.answer(exchange)
      const [policy] = parseList(valuesOf(headers, 'RateLimit-Policy')) ?? []
      const [state] = parseList(valuesOf(headers, 'RateLimit')) ?? []
      assert.equal(policy?.parameters?.get('q'), 60)
      assert.equal(policy?.parameters?.get('w'), 60)
      assert.equal(state?.parameters?.get('t'), index + 1)
      remaining.push(state?.parameters?.get('r'))
      assert.equal(valueOf(headers, 'X-RateLimit-Limit'), '60')
      assert.equal(valueOf(headers, 'X-RateLimit-Remaining'), String(2 - index))
      assert.equal(valueOf(headers, 'X-RateLimit-Reset'), String(index + 1))
    }
    assert.deepEqual(remaining, [2, 1, 0])
  })

  test('says all of it on 429 too, with Retry-After not before the reset', async () => {
    const policy = { limits: { ...POLICY.limits, headerAliases: ['X-Rate-Limit-'] } }
    const guard = new Bench({ document: SHOP, policy }).guard(principalLimit, 'list')
    for (let index = 0; index < 3; index += 1) await call(guard)
    const refusal = await guard.request(exchangeOf({ principal: ann }))
    const headers = refusal?.denial.headers
    assert.deepEqual(refusal?.denial.violatedPolicies, ['principal'])
    assert.equal(valueOf(headers, 'Retry-After'), '1')
    assert.equal(valueOf(headers, 'RateLimit'), '"principal";r=0;t=1')
    assert.equal(valueOf(headers, 'RateLimit-Policy'), '"principal";q=60;w=60')
    for (const prefix of ['X-RateLimit-', 'X-Rate-Limit-'])
      assert.equal(valueOf(headers, `${prefix}Remaining`), '0')
  })

  test('says nothing of a limit on 401 [RLM-03]', async () => {
    const guard = new Bench({ document: SHOP, policy: POLICY }).guard(principalLimit, 'list')
    const exchange = exchangeOf({ principal: ann })
    await guard.request(exchange)
    exchange.answerHeaders.push('Location', '/a')
    exchange.status = 401
    assert.deepEqual(guard.answer(exchange), ['Location', '/a'])
  })

  test('a slow rate of one operation does not use up the fast one', async () => {
    const bench = new Bench({ document: SHOP, policy: POLICY })
    const slow = bench.guard(principalLimit, 'list', {
      limits: { principal: { count: 1, windowMs: 60_000, burst: 3 } },
    })
    const fast = bench.guard(principalLimit, 'list')
    assert.deepEqual(
      [await call(slow), await call(slow), await call(slow), await call(slow)],
      [undefined, undefined, undefined, 429],
    )
    assert.equal(await call(fast), undefined)
  })

  test('a dear operation takes more', async () => {
    const policy = {
      limits: { ...POLICY.limits, operation: { rate: undefined, by: [], cost: 2 } },
    }
    const guard = new Bench({ document: SHOP, policy }).guard(principalLimit, 'list')
    assert.deepEqual([await call(guard), await call(guard)], [undefined, 429])
  })

  for (const [rest, expected] of [
    [1, '1'],
    [9, '2'],
  ] as const) {
    test(`of two limits the scarcer speaks in the one X-RateLimit (${expected} left)`, async () => {
      const operation = { rate: { count: 10, windowMs: 60_000, burst: rest + 1 }, by: [], cost: 1 }
      const policy = { limits: { ...POLICY.limits, operation } }
      const bench = new Bench({ document: SHOP, policy })
      const exchange = exchangeOf({ principal: ann })
      await bench.guard(principalLimit, 'list').request(exchange)
      await bench.guard(operationLimit, 'list').request(exchange)
      assert.deepEqual(valuesOf(exchange.answerHeaders, 'X-RateLimit-Remaining'), [expected])
      assert.equal(parseList(valuesOf(exchange.answerHeaders, 'RateLimit'))?.length, 2)
    })
  }

  test('a limit that refuses takes the place of the one that did not', async () => {
    const operation = { rate: { count: 1, windowMs: 60_000, burst: 1 }, by: [], cost: 1 }
    const policy = { limits: { ...POLICY.limits, operation } }
    const bench = new Bench({ document: SHOP, policy })
    const exchange = exchangeOf({ principal: ann })
    await bench.guard(operationLimit, 'list').request(exchange)
    await bench.guard(principalLimit, 'list').request(exchange)
    const refusal = await bench.guard(operationLimit, 'list').request(exchange)
    const all = [...exchange.answerHeaders, ...(refusal?.denial.headers ?? [])]
    assert.deepEqual(valuesOf(all, 'X-RateLimit-Remaining'), ['0'])
  })

  test('is not there without a rate', () =>
    assert.equal(new Bench({ document: SHOP }).guard(principalLimit, 'list').guard, undefined))

  test('waits for counters that are elsewhere', async () => {
    const bench = new Bench({ document: SHOP, policy: POLICY })
    const kit = { ...bench.kit, counters: bench.later() }
    const guard = bench.guard(principalLimit, 'list', undefined, kit)
    for (let index = 0; index < 3; index += 1) assert.equal(await call(guard), undefined)
    assert.equal(await call(guard), 429)
  })
})
