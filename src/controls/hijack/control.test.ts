import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { keyRestrictions } from '../key-restrictions/control.ts'
import { riskKeys } from '../risk-book.ts'
import { Bench, refusalOf } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { unlockKeys } from '../unlock-keys.ts'
import { hijack } from './control.ts'
import { agentClass, networkOf } from './features.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/me': { get: { operationId: 'me', responses: { 200: { description: 'ok' } } } } },
}

const token: Principal = {
  ...ANONYMOUS,
  id: 'https://id.test|ann',
  kind: 'jwt',
  subject: 'ann',
  issuer: 'https://id.test',
  credentialId: 'jti-1',
}
const key: Principal = { ...ANONYMOUS, id: 'key:k1', kind: 'apiKey', credentialId: 'k1' }

/** Address, agent, HTTP version. */
type Client = readonly [peer: string, agent: string, httpVersion?: string]
const home: Client = ['198.51.100.7', 'Browser/1.0 (Desk 7)']

const ROWS: [
  name: string,
  response: 'log' | 'step-up' | 'kill',
  principal: Principal,
  then: readonly Client[],
  reason: string | undefined,
][] = [
  ['the same client', 'kill', token, [home], undefined],
  ['another address of the network', 'kill', token, [['198.51.100.99', home[1]]], undefined],
  ['another version of the program', 'kill', token, [[home[0], 'Browser/2.0 (Desk 8)']], undefined],
  ['another network', 'kill', token, [['203.0.113.7', home[1]]], undefined],
  [
    'another network, then another program there',
    'kill',
    token,
    [
      ['203.0.113.7', home[1]],
      ['203.0.113.7', 'curl/8'],
    ],
    undefined,
  ],
  [
    'another network and program',
    'kill',
    token,
    [['203.0.113.7', 'curl/8']],
    'credential_quarantined',
  ],
  [
    'another network and stack',
    'kill',
    token,
    [['203.0.113.7', home[1], '2.0']],
    'credential_quarantined',
  ],
  [
    'the owner after that',
    'kill',
    token,
    [['203.0.113.7', 'curl/8'], home],
    'credential_quarantined',
  ],
  ['a key as well', 'kill', key, [['203.0.113.7', 'curl/8']], 'credential_quarantined'],
  ['a token, stepped up', 'step-up', token, [['203.0.113.7', 'curl/8']], 'hijack_step_up'],
  ['a key, which cannot', 'step-up', key, [['203.0.113.7', 'curl/8']], 'hijack_wait'],
  ['the owner goes on', 'step-up', token, [['203.0.113.7', 'curl/8'], home], undefined],
  ['anything that is only logged', 'log', token, [['203.0.113.7', 'curl/8']], undefined],
  ['nobody', 'kill', ANONYMOUS, [['203.0.113.7', 'curl/8']], undefined],
  [
    'what the API checks',
    'kill',
    { ...token, kind: 'upstream' },
    [['203.0.113.7', 'curl/8']],
    undefined,
  ],
]

function requestOf(
  bench: Bench,
  principal: Principal,
  [peer, agent, httpVersion = '1.1']: Client,
): Exchange {
  const headers = ['User-Agent', agent]
  return exchangeOf({ peer, headers, httpVersion, principal, site: bench.site('me') })
}

const detectOf = (response: 'log' | 'step-up' | 'kill') => ({
  ...NOTHING_WATCHED,
  hijack: { response, travel: undefined, vpn: [], fingerprint: undefined },
})

