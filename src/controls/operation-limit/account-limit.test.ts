import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { LimitKeyPart } from '../../base/units.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { operationLimit } from './control.ts'

const post = (operationId: string): object => ({
  post: { operationId, security: [], responses: { 200: { description: 'ok' } } },
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/login': post('login'),
    '/forgot-password': post('forgotPassword'),
    '/otp': post('sendOtp'),
    '/coupons': post('redeem'),
  },
}
const EMAIL: LimitKeyPart = { from: 'body', name: 'email' }
const HOUSE = '203.0.113.1'

function setUp(operation: string, by: readonly LimitKeyPart[], isLate = false): TestGuard {
  const rate = { count: 3, windowMs: 60_000, burst: 3 }
  const policy = { limits: { operation: { rate, by, cost: 1 } } }
  const bench = new Bench({ document: DOCUMENT, policy })
  const kit = isLate ? { ...bench.kit, counters: bench.later() } : bench.kit
  return bench.guard(operationLimit, operation, policy, kit)
}

/** One try; whether the limit let it pass. */
async function tries(
  guard: TestGuard,
  { status, peer = HOUSE, email = 'v@x.test' }: { status: number; peer?: string; email?: string },
): Promise<boolean> {
  const exchange = exchangeOf({ method: 'POST', peer })
  exchange.body = { email }
  exchange.hasBodyValue = true
  const refusal = (await guard.request(exchange)) ?? (await guard.body(exchange, '{}'))
  if (refusal === undefined) assertRefused(await guard.response(exchange, status), undefined)
  return refusal === undefined
}

const stranger = (n: number): string => `198.51.100.${n}`

async function many(guard: TestGuard, count: number, status: number): Promise<number> {
  let passed = 0
  for (let n = 1; n <= count; n += 1)
    if (await tries(guard, { status, peer: stranger(n) })) passed += 1
  return passed
}

const rows: [
  name: string,
  operation: string,
  by: readonly LimitKeyPart[],
  status: number,
  passed: number,
][] = [
  ['failures of an account are counted wherever they come from', 'login', [EMAIL], 401, 3],
  ['an unknown user is a failure', 'login', [EMAIL], 404, 3],
  ['a malformed try is a failure', 'login', [EMAIL], 400, 3],
  ['a server that broke counts too', 'login', [EMAIL], 503, 3],
  ['success is not counted', 'login', [EMAIL], 200, 8],
  [
    'what anybody may ask for in the name of another is counted, done or not',
    'forgotPassword',
    [EMAIL],
    200,
    3,
  ],
  ['so is a code that is sent', 'sendOtp', [EMAIL], 200, 3],
  ['so is what is no log-in', 'redeem', [EMAIL], 200, 3],
]

suite('limits of log-ins by account', () => {
  for (const [name, operation, by, status, passed] of rows)
    test(name, async () => assert.equal(await many(setUp(operation, by), 8, status), passed))

  for (const isLate of [false, true])
    test(`the owner still gets in from where they did before${isLate ? ', with counters elsewhere' : ''}`, async () => {
      const guard = setUp('login', [EMAIL], isLate)
      assert.ok(await tries(guard, { status: 200 }))
      assert.equal(await many(guard, 8, 401), 3)
      assert.ok(await tries(guard, { status: 200 }))
      assert.equal(await tries(guard, { status: 200, peer: stranger(9) }), false)
    })

  test('who is known there still has the limit for the own failures', async () => {
    const guard = setUp('login', [EMAIL])
    await tries(guard, { status: 200 })
    const passed: boolean[] = []
    for (let n = 0; n < 5; n += 1) passed.push(await tries(guard, { status: 401 }))
    assert.deepEqual(passed, [true, true, true, false, false])
  })

  test('an own log-in does not pay for guesses where the address is what counts', async () => {
    const guard = setUp('login', [{ from: 'ip' }])
    const passed: boolean[] = []
    for (const [email, status] of [
      ['v', 401],
      ['me', 200],
      ['v', 401],
      ['v', 401],
    ] as const)
      passed.push(await tries(guard, { status, email }))
    assert.deepEqual(passed, [true, true, true, false])
  })

  test('success of another spelling, which may be another account, forgives nothing', async () => {
    const guard = setUp('login', [EMAIL])
    const passed: boolean[] = []
    for (let n = 0; n < 5; n += 1) {
      passed.push(await tries(guard, { status: 401 }))
      await tries(guard, { status: 200, email: 'V@x.test' })
    }
    assert.ok(passed.filter(Boolean).length <= 3, passed.join())
  })

  test('nor where two names are counted together', async () => {
    const guard = setUp('login', [EMAIL, { from: 'body', name: 'user' }])
    const passed: boolean[] = []
    for (let n = 0; n < 5; n += 1) passed.push(await tries(guard, { status: 200 }))
    assert.deepEqual(passed, [true, true, true, false, false])
  })

  test('many tries at once gain nothing: each is counted before its answer is known', async () => {
    const guard = setUp('login', [EMAIL])
    const found = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const exchange = exchangeOf({ method: 'POST', peer: stranger(n) })
        exchange.body = { email: 'v@x.test' }
        exchange.hasBodyValue = true
        return guard.body(exchange, '{}')
      }),
    )
    assert.equal(found.filter((refusal) => refusal === undefined).length, 3)
  })
})
