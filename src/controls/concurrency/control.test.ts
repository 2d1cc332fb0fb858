import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { concurrency } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } },
    '/report': { get: { operationId: 'report', responses: { 200: { description: 'ok' } } } },
  },
}
const ANN: Principal = { ...ANONYMOUS, id: 'iss|ann', kind: 'jwt', subject: 'ann' }
const BOB: Principal = { ...ANONYMOUS, id: 'iss|bob', kind: 'jwt', subject: 'bob' }

type Limits = Partial<Policy['limits']>

function guardOf(limits: Limits, bench = new Bench({ document: SHOP }), id = 'list'): TestGuard {
  return bench.guard(concurrency, id, { limits })
}

/** Begins a request; what holds a place, or the reason why not. */
async function begin(
  guard: TestGuard,
  parts: RequestParts = {},
): Promise<{ readonly exchange: Exchange; readonly reason: string | undefined }> {
  const exchange = exchangeOf(parts)
  return { exchange, reason: (await guard.request(exchange))?.denial.reason }
}

/** How many of so many pass that all stay in work. */
async function passes(guard: TestGuard, count: number, parts: RequestParts = {}): Promise<number> {
  let passed = 0
  for (let one = 0; one < count; one++)
    if ((await begin(guard, parts)).reason === undefined) passed++
  return passed
}

const total = (max: number | 'adaptive'): Limits => ({
  concurrency: { total: max, principal: undefined },
})

suite('concurrency', () => {
  const reached = new Set<string | undefined>()

  test('no more are in work than may, and each that ends makes room for one', async () => {
    const guard = guardOf({ ...total(10), priority: 'high' })
    const running = await Promise.all(Array.from({ length: 10 }, () => begin(guard)))
    const refused = await guard.request(exchangeOf())
    assertRefused(refused, 'too_many_at_once', 503)
    assert.equal(valueOf(refused?.denial.headers, 'Retry-After'), '1')
    reached.add(refused?.denial.reason)
    guard.guard?.onEnd?.(running[0]?.exchange ?? exchangeOf())
    guard.guard?.onEnd?.(running[0]?.exchange ?? exchangeOf())
    assert.equal(await passes(guard, 5), 1)
  })

  const SHARES: readonly [priority: 'low' | 'normal' | 'high', of: number][] = [
    ['low', 6],
    ['normal', 9],
    ['high', 10],
  ]
  for (const [priority, of] of SHARES)
    test(`operations of ${priority} priority fill ${of} of 10 places`, async () =>
      assert.equal(await passes(guardOf({ ...total(10), priority }), 20), of))

  test('what matters most still passes when the rest is refused', async () => {
    const bench = new Bench({ document: SHOP })
    await passes(guardOf(total(10), bench), 20)
    assert.equal(await passes(guardOf({ ...total(10), priority: 'high' }, bench, 'report'), 20), 1)
  })

  test('an operation has places of its own', async () => {
    const bench = new Bench({ document: SHOP })
    const operation = { rate: undefined, by: [], cost: 1, concurrency: 2 }
    const guard = guardOf({ operation }, bench, 'report')
    assert.equal(await passes(guard, 2), 2)
    const { reason } = await begin(guard)
    assert.equal(reason, 'operation_busy')
    reached.add(reason)
    assert.equal(guardOf({}, bench).guard, undefined, 'others have no limit')
  })

  test('a caller has places of their own, nobody in particular those of the address', async () => {
    const guard = guardOf({ concurrency: { total: undefined, principal: 2 } })
    assert.equal(await passes(guard, 5, { principal: ANN, peer: '1.1.1.1' }), 2)
    assert.equal(await passes(guard, 5, { principal: BOB, peer: '1.1.1.1' }), 2)
    assert.equal(await passes(guard, 5, { peer: '1.1.1.1' }), 2)
    const refused = await guard.request(exchangeOf({ principal: ANN, peer: '1.1.1.2' }))
    assertRefused(refused, 'caller_busy', 429)
    reached.add(refused?.denial.reason)
  })

  test('credentials that only the API can check buy no places by being many', async () => {
    const guard = guardOf({ concurrency: { total: undefined, principal: 2 } })
    const madeUp = (n: number): Principal => ({ ...ANN, id: `upstream:${n}`, kind: 'upstream' })
    let passed = 0
    for (let n = 0; n < 50; n += 1)
      if ((await begin(guard, { principal: madeUp(n) })).reason === undefined) passed += 1
    assert.equal(passed, 20)
    const elsewhere = { principal: madeUp(99), peer: '1.1.1.2' }
    assert.equal((await begin(guard, elsewhere)).reason, undefined)
  })

  test('who is refused by one limit holds no place of another', async () => {
    const guard = guardOf({ concurrency: { total: 10, principal: 1 }, priority: 'high' })
    await passes(guard, 50, { principal: ANN })
    for (let one = 0; one < 9; one++) {
      const principal = { ...ANN, id: `iss|${one}` }
      assert.equal((await begin(guard, { principal })).reason, undefined, `caller ${one}`)
    }
  })

  test('adaptive places grow with an API that keeps up, and shrink with one that does not', async () => {
    const bench = new Bench({ document: SHOP })
    const guard = guardOf({ ...total('adaptive'), priority: 'high' }, bench)
    const round = async (ms: number): Promise<number> => {
      const running = await Promise.all(Array.from({ length: 300 }, () => begin(guard)))
      const passed = running.filter(({ reason }) => reason === undefined)
      for (const { exchange } of passed) {
        exchange.upstreamMs = ms
        guard.guard?.onEnd?.(exchange)
      }
      return passed.length
    }
    const first = await round(10)
    let grown = first
    for (let turn = 0; turn < 60; turn++) grown = await round(10)
    assert.ok(grown > 2 * first, `${first} -> ${grown}`)
    let shrunk = grown
    for (let turn = 0; turn < 40; turn++) shrunk = await round(400)
    assert.ok(shrunk < first && shrunk >= 10, `${grown} -> ${shrunk}`)
  })

  test('is not there unless it is written', () => assert.equal(guardOf({}).guard, undefined))

  test('the rows reach every reason', () => assertEveryReason(concurrency, reached))
})
