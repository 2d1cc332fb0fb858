import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { penaltyBox } from '../penalty-box/control.ts'
import { routes } from '../routes/control.ts'
import { Bench, refusalOf } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { penalties } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}
const MINUTE = 60_000
const RULE = {
  score: { count: 5, windowMs: 5 * MINUTE, burst: 5 },
  stepsMs: [MINUTE, 5 * MINUTE, 15 * MINUTE],
  forgiveMs: 60 * MINUTE,
  exempt: ['192.0.2.0/24'],
}
const ANN: Principal = { ...ANONYMOUS, id: 'iss|ann', kind: 'jwt', subject: 'ann' }

interface Range {
  readonly bench: Bench
  readonly counted: TestGuard
  readonly box: TestGuard
}

function open(): Range {
  const bench = new Bench({ document: SHOP, policy: { limits: { penalties: RULE } } })
  return { bench, counted: bench.guard(penalties), box: bench.guard(penaltyBox, 'list') }
}

type Who = { readonly principal?: Principal; readonly peer?: string }

function callOf({ bench }: Range, who: Who = {}): Exchange {
  return exchangeOf({ site: bench.site('list'), ...who })
}

/** Refusals of a caller until one is answered by the penalty; at most 50. */
async function refusedUntilBoxed(range: Range, who: Who = {}): Promise<number> {
  for (let count = 0; count < 50; count++) {
    const refusal = refusalOf(routes, 'unknown_path')
    const put = await range.counted.refusal(callOf(range, who), refusal)
    if (put !== undefined) return count
  }
  return 50
}

suite('penalties [RLM-04]', () => {
  test('a caller who is refused again and again is put aside, and told so', async () => {
    const range = open()
    assert.equal(await refusedUntilBoxed(range), 6)
    const refusal = await range.box.request(callOf(range))
    assertRefused(refusal, 'penalty_box', 429)
    assert.equal(refusal?.spec.problem, 'abnormal_usage')
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '60')
    range.bench.clock.advance(MINUTE)
    assertRefused(await range.box.request(callOf(range)), undefined)
  })

  test('each time lasts longer, up to the longest, and time forgives', async () => {
    const range = open()
    const found: (string | undefined)[] = []
    for (let turn = 0; turn < 4; turn++) {
      await refusedUntilBoxed(range)
      const refusal = await range.box.request(callOf(range))
      found.push(valueOf(refusal?.denial.headers, 'Retry-After'))
      range.bench.clock.advance(16 * MINUTE)
    }
    assert.deepEqual(found, ['60', '300', '900', '900'])
    range.bench.clock.advance(180 * MINUTE)
    await refusedUntilBoxed(range)
    const refusal = await range.box.request(callOf(range))
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '60')
  })

  test('refusals that are spread over time put nobody aside', async () => {
    const range = open()
    for (let count = 0; count < 50; count++) {
      const refusal = refusalOf(routes, 'unknown_path')
      assert.equal(await range.counted.refusal(callOf(range), refusal), undefined)
      range.bench.clock.advance(MINUTE)
    }
  })

  test('a neighbor with a valid credential never notices', async () => {
    const range = open()
    await refusedUntilBoxed(range)
    assertRefused(await range.box.request(callOf(range, { principal: ANN })), undefined)
    assertRefused(await range.box.request(callOf(range)), 'penalty_box')
  })

  test('a proven caller is put aside wherever they come from, their address is not', async () => {
    const range = open()
    await refusedUntilBoxed(range, { principal: ANN, peer: '1.1.1.1' })
    const elsewhere = callOf(range, { principal: ANN, peer: '1.1.1.2' })
    assertRefused(await range.box.request(elsewhere), 'penalty_box')
    assertRefused(await range.box.request(callOf(range, { peer: '1.1.1.1' })), undefined)
  })

  test('refusals of the API count, and its answers are passed on', async () => {
    const range = open()
    for (let count = 0; count < 9; count++)
      assert.equal(await range.counted.response(callOf(range), 422), undefined)
    assertRefused(await range.box.request(callOf(range)), 'penalty_box')
  })

  const ROWS: readonly [name: string, act: (range: Range) => Promise<unknown>][] = [
    [
      'success does not count',
      async (range) => {
        for (let count = 0; count < 50; count++) await range.counted.response(callOf(range), 200)
      },
    ],
    [
      'faults of the API are nobody’s',
      async (range) => {
        for (let count = 0; count < 50; count++) await range.counted.response(callOf(range), 500)
      },
    ],
    [
      'a proxy that nobody listed is not put aside',
      async (range) => {
        for (let count = 0; count < 50; count++) {
          const call = Object.assign(callOf(range), { hidesClients: true })
          await range.counted.refusal(call, refusalOf(routes, 'unknown_path'))
        }
      },
    ],
  ]
  for (const [name, act] of ROWS)
    test(name, async () => {
      const range = open()
      await act(range)
      assertRefused(await range.box.request(callOf(range)), undefined)
    })

  test('a network that is exempt may probe', async () => {
    const range = open()
    assert.equal(await refusedUntilBoxed(range, { peer: '192.0.2.7' }), 50)
  })

  test('being put aside is an event, once', async () => {
    const range = open()
    const events: string[] = []
    for (let count = 0; count < 9; count++) {
      const call = callOf(range)
      await range.counted.refusal(call, refusalOf(routes, 'unknown_path'))
      events.push(...call.events.map((event) => event.name))
    }
    assert.equal(events.filter((name) => name === 'sp_penalty').length, 1)
  })

  test('waits for counters that are elsewhere', async () => {
    const bench = new Bench({ document: SHOP, policy: { limits: { penalties: RULE } } })
    const kit = { ...bench.kit, counters: bench.later() }
    const counted = bench.guard(penalties, undefined, undefined, kit)
    const range = { bench, counted, box: bench.guard(penaltyBox, 'list', undefined, kit) }
    assert.equal(await refusedUntilBoxed(range), 6)
    assertRefused(await range.box.request(callOf(range)), 'penalty_box')
  })

  test('is not there unless it is written', () =>
    assert.equal(new Bench({ document: SHOP }).guard(penalties).guard, undefined))

  test('the rows reach every reason', () => assertEveryReason(penalties, ['penalty_box']))
})