suite('hijack', () => {
  for (const [name, response, principal, then, reason] of ROWS)
    for (const place of ['here', 'elsewhere'] as const)
      test(`${response}: ${name} (counters ${place})`, async () => {
        const bench = new Bench({ document: SHOP, policy: { detect: detectOf(response) } })
        const kit = place === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() }
        const guard: TestGuard = bench.guard(hijack, 'me', undefined, kit)
        assertRefused(await guard.request(requestOf(bench, principal, home)), undefined)
        // A second use, as each thread has it: what is remembered must not get in the way.
        await guard.request(requestOf(bench, principal, home))
        let last
        for (const client of then) last = await guard.request(requestOf(bench, principal, client))
        assertRefused(last, reason)
      })

  test('a step-up asks as RFC 9470 says', async () => {
    const detect = { ...detectOf('step-up'), acr: ['urn:mfa'] }
    const bench = new Bench({ document: SHOP, policy: { detect } })
    const guard = bench.guard(hijack, 'me')
    await guard.request(requestOf(bench, token, home))
    const refusal = await guard.request(requestOf(bench, token, ['203.0.113.7', 'curl/8']))
    assert.match(
      valueOf(refusal?.denial.headers, 'WWW-Authenticate') ?? '',
      /^Bearer error="insufficient_user_authentication".*acr_values="urn:mfa", max_age="0"$/,
    )
    assert.equal(refusal?.spec.status, 401)
  })

  test('a quarantine ends with the token, a day at most', async () => {
    const bench = new Bench({ document: SHOP, policy: { detect: detectOf('kill') } })
    const guard = bench.guard(hijack, 'me')
    await guard.request(requestOf(bench, key, home))
    await guard.request(requestOf(bench, key, ['203.0.113.7', 'curl/8']))
    bench.clock.advance(86_399_000)
    assertRefused(await guard.request(requestOf(bench, key, home)), 'credential_quarantined', 401)
    bench.clock.advance(2000)
    assertRefused(await guard.request(requestOf(bench, key, home)), undefined)
  })

  for (const [response, isPutAway] of [
    ['kill', true],
    ['step-up', true],
    ['log', false],
  ] as const)
    test(`a key used five times from elsewhere is ${isPutAway ? '' : 'not '}put away with ${response}`, async () => {
      const bench = new Bench({ document: SHOP, policy: { detect: detectOf(response) } })
      const guard = bench.guard(hijack, 'me')
      const made = await bench.key({ cidrs: ['198.51.100.0/24'] })
      const found = await bench.keys.verify(made.text, bench.clock.nowMs(), {
        network: '',
        agent: '',
      })
      assert.ok('principal' in found)
      const refusal = refusalOf(keyRestrictions, 'key_network')
      for (let n = 0; n < 5; n++) {
        assertRefused(await guard.request(requestOf(bench, found.principal, home)), undefined)
        const exchange = requestOf(bench, found.principal, ['203.0.113.7', home[1]])
        exchange.keys = [found]
        assert.equal(await guard.refusal(exchange, refusal), undefined)
      }
      const own = await guard.request(requestOf(bench, found.principal, home))
      assertRefused(own, isPutAway ? 'credential_quarantined' : undefined)
    })

  for (const [how, keys] of [
    ['lifted', (id: string) => riskKeys(`credential:key:${id}`)],
    ['unlocked', (id: string, bench: Bench) => unlockKeys({ principal: `key:${id}` }, bench.sites)],
  ] as const)
    test(`five uses from elsewhere count over threads; ${how}, it takes five more`, async () => {
      const bench = new Bench({ document: SHOP, policy: { detect: detectOf('kill') } })
      const threads = [1, 2, 3].map(() => bench.guard(hijack, 'me', undefined, { ...bench.kit }))
      const made = await bench.key({ cidrs: ['198.51.100.0/24'] })
      const use = { network: '', agent: '' }
      const found = await bench.keys.verify(made.text, bench.clock.nowMs(), use)
      assert.ok('principal' in found)
      const { principal } = found
      const refusal = refusalOf(keyRestrictions, 'key_network')
      const events: string[] = []
      const reasonAfter = async (foreign: number): Promise<string | undefined> => {
        for (let n = 0; n < foreign; n++) {
          const exchange = requestOf(bench, principal, ['203.0.113.7', home[1]])
          exchange.keys = [found]
          await threads[n % 3]?.refusal(exchange, refusal)
          events.push(...exchange.events.map(({ reason }) => reason))
        }
        return (await threads[0]?.request(requestOf(bench, principal, home)))?.denial.reason
      }
      assert.equal(await reasonAfter(4), undefined)
      assert.equal(await reasonAfter(1), 'credential_quarantined')
      assert.deepEqual(events, ['foreign_network', 'quarantine'])
      for (const name of keys(made.id, bench)) bench.counters.reset(name)
      assert.equal(await reasonAfter(4), undefined)
      assert.equal(await reasonAfter(1), 'credential_quarantined')
      bench.clock.advance(86_400_001)
      assert.equal(await reasonAfter(0), undefined)
    })

  test('networks and agents are coarse', () => {
    assert.equal(networkOf('198.51.100.7'), '198.51.100.0/24')
    assert.equal(networkOf('2001:db8:1:2::/64'), '2001:db8:1::/48')
    assert.equal(networkOf('2001:db8::/64'), '2001:db8:0::/48')
    assert.equal(networkOf('::/64'), networkOf('0:0:0:0::/64').replace('0:0:0', ':0:0'))
    assert.equal(agentClass('curl/8.5.0'), agentClass('curl/7.81'))
    assert.notEqual(agentClass('curl/8'), agentClass('wget/8'))
    assert.equal(agentClass(' 12 '), 'none')
  })

  test('any text has a network and an agent', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3000 }), (text) => {
        assert.equal(typeof networkOf(text), 'string')
        assert.ok(agentClass(text).length <= 200)
      }),
    )
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      hijack,
      ROWS.map((row) => row[4]),
    ))
})
