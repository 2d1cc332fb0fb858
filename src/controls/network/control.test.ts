import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../base/clock.ts'
import { ANY_NETWORK } from '../../pipeline/network-policy.ts'
import type { CountryRule, NetworkPolicy } from '../../pipeline/network-policy.ts'
import type { PlaceDatabase } from '../../store/places/place-database.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { network } from './control.ts'

type Row = [
  name: string,
  rules: Partial<NetworkPolicy>,
  request: RequestParts,
  reason: string | undefined,
]

const from = (peer: string): RequestParts => ({ peer })
const countries = (rule: Partial<CountryRule>): Partial<NetworkPolicy> => ({
  countries: { allow: undefined, deny: [], onMissing: 'deny', status: 403, ...rule },
})
const OFFICE = { allow: ['198.51.100.0/24', '2001:db8::/32'], deny: ['198.51.100.66'] }
const BAD = { name: 'bad', action: 'deny', addresses: ['203.0.113.0/24'] } as const
const PORTS: Partial<NetworkPolicy> = { listeners: new Map([['http', OFFICE]]) }

const ROWS: readonly Row[] = [
  ['lets in what is allowed', { addresses: OFFICE }, from('198.51.100.7'), undefined],
  ['lets in IPv6 blocks', { addresses: OFFICE }, from('2001:db8:1::7'), undefined],
  ['refuses what is not', { addresses: OFFICE }, from('203.0.113.7'), 'network'],
  ['refuses what is allowed and denied', { addresses: OFFICE }, from('198.51.100.66'), 'network'],
  ['refuses a peer that is no address', { addresses: OFFICE }, from('socket:gate'), 'network'],
  [
    'refuses what is denied where nothing is allowed by name',
    { addresses: { allow: [], deny: ['203.0.113.0/24'] } },
    from('203.0.113.7'),
    'network',
  ],
  ['keeps a port to its networks', PORTS, { peer: '203.0.113.7', tls: null }, 'listener_network'],
  ['leaves the other port alone', PORTS, from('203.0.113.7'), undefined],
  ['refuses whom a list names', { lists: [BAD] }, from('203.0.113.7'), 'listed_address'],
  ['lets in whom no list names', { lists: [BAD] }, from('198.51.100.7'), undefined],
  [
    'refuses whom any of several lists names',
    { lists: [{ name: 'seen', action: 'note', addresses: ['203.0.113.7'] }, BAD] },
    from('203.0.113.7'),
    'listed_address',
  ],
  ...['2002:cb00:7107::1', '64:ff9b::203.0.113.7', '::ffff:0:203.0.113.7', '::203.0.113.7'].map(
    (peer): Row => [
      `refuses what is denied as ${peer}`,
      { lists: [BAD] },
      from(peer),
      'listed_address',
    ],
  ),
  [
    'refuses what is denied by Teredo',
    { addresses: { allow: [], deny: ['203.0.113.0/24'] } },
    from('2001:0:4136:e378:8000:63bf:34ff:8ef8'),
    'network',
  ],
  [
    'does not let in by an address inside another',
    { addresses: { allow: ['198.51.100.0/24'], deny: [] } },
    from('64:ff9b::198.51.100.7'),
    'network',
  ],
  [
    'refuses a denied country inside another address',
    countries({ deny: ['DE'] }),
    from('64:ff9b::192.0.2.1'),
    'region',
  ],
  [
    'has no allowed country inside another address',
    countries({ allow: ['DE'] }),
    from('64:ff9b::192.0.2.1'),
    'region',
  ],
  ['lets in an allowed country', countries({ allow: ['DE'] }), from('192.0.2.1'), undefined],
  ['refuses another country', countries({ allow: ['CH'] }), from('192.0.2.1'), 'region'],
  ['refuses a denied country', countries({ deny: ['DE'] }), from('192.0.2.1'), 'region'],
  ['has no unknown country in a list', countries({ allow: ['DE'] }), from('192.0.2.9'), 'region'],
  [
    'lets an unknown country be not denied',
    countries({ deny: ['DE'] }),
    from('192.0.2.9'),
    undefined,
  ],
]

const MONTH_MS = 30 * 86_400_000
const BUILT_MS = new FakeClock().nowMs()

/** Knows one address, and grows old after a month. */
const PLACES: PlaceDatabase = {
  path: 'test.mmdb',
  builtMs: BUILT_MS,
  fault: undefined,
  isUsable: (nowMs) => nowMs <= BUILT_MS + MONTH_MS,
  usableUntilMs: BUILT_MS + MONTH_MS,
  find: (address) => ({ country: address === '192.0.2.1' ? 'DE' : '', region: '' }),
}

function guardOf(rules: Partial<NetworkPolicy>, places: PlaceDatabase | undefined = PLACES) {
  const bench = new Bench({ policy: { network: { ...ANY_NETWORK, ...rules } } })
  return { bench, guard: bench.guard(network, undefined, undefined, { ...bench.kit, places }) }
}

suite('network', () => {
  for (const [name, rules, request, reason] of ROWS) {
    test(name, async () => {
      const denial = await guardOf(rules).guard.request(exchangeOf(request))
      assertRefused(denial, reason, 403)
    })
  }

  test('answers 451 where the law asks for it', async () => {
    const { guard } = guardOf(countries({ deny: ['DE'], status: 451 }))
    assertRefused(await guard.request(exchangeOf(from('192.0.2.1'))), 'region', 451)
  })

  const missing = { ...PLACES, isUsable: () => false, fault: 'gone', builtMs: undefined }
  const WITHOUT: readonly (readonly [string, Partial<CountryRule>, string | undefined])[] = [
    ['refuses everybody by a rule that lets in', { allow: ['DE'] }, 'region'],
    ['refuses everybody by a rule that refuses', { deny: ['US'] }, 'region'],
    ['passes where the policy says so', { deny: ['US'], onMissing: 'allow' }, undefined],
    ['never passes a rule that lets in', { allow: ['DE'], onMissing: 'allow' }, 'region'],
  ]
  for (const [name, rule, reason] of WITHOUT) {
    test(`without a database ${name}`, async () => {
      const { guard } = guardOf(countries(rule), missing)
      assertRefused(await guard.request(exchangeOf(from('192.0.2.1'))), reason, 403)
    })
  }

  test('a database that grew old while it served decides nothing any more', async () => {
    const { guard, bench } = guardOf(countries({ allow: ['DE'] }))
    assertRefused(await guard.request(exchangeOf(from('192.0.2.1'))), undefined, 403)
    bench.clock.advance(MONTH_MS + 1)
    assertRefused(await guard.request(exchangeOf(from('192.0.2.1'))), 'region', 403)
  })

  test('a list that only notes tells the log and lets pass', async () => {
    const { guard } = guardOf({ lists: [{ ...BAD, name: 'seen', action: 'note' }] })
    const exchange = exchangeOf(from('203.0.113.7'))
    assertRefused(await guard.request(exchange), undefined, 403)
    assert.deepEqual(
      exchange.events.map(({ name, detail }) => [name, detail]),
      [['sp_listed_address', 'on the list seen']],
    )
  })

  test('tells conditions where the client is', async () => {
    const { guard } = guardOf({})
    const exchange = exchangeOf(from('192.0.2.1'))
    await guard.request(exchange)
    assert.equal(exchange.placeOfClient?.('192.0.2.1')?.country, 'DE')
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      network,
      ROWS.map((row) => row[3]),
    ))
})
