import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Refusal } from '../../pipeline/runner.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { unlockKeys } from '../unlock-keys.ts'
import { waitAfterMs } from './account-lock.ts'
import { authZone } from './control.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/login': {
      post: {
        operationId: 'login',
        security: [],
        requestBody: { content: { 'application/json': {} } },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}
const MINUTE_MS = 60_000
const HOUSE = '203.0.113.1'
const VICTIM = 'victim@x.test'

function setUp(): { bench: Bench; guard: TestGuard } {
  // Without the limit of tries, which has tests of its own.
  const operation = { rate: { count: 1, windowMs: 1, burst: 1 }, by: [], cost: 1 }
  const failures = { count: 10, windowMs: 5 * MINUTE_MS, banMs: 15 * MINUTE_MS }
  const bench = new Bench({ document: DOCUMENT, policy: { limits: { failures, operation } } })
  return { bench, guard: bench.guard(authZone, 'login') }
}

function attempt(body: object, peer: string): Exchange {
  const headers = ['Content-Type', 'application/json']
  const exchange = exchangeOf({ method: 'POST', headers, hasBody: true, peer })
  exchange.body = body
  exchange.hasBodyValue = true
  return exchange
}

/** A whole try: what the gateway refuses, or what the API then says. */
async function tryOnce(
  guard: TestGuard,
  { status, peer, body = { email: VICTIM } }: { status: number; peer: string; body?: object },
): Promise<Refusal | undefined> {
  const exchange = attempt(body, peer)
  const refusal = (await guard.request(exchange)) ?? (await guard.body(exchange, '{}'))
  return refusal ?? guard.response(exchange, status)
}

const stranger = (n: number): string => `198.51.100.${n}`

async function failMany(guard: TestGuard, count: number, status = 401): Promise<void> {
  for (let n = 1; n <= count; n += 1) await tryOnce(guard, { status, peer: stranger(n) })
}

suite('auth-zone: locked accounts', () => {
  for (const status of [400, 401, 403, 404, 423, 429])
    test(`ten answers ${status} from ten addresses lock an account for half an hour`, async () => {
      const { bench, guard } = setUp()
      await failMany(guard, 10, status)
      const refusal = await tryOnce(guard, { status: 200, peer: stranger(99) })
      assertRefused(refusal, 'auth_locked', 401)
      assert.equal(refusal?.spec.problem, 'invalid_credential')
      bench.clock.advance(30 * MINUTE_MS)
      assertRefused(await tryOnce(guard, { status: 200, peer: stranger(99) }), undefined)
    })

  test('a hundred in all without a success lock it until somebody unlocks it', async () => {
    const { bench, guard } = setUp()
    for (let turn = 0; turn < 10; turn++) {
      await failMany(guard, 10)
      bench.clock.advance(31 * MINUTE_MS)
    }
    bench.clock.advance(24 * 60 * MINUTE_MS)
    assertRefused(await tryOnce(guard, { status: 200, peer: stranger(99) }), 'auth_locked', 401)
    for (const key of unlockKeys({ account: 'Victim@x.test' }, bench.sites))
      bench.counters.reset(key)
    assertRefused(await tryOnce(guard, { status: 200, peer: stranger(99) }), undefined)
  })

  test('to unlock an account lets its owner in at once, from where they failed too', async () => {
    const { bench, guard } = setUp()
    for (let n = 0; n < 9; n++) {
      await tryOnce(guard, { status: 401, peer: HOUSE })
      bench.clock.advance(61_000)
    }
    await tryOnce(guard, { status: 401, peer: HOUSE })
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE }), 'auth_wait')
    for (const key of unlockKeys({ account: VICTIM, address: HOUSE }, bench.sites))
      bench.counters.reset(key)
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE }), undefined)
  })

  test('in any spelling of its name', async () => {
    const { guard } = setUp()
    await failMany(guard, 10)
    const body = { email: ` ${VICTIM.toUpperCase()}` }
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE, body }), 'auth_locked')
  })

  test('no other account with it', async () => {
    const { guard } = setUp()
    await failMany(guard, 10)
    const body = { email: 'other@x.test' }
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE, body }), undefined)
  })

  test('neither nine failures nor broken answers lock it', async () => {
    const { guard } = setUp()
    await failMany(guard, 9)
    for (let n = 20; n < 40; n += 1) await tryOnce(guard, { status: 503, peer: stranger(n) })
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE }), undefined)
  })

  test('success counts from the start again', async () => {
    const { guard } = setUp()
    await failMany(guard, 9)
    await tryOnce(guard, { status: 200, peer: HOUSE })
    await failMany(guard, 9)
    assertRefused(await tryOnce(guard, { status: 200, peer: stranger(99) }), undefined)
  })

  test('the owner still gets in from where they did before', async () => {
    const { guard } = setUp()
    await tryOnce(guard, { status: 200, peer: HOUSE })
    await failMany(guard, 12)
    assertRefused(await tryOnce(guard, { status: 200, peer: stranger(99) }), 'auth_locked')
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE }), undefined)
  })

  test('who names two accounts resets neither', async () => {
    const { guard } = setUp()
    await failMany(guard, 9)
    const body = { email: VICTIM, username: 'attacker' }
    await tryOnce(guard, { status: 200, peer: stranger(50), body })
    await failMany(guard, 1)
    assertRefused(await tryOnce(guard, { status: 200, peer: stranger(99) }), 'auth_locked')
  })

  // An API may tell `VICTIM@x.test` from `victim@x.test`: then anybody may have registered the one.
  for (const lookalike of [VICTIM.toUpperCase(), `${VICTIM} `, VICTIM.replace('v', '\uff56')])
    test(`who logs in as ${JSON.stringify(lookalike)} forgives no guesses at ${VICTIM}`, async () => {
      const { bench, guard } = setUp()
      const own = { email: lookalike }
      let reached = 0
      for (let n = 0; n < 30; n += 1) {
        const refusal = await tryOnce(guard, { status: 401, peer: HOUSE })
        if (refusal === undefined) reached += 1
        await tryOnce(guard, { status: 200, peer: HOUSE, body: own })
        bench.clock.advance(61_000)
      }
      assert.ok(reached <= 11, `${reached} guesses`)
      assertRefused(await tryOnce(guard, { status: 200, peer: stranger(7) }), 'auth_locked')
    })

  test('who fails and succeeds in one spelling counts from the start, whatever it is', async () => {
    const { guard } = setUp()
    const body = { email: 'Victim@x.test' }
    for (let turn = 0; turn < 3; turn += 1) {
      for (let n = 1; n <= 9; n += 1) await tryOnce(guard, { status: 401, peer: stranger(n), body })
      assertRefused(await tryOnce(guard, { status: 200, peer: stranger(99), body }), undefined)
    }
  })

  test('a program’s id is not locked: everybody knows it', async () => {
    const { guard } = setUp()
    const body = { client_id: 'web' }
    for (let n = 1; n <= 12; n += 1) await tryOnce(guard, { status: 401, peer: stranger(n), body })
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE, body }), undefined)
  })

  test('behind a proxy that nobody listed no address is known', async () => {
    const { guard } = setUp()
    const hidden = async (status: number): Promise<Refusal | undefined> => {
      const exchange = attempt({ email: VICTIM }, HOUSE)
      exchange.hidesClients = true
      return (await guard.body(exchange, '{}')) ?? guard.response(exchange, status)
    }
    await hidden(200)
    for (let n = 0; n < 10; n += 1) await hidden(401)
    assertRefused(await hidden(200), 'auth_locked')
  })

  test('works with counters on another machine', async () => {
    const { bench } = setUp()
    const kit = { ...bench.kit, counters: bench.later() }
    const guard = bench.guard(authZone, 'login', bench.policy, kit)
    await failMany(guard, 10)
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE }), 'auth_locked')
  })
})

suite('auth-zone: who fails waits', () => {
  const waits: [failures: number, seconds: number][] = [
    [0, 0],
    [3, 0],
    [4, 1],
    [5, 2],
    [6, 4],
    [9, 32],
    [10, 60],
    [99, 60],
  ]
  for (const [failures, seconds] of waits)
    test(`after ${failures} failures ${seconds} s`, () =>
      assert.equal(waitAfterMs(failures), seconds * 1000))

  test('one address and one account, with the time to come again', async () => {
    const { bench, guard } = setUp()
    for (let n = 0; n < 4; n += 1) await tryOnce(guard, { status: 401, peer: HOUSE })
    const refusal = await tryOnce(guard, { status: 200, peer: HOUSE })
    assertRefused(refusal, 'auth_wait', 429)
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '1')
    assertRefused(await tryOnce(guard, { status: 200, peer: stranger(1) }), undefined)
    bench.clock.advance(1000)
    assertRefused(await tryOnce(guard, { status: 200, peer: HOUSE }), undefined)
  })
})
