import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { HijackPolicy } from '../../pipeline/detect-policy.ts'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Place, PlaceDatabase } from '../../store/places/place-database.ts'
import type { Kit } from '../kit.ts'
import { riskKeys } from '../risk-book.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { unlockKeys } from '../unlock-keys.ts'
import { hijack } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/me': { get: { operationId: 'me', responses: { 200: { description: 'ok' } } } } },
}
const HOUR_MS = 3_600_000

const key: Principal = { ...ANONYMOUS, id: 'key:k1', kind: 'apiKey', credentialId: 'k1' }
const tokenOf = (jti: string, claims: Record<string, unknown> = {}): Principal => ({
  ...ANONYMOUS,
  id: 'https://id.test|ann',
  kind: 'jwt',
  subject: 'ann',
  issuer: 'https://id.test',
  credentialId: jti,
  claims,
})

/** By the first number of the address. */
const WORLD: Readonly<Record<string, Place>> = {
  10: { country: '', region: '' },
  49: { country: 'DE', region: '' },
  43: { country: 'AT', region: '' },
  55: { country: 'BR', region: '' },
  61: { country: 'AU', region: '' },
  70: { country: 'US', region: 'US-NY', spot: { latitude: 40.7, longitude: -74, radiusKm: 20 } },
  71: { country: 'US', region: 'US-CA', spot: { latitude: 34, longitude: -118.2, radiusKm: 50 } },
  99: { country: 'ZZ', region: '' },
}

function placesOf(isUsable = true): PlaceDatabase {
  return {
    path: '/places.mmdb',
    builtMs: 0,
    fault: undefined,
    isUsable: () => isUsable,
    find: (address) => WORLD[address.split('.')[0] ?? ''] ?? { country: '', region: '' },
  }
}

interface World {
  readonly bench: Bench
  readonly kit: Kit
  /** Another thread: the same counters, nothing remembered. */
  thread(): TestGuard
}

interface Plan extends Partial<HijackPolicy> {
  readonly places?: PlaceDatabase
  readonly exempt?: readonly string[]
  readonly acr?: readonly string[]
  readonly isLater?: boolean
}

function open({ places = placesOf(), exempt = [], acr = [], isLater, ...own }: Plan = {}): World {
  const policy: HijackPolicy = {
    response: 'log',
    travel: 'kill',
    vpn: [],
    fingerprint: undefined,
    ...own,
  }
  const detect = { ...NOTHING_WATCHED, hijack: policy, exempt, acr }
  const bench = new Bench({ document: SHOP, policy: { detect } })
  const counters = isLater === true ? bench.later() : bench.counters
  const kit = { ...bench.kit, places, counters }
  return { bench, kit, thread: () => bench.guard(hijack, 'me', undefined, { ...kit }) }
}

/** One request from an address; the program is always the same. */
async function comes(
  guard: TestGuard,
  bench: Bench,
  from: string,
  principal: Principal = key,
): Promise<{ readonly reason: string | undefined; readonly exchange: Exchange }> {
  const headers = ['User-Agent', 'shop-sync/1.4']
  const exchange = exchangeOf({ peer: from, headers, principal, site: bench.site('me') })
  const refusal = await guard.request(exchange)
  return { reason: refusal?.denial.reason, exchange }
}

const eventsOf = ({ exchange }: { readonly exchange: Exchange }): string[] =>
  exchange.events.map(({ name }) => name)

const IMPOSSIBLE = 'authn_impossible_travel'
const NEW = 'sp_new_location'

/** Address and minutes after the one before. */
type Step = readonly [from: string, minutes: number]

