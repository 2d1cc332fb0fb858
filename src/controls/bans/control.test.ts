import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import type { DetectPolicy, Grade } from '../../pipeline/detect-policy.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { riskKeys, RiskBook, watchBans } from '../risk-book.ts'
import type { Ban, RiskSignal } from '../risk-book.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { bans } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/me': { get: { operationId: 'me', responses: { 200: { description: 'ok' } } } } },
}
const policy: DetectPolicy = { ...NOTHING_WATCHED, acr: ['urn:mfa'] }

const key: Principal = { ...ANONYMOUS, id: 'key:k1', kind: 'apiKey', credentialId: 'k1' }
const token: Principal = { ...ANONYMOUS, id: 'iss|ann', kind: 'jwt', credentialId: 'j1' }
const claiming = (claims: Readonly<Record<string, unknown>>): Principal => ({ ...token, claims })
/** A moment in seconds, after the bench's clock began. */
const NOW_S = Math.floor(new Bench().clock.nowMs() / 1000)

function signalOf(weight: number, most: Grade = 'block'): RiskSignal {
  const name = 'test_signal'
  return { name, weight, most, event: 'sp_test', level: 'warn', detail: 'd', control: 'test' }
}

const ROWS: [
  name: string,
  principal: Principal,
  signal: RiskSignal,
  requests: number,
  reason: string | undefined,
][] = [
  ['a low score changes nothing', key, signalOf(39), 9, undefined],
  ['a throttled caller has three at once', key, signalOf(40), 3, undefined],
  ['and the fourth waits', key, signalOf(40), 4, 'risk_throttle'],
  ['a challenged key waits', key, signalOf(70), 1, 'risk_wait'],
  ['a challenged token is asked for a log-in', token, signalOf(70), 1, 'risk_step_up'],
  [
    'an old log-in is none',
    claiming({ auth_time: NOW_S - 60, acr: 'urn:mfa' }),
    signalOf(70),
    1,
    'risk_step_up',
  ],
  [
    'a log-in of another class is none',
    claiming({ auth_time: NOW_S + 60, acr: 'pwd' }),
    signalOf(70),
    1,
    'risk_step_up',
  ],
  [
    'a fresh log-in of the class passes',
    claiming({ auth_time: NOW_S + 60, acr: 'urn:mfa' }),
    signalOf(70),
    9,
    undefined,
  ],
  ['a blocked caller is refused', key, signalOf(100), 1, 'risk_block'],
  ['an address, too', ANONYMOUS, signalOf(100), 1, 'risk_block'],
  ['no more follows than the signal allows', key, signalOf(200, 'throttle'), 3, undefined],
  ['nothing follows where it is only logged', key, signalOf(200, 'log'), 9, undefined],
]

interface Scene {
  readonly bench: Bench
  readonly book: RiskBook
  request(principal: Principal): Exchange
}

function scene(parts: Partial<DetectPolicy> = {}, isOnTrial = false): Scene {
  const detect = { ...policy, ...parts }
  const bench = new Bench({ document: SHOP, policy: { detect } })
  const book = new RiskBook({ policy: detect, isOnTrial }, bench.kit)
  const request = (principal: Principal): Exchange =>
    exchangeOf({ principal, site: bench.site('me'), nowMs: bench.clock.nowMs() })
  return { bench, book, request }
}

async function note(
  { book, request }: Scene,
  principal: Principal,
  signal: RiskSignal,
): Promise<Exchange> {
  const exchange = request(principal)
  const suspect = book.suspectOf(exchange)
  if (suspect !== undefined) await book.note(exchange, suspect, signal)
  return exchange
}

suite('bans', () => {
  for (const [name, principal, signal, requests, reason] of ROWS)
    for (const place of ['here', 'elsewhere'] as const)
      test(`${name} (counters ${place})`, async () => {
        const world = scene()
        const { bench, request } = world
        await note(world, principal, signal)
        const kit = place === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() }
        const guard = bench.guard(bans, 'me', undefined, kit)
        let last
        for (let n = 0; n < requests; n++) last = await guard.request(request(principal))
        assertRefused(last, reason)
      })

  test('a block says until when, and ends then', async () => {
    const world = scene({ blockMs: 60_000 })
    const { bench, request } = world
    await note(world, key, signalOf(100))
    const guard = bench.guard(bans, 'me')
    const refusal = await guard.request(request(key))
    assert.equal(valueOf(refusal?.denial.headers, 'Retry-After'), '60')
    bench.clock.advance(60_001)
    assertRefused(await guard.request(request(key)), undefined)
  })

  test('a block of an address does not touch who shows a key there', async () => {
    const world = scene()
    await note(world, ANONYMOUS, signalOf(100))
    const guard = world.bench.guard(bans, 'me')
    assertRefused(await guard.request(world.request(key)), undefined)
  })

  test('what is lifted is over, the score too', async () => {
    const world = scene()
    const { bench, request } = world
    await note(world, key, signalOf(100))
    for (const name of riskKeys('key:k1')) bench.counters.reset(name)
    const guard = bench.guard(bans, 'me')
    assertRefused(await guard.request(request(key)), undefined)
    await note(world, key, signalOf(39))
    assertRefused(await guard.request(request(key)), undefined)
  })

  test('is told once for each response, with its end', async () => {
    const world = scene()
    const told: Ban[] = []
    watchBans(world.bench.counters, (ban) => told.push(ban))
    const events = []
    for (let n = 0; n < 12; n++)
      events.push(...(await note(world, key, signalOf(10))).events.map(({ reason }) => reason))
    assert.deepEqual(events, ['test_signal', 'throttle', 'challenge', 'block'])
    assert.deepEqual(
      told.map(({ grade, score }) => [grade, score]),
      [
        ['throttle', 40],
        ['challenge', 70],
        ['block', 100],
      ],
    )
  })

  test('on trial tells what would be done, and does nothing', async () => {
    const world = scene({}, true)
    const exchange = await note(world, key, signalOf(100))
    assert.deepEqual(
      exchange.events.map(({ reason }) => reason),
      ['test_signal', 'would_block'],
    )
    const guard = world.bench.guard(bans, 'me')
    assertRefused(await guard.request(world.request(key)), undefined)
  })

  test('an error of ours stops at ten callers an hour, or one in a hundred', async () => {
    for (const [active, most] of [
      [50, 10],
      [3000, 30],
    ] as const) {
      const world = scene()
      const { bench, book } = world
      for (let n = 0; n < active; n++) book.seen({ ...key, id: `key:${n}` }, bench.clock.nowMs())
      let blocked = 0
      let heldBack = 0
      for (let n = 0; n < 100; n++) {
        const caller = { ...key, id: `key:${n}` }
        const { events } = await note(world, caller, signalOf(100))
        heldBack += events.filter(({ reason }) => reason === 'held_back').length
        if (bench.counters.isBanned(`risk-block:key:${n}`, bench.clock.nowMs()) !== undefined)
          blocked += 1
      }
      assert.ok(Math.abs(blocked - most) <= 1, `${blocked} of ${active}`)
      assert.equal(heldBack, 1)
    }
  })

  test('nobody who is exempt, or behind a proxy that hides its clients, is a suspect', () => {
    const { book, request } = scene({ exempt: ['203.0.113.0/24'] })
    assert.equal(book.suspectOf(request(key)), undefined)
    const open = scene()
    const hidden = open.request(ANONYMOUS)
    hidden.hidesClients = true
    assert.equal(open.book.suspectOf(hidden), undefined)
    assert.equal(open.book.sourceOf(hidden), undefined)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      bans,
      ROWS.map((row) => row[4]),
    ))
})
