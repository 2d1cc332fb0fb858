import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { parseOperationLimit } from '../../base/units.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { operationLimit } from './control.ts'

function shop(flow: unknown): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    paths: {
      '/codes': {
        post: {
          operationId: 'checkCode',
          'x-sallyport-flow-limit': flow,
          requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
          responses: { 200: { description: 'ok' } },
        },
      },
    },
  }
}

async function check(
  guard: TestGuard,
  body: object,
  peer = '1.1.1.1',
): Promise<string | undefined> {
  const exchange = exchangeOf({ method: 'POST', peer })
  exchange.body = body
  exchange.hasBodyValue = true
  return (await guard.body(exchange, JSON.stringify(body)))?.denial.reason
}

suite('flow limits [RLM-05]', () => {
  test('a thousand codes for one number from a hundred addresses stop at five', async () => {
    const bench = new Bench({ document: shop('5/15min by body.phone') })
    const guard = bench.guard(operationLimit, 'checkCode')
    let passed = 0
    for (let tries = 0; tries < 1000; tries++) {
      const peer = `10.0.0.${tries % 100}`
      if ((await check(guard, { phone: '+49 1', code: tries }, peer)) === undefined) passed++
    }
    assert.equal(passed, 5)
    assert.equal(await check(guard, { phone: '+49 2', code: 1 }), undefined, 'another number')
    bench.clock.advance(16 * 60_000)
    assert.equal(await check(guard, { phone: '+49 1', code: 1 }), undefined, 'later')
  })

  test('never more than the count in any stretch of the window, unlike a bucket', async () => {
    const bench = new Bench({ document: shop('5/15min by body.phone') })
    const guard = bench.guard(operationLimit, 'checkCode')
    let passed = 0
    for (let minute = 0; minute < 15; minute++) {
      for (let tries = 0; tries < 5; tries++)
        if ((await check(guard, { phone: '1' })) === undefined) passed++
      bench.clock.advance(59_000)
    }
    assert.equal(passed, 5)
  })

  test('several flows are decided together, those of the configuration too', async () => {
    const bench = new Bench({ document: shop(['3/day by body.card', '9/day by ip']) })
    const flows = [parseOperationLimit('2/day by body.device', '')]
    const operation = { rate: undefined, by: [], cost: 1, flows }
    const guard = bench.guard(operationLimit, 'checkCode', { limits: { operation } })
    assert.equal(await check(guard, { card: 'a', device: 'd1' }), undefined)
    assert.equal(await check(guard, { card: 'a', device: 'd1' }), undefined)
    assert.equal(await check(guard, { card: 'a', device: 'd1' }), 'flow_limit')
    // What the device was refused took nothing from the card.
    assert.equal(await check(guard, { card: 'a', device: 'd2' }), undefined)
    assert.equal(await check(guard, { card: 'a', device: 'd2' }), 'flow_limit')
  })

  test('a call that is refused for its body went through no flow, whatever it is counted by', async () => {
    const guard = new Bench({ document: shop('1/day by ip') }).guard(operationLimit, 'checkCode')
    const exchange = exchangeOf({ method: 'POST', peer: '1.1.1.1' })
    for (let tries = 0; tries < 3; tries++)
      assertRefused((await guard.request(exchange)) ?? undefined, undefined)
    assert.equal(await check(guard, { code: 1 }), undefined)
    assert.equal(await check(guard, { code: 2 }), 'flow_limit')
  })

  test('the refusal is told apart in the log, and says when to come again', async () => {
    const guard = new Bench({ document: shop('1/day by body.card') }).guard(
      operationLimit,
      'checkCode',
    )
    const exchange = exchangeOf({ method: 'POST' })
    exchange.body = { card: 'a' }
    exchange.hasBodyValue = true
    await guard.body(exchange, '{"card":"a"}')
    const refusal = await guard.body(exchange, '{"card":"a"}')
    assertRefused(refusal, 'flow_limit', 429)
    assert.equal(
      valueOf(refusal?.denial.headers, 'RateLimit-Policy'),
      '"checkCode-flow";q=1;w=86400',
    )
    assert.equal(exchange.events.at(-1)?.name, 'excess_rate_limit_exceeded:flow')
  })

  for (const [name, said] of [
    ['no limit', 'often'],
    ['a number', 5],
    ['an unknown part', '5/min by moon'],
  ] as const)
    test(`a mark that is ${name} stops the start`, () => {
      const bench = new Bench({ document: shop(said) })
      assert.throws(() => bench.guard(operationLimit, 'checkCode'), ConfigError)
    })
})