const ROWS: [name: string, plan: Plan, steps: readonly Step[], reason: string | undefined][] = [
  [
    'the same place',
    {},
    [
      ['49.0.0.1', 0],
      ['49.9.9.9', 1],
    ],
    undefined,
  ],
  [
    'a neighbor country',
    {},
    [
      ['49.0.0.1', 0],
      ['43.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'another continent in minutes',
    {},
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 5],
    ],
    'credential_quarantined',
  ],
  [
    'another continent by plane',
    {},
    [
      ['49.0.0.1', 0],
      ['55.0.0.1', 11 * 60],
    ],
    undefined,
  ],
  [
    'the same, faster than a plane',
    {},
    [
      ['49.0.0.1', 0],
      ['55.0.0.1', 5 * 60],
    ],
    'credential_quarantined',
  ],
  [
    'another continent the next day',
    {},
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 24 * 60],
    ],
    undefined,
  ],
  [
    'the other side after a step on the way',
    {},
    [
      ['49.0.0.1', 0],
      ['10.0.0.1', 5],
      ['61.0.0.1', 5],
    ],
    'credential_quarantined',
  ],
  [
    'an address that is nowhere',
    {},
    [
      ['49.0.0.1', 0],
      ['10.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'a country that nobody knows',
    {},
    [
      ['49.0.0.1', 0],
      ['99.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'another coast of the same country',
    {},
    [
      ['70.0.0.1', 0],
      ['71.0.0.1', 30],
    ],
    'credential_quarantined',
  ],
  [
    'another coast by plane',
    {},
    [
      ['70.0.0.1', 0],
      ['71.0.0.1', 5 * 60],
    ],
    undefined,
  ],
  [
    'a network of a VPN',
    { vpn: ['61.0.0.0/8'] },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'from a network of a VPN',
    { vpn: ['61.0.0.0/8'] },
    [
      ['61.0.0.1', 0],
      ['49.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'an exempt network',
    { exempt: ['61.0.0.0/8'] },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'a database that is too old',
    { places: placesOf(false) },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'travel that is not watched',
    { travel: undefined },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'travel that is only told',
    { travel: 'log' },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'a key that cannot step up',
    { travel: 'step-up' },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
    ],
    'hijack_wait',
  ],
  [
    'the owner, who goes on',
    { travel: 'step-up' },
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
      ['49.0.0.1', 1],
    ],
    undefined,
  ],
  [
    'the owner, when it was put away',
    {},
    [
      ['49.0.0.1', 0],
      ['61.0.0.1', 1],
      ['49.0.0.1', 1],
    ],
    'credential_quarantined',
  ],
  [
    'a use that is hours ago, kept up meanwhile',
    {},
    [
      ['49.0.0.1', 0],
      ['49.0.0.1', 300],
      ['55.0.0.1', 300],
    ],
    'credential_quarantined',
  ],
]

suite('travel', () => {
  for (const [name, plan, steps, reason] of ROWS)
    for (const where of ['one thread', 'many threads', 'counters elsewhere'] as const) {
      // What is exact is known to one thread only.
      if (where !== 'one thread' && name.startsWith('another coast')) continue
      test(`${name} (${where})`, async () => {
        const { bench, thread } = open({ ...plan, isLater: where === 'counters elsewhere' })
        const one = thread()
        let last: string | undefined
        for (const [from, minutes] of steps) {
          bench.clock.advance(minutes * 60_000)
          last = (await comes(where === 'many threads' ? thread() : one, bench, from)).reason
        }
        assert.equal(last, reason)
      })
    }

  test('is told with both places, the way and the speed', async () => {
    const { bench, thread } = open({ travel: 'log' })
    const guard = thread()
    await comes(guard, bench, '49.0.0.1')
    bench.clock.advance(30 * 60_000)
    const { exchange } = await comes(guard, bench, '61.0.0.1')
    const event = exchange.events.find(({ name }) => name === IMPOSSIBLE)
    assert.match(
      event?.detail ?? '',
      /^from DE \(51\.0, 10\.5, within 500 km\) to AU \(.*\), at least 1\d{4} km in 30 min \(2\d{4} km\/h\)$/,
    )
    assert.deepEqual([event?.level, event?.control], ['critical', 'hijack'])
    assert.deepEqual(exchange.risk?.signals.includes('impossible_travel'), true)
  })

  test('that is only told is told once for a network, and learnt', async () => {
    const { bench, thread } = open({ travel: 'log' })
    const guard = thread()
    await comes(guard, bench, '49.0.0.1')
    assert.ok(eventsOf(await comes(guard, bench, '61.0.0.1')).includes(IMPOSSIBLE))
    for (const from of ['49.0.0.1', '61.0.0.1', '49.0.0.1', '61.0.0.9'])
      for (const one of [guard, thread()])
        assert.ok(!eventsOf(await comes(one, bench, from)).includes(IMPOSSIBLE), from)
  })

  test('a new country is told once, the first one is none', async () => {
    const { bench, thread } = open({ travel: 'log' })
    assert.deepEqual(eventsOf(await comes(thread(), bench, '49.0.0.1')), [])
    bench.clock.advance(12 * HOUR_MS)
    const there = await comes(thread(), bench, '55.0.0.1')
    assert.deepEqual(
      eventsOf(there).filter((name) => name !== 'sp_token_misuse'),
      [NEW],
    )
    assert.equal(there.exchange.events.find(({ name }) => name === NEW)?.level, 'info')
    bench.clock.advance(12 * HOUR_MS)
    for (const from of ['49.0.0.1', '55.0.0.1'])
      assert.ok(!eventsOf(await comes(thread(), bench, from)).includes(NEW))
  })

  test('a principal is followed from token to token', async () => {
    const { bench, thread } = open()
    const guard = thread()
    await comes(guard, bench, '49.0.0.1', tokenOf('one'))
    const other = await comes(guard, bench, '61.0.0.1', tokenOf('two'))
    assert.equal(other.reason, 'credential_quarantined')
    // The owner's own is another one.
    assert.equal((await comes(guard, bench, '49.0.0.1', tokenOf('one'))).reason, undefined)
  })

  for (const travel of ['step-up', 'kill'] as const)
    test(`${travel}: a new log-in after the question opens that network, not others`, async () => {
      const { bench, thread } = open({ travel, acr: ['urn:mfa'] })
      const guard = thread()
      const refused = travel === 'kill' ? 'credential_quarantined' : 'hijack_step_up'
      const loggedInNow = (jti: string, acr = 'urn:mfa'): Principal =>
        tokenOf(jti, { auth_time: Math.floor(bench.clock.nowMs() / 1000), acr })
      await comes(guard, bench, '49.0.0.1', loggedInNow('one'))
      bench.clock.advance(60_000)
      assert.equal((await comes(guard, bench, '61.0.0.1', tokenOf('two'))).reason, refused)
      bench.clock.advance(60_000)
      const weak = loggedInNow('three', 'urn:password')
      assert.equal((await comes(guard, bench, '61.0.0.1', weak)).reason, refused)
      const strong = loggedInNow('four')
      assert.equal((await comes(guard, bench, '61.0.0.1', strong)).reason, undefined)
      assert.equal((await comes(guard, bench, '49.0.0.1', loggedInNow('five'))).reason, undefined)
      // Another network there was not asked yet.
      assert.equal((await comes(guard, bench, '61.9.0.1', loggedInNow('six'))).reason, refused)
    })

  test('an old log-in is no answer', async () => {
    const { bench, thread } = open({ travel: 'step-up' })
    const guard = thread()
    const old = (jti: string): Principal =>
      tokenOf(jti, { auth_time: Math.floor(bench.clock.nowMs() / 1000) - 600 })
    await comes(guard, bench, '49.0.0.1', old('one'))
    for (const jti of ['two', 'three'])
      assert.equal((await comes(guard, bench, '61.0.0.1', old(jti))).reason, 'hijack_step_up')
  })

  for (const [how, keys] of [
    ['lifting the credential', () => riskKeys('credential:key:k1')],
    ['unlocking the key', (bench: Bench) => unlockKeys({ principal: 'key:k1' }, bench.sites)],
  ] as const)
    test(`${how} lets the key in from where it is`, async () => {
      const { bench, thread } = open()
      const guard = thread()
      await comes(guard, bench, '49.0.0.1')
      assert.equal((await comes(guard, bench, '61.0.0.1')).reason, 'credential_quarantined')
      for (const name of keys(bench)) bench.counters.reset(name)
      assert.equal((await comes(guard, bench, '61.0.0.1')).reason, undefined)
    })

  test('on trial it is told and nothing follows', async () => {
    const { bench, kit } = open()
    const modes = new Map([['hijack', 'monitor'] as const])
    const guard = bench.guard(hijack, 'me', { detect: bench.policy.detect, modes }, kit)
    await comes(guard, bench, '49.0.0.1')
    const there = await comes(guard, bench, '61.0.0.1')
    assertRefused(undefined, there.reason)
    assert.ok(eventsOf(there).includes(IMPOSSIBLE))
  })
})
