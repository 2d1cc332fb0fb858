import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import type { DetectPolicy, Grade } from '../../pipeline/detect-policy.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { authZone } from '../auth-zone/control.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { stuffing } from './control.ts'

const body = {
  content: {
    'application/json': {
      schema: { type: 'object', properties: { email: { type: 'string' } } },
    },
  },
}
const responses = { 200: { description: 'ok' } }
const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/login': { post: { operationId: 'login', security: [], requestBody: body, responses } },
    '/orders': { post: { operationId: 'order', security: [], requestBody: body, responses } },
  },
}

const few = { count: 5, windowMs: 600_000 }
const many = { count: 1000, windowMs: 600_000 }
const detectOf = (parts: Partial<NonNullable<DetectPolicy['stuffing']>>): DetectPolicy => ({
  ...NOTHING_WATCHED,
  stuffing: { most: 'block', accounts: many, sources: many, spread: many, ...parts },
})

interface Try {
  readonly email: string
  readonly peer: string
}
const tries = (count: number, of: (n: number) => Try): readonly Try[] =>
  Array.from({ length: count }, (_, n) => of(n))

const ROWS: [
  name: string,
  detect: DetectPolicy,
  failed: readonly Try[],
  told: readonly string[],
][] = [
  [
    'five accounts from one source',
    detectOf({ accounts: few }),
    tries(5, (n) => ({ email: `${n}@x`, peer: '1.1.1.1' })),
    [],
  ],
  [
    'six accounts from one source',
    detectOf({ accounts: few }),
    tries(6, (n) => ({ email: `${n}@x`, peer: '1.1.1.1' })),
    ['many_accounts', 'block'],
  ],
  [
    'one account in twenty spellings',
    detectOf({ accounts: few }),
    tries(20, (n) => ({ email: n % 2 === 0 ? ' A@X' : 'a@x', peer: '1.1.1.1' })),
    [],
  ],
  [
    'one account from six sources',
    detectOf({ sources: few }),
    tries(6, (n) => ({ email: 'a@x', peer: `1.1.1.${n}` })),
    ['many_sources'],
  ],
  [
    'one account from one source, often',
    detectOf({ sources: few }),
    tries(20, () => ({ email: 'a@x', peer: '1.1.1.1' })),
    [],
  ],
  [
    'five failures of all',
    detectOf({ spread: { count: 6, windowMs: 600_000 } }),
    tries(5, (n) => ({ email: `${n}@x`, peer: `1.1.1.${n}` })),
    [],
  ],
  [
    'six failures of all',
    detectOf({ spread: { count: 6, windowMs: 600_000 } }),
    tries(6, (n) => ({ email: `${n}@x`, peer: `1.1.1.${n}` })),
    ['wave'],
  ],
]

function exchangeFor(bench: Bench, { email, peer }: Try): Exchange {
  const exchange = exchangeOf({ method: 'POST', peer, hasBody: true, site: bench.site('login') })
  exchange.body = { email, password: 'p' }
  exchange.hasBodyValue = true
  return exchange
}

async function answerAs(
  guard: TestGuard,
  exchange: Exchange,
  status: number,
): Promise<readonly string[]> {
  await guard.response(exchange, status)
  return exchange.events.map(({ reason }) => reason)
}

suite('stuffing', () => {
  for (const [name, detect, failed, told] of ROWS)
    for (const place of ['here', 'elsewhere'] as const)
      test(`${name} (counters ${place})`, async () => {
        const bench = new Bench({ document: SHOP, policy: { detect } })
        const kit = place === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() }
        const guard = bench.guard(stuffing, 'login', undefined, kit)
        const events: string[] = []
        for (const one of failed)
          events.push(...(await answerAs(guard, exchangeFor(bench, one), 401)))
        assert.deepEqual(events, told)
      })

  for (const [most, reason] of [
    ['block', 'log_in_wave'],
    ['log', undefined],
  ] as const satisfies readonly (readonly [Grade, string | undefined])[])
    test(`in a wave, unknown places ${reason === undefined ? 'go on' : 'wait'} with ${most}, known ones go on`, async () => {
      const detect = detectOf({ most, spread: few })
      const failures = { count: 100, windowMs: 300_000, banMs: 900_000 }
      const bench = new Bench({ document: SHOP, policy: { detect, limits: { failures } } })
      const guard = bench.guard(stuffing, 'login')
      const owner = { email: 'owner@x', peer: '9.9.9.9' }
      const zone = bench.guard(authZone, 'login')
      const home = exchangeFor(bench, owner)
      await zone.body(home, '{}')
      await zone.response(home, 200)
      for (let n = 0; n < 10; n++)
        await answerAs(guard, exchangeFor(bench, { email: `${n}@x`, peer: `1.1.1.${n}` }), 401)
      let last
      for (let n = 0; n < 6; n++)
        last = await guard.body(exchangeFor(bench, { email: 'new@x', peer: '8.8.8.8' }), '{}')
      assertRefused(last, reason, 429)
      assertRefused(await guard.body(exchangeFor(bench, owner), '{}'), undefined)
    })

  test('other operations, and log-ins that succeed, are not counted', async () => {
    const bench = new Bench({ document: SHOP, policy: { detect: detectOf({ spread: few }) } })
    assert.equal(bench.guard(stuffing, 'order').guard, undefined)
    const guard = bench.guard(stuffing, 'login')
    for (let n = 0; n < 30; n++)
      assert.deepEqual(
        await answerAs(guard, exchangeFor(bench, { email: `${n}@x`, peer: '1.1.1.1' }), 200),
        [],
      )
  })

  test('the rows reach every reason', () => assertEveryReason(stuffing, ['log_in_wave']))
})
