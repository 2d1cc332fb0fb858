import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { address } from './control.ts'

const PROXIES = ['10.0.0.0/8', '192.0.2.1']

interface Found {
  readonly client?: string
  readonly key?: string
  readonly isSecure?: boolean
  readonly hidesClients?: boolean
  readonly reason?: string
}

type Row = [name: string, parts: RequestParts, found: Found, header?: 'forwarded']

const PROXY: RequestParts = { peer: '10.1.2.3', tls: null }
const via = (...headers: string[]): RequestParts => ({ ...PROXY, headers })

const ROWS: readonly Row[] = [
  ['takes the peer of a direct client', { peer: '203.0.113.9' }, { client: '203.0.113.9' }],
  [
    'believes no forwarded address from a stranger',
    { peer: '203.0.113.9', headers: ['X-Forwarded-For', '1.1.1.1'] },
    { client: '203.0.113.9', hidesClients: false },
  ],
  [
    'believes no scheme from a stranger',
    { peer: '203.0.113.9', tls: null, headers: ['X-Forwarded-Proto', 'https'] },
    { isSecure: false },
  ],
  [
    'takes the last hop that is no proxy',
    via('X-Forwarded-For', '9.9.9.9, 203.0.113.7, 10.9.9.9'),
    { client: '203.0.113.7' },
  ],
  [
    'ignores what the client wrote before',
    via('X-Forwarded-For', '1.1.1.1', 'X-Forwarded-For', '203.0.113.7'),
    { client: '203.0.113.7' },
  ],
  [
    'takes the first hop where all are proxies',
    via('X-Forwarded-For', '10.0.0.1, 10.0.0.2'),
    { client: '10.0.0.1', hidesClients: false },
  ],
  ['drops ports', via('X-Forwarded-For', '203.0.113.7:4711'), { client: '203.0.113.7' }],
  [
    'counts IPv6 by its /64',
    via('X-Forwarded-For', '2001:db8:1:2:3:4:5:6'),
    { client: '2001:db8:1:2:3:4:5:6', key: '2001:db8:1:2::/64' },
  ],
  [
    'reads IPv4 in IPv6 spelling',
    { peer: '::ffff:203.0.113.9' },
    { client: '203.0.113.9', key: '203.0.113.9' },
  ],
  [
    'trusts a proxy in IPv6 spelling',
    { ...via('X-Forwarded-For', '203.0.113.7'), peer: '::ffff:10.1.2.3' },
    { client: '203.0.113.7' },
  ],
  ['keeps a peer that is no address', { peer: 'socket:gate' }, { client: 'socket:gate' }],
  [
    'refuses a list with a name in it',
    via('X-Forwarded-For', 'evil'),
    { reason: 'forwarded_malformed' },
  ],
  ['refuses an empty list', via('X-Forwarded-For', ''), { reason: 'forwarded_malformed' }],
  [
    'takes HTTPS at a proxy for TLS',
    via('X-Forwarded-For', '1.2.3.4', 'X-Forwarded-Proto', 'https'),
    { isSecure: true },
  ],
  [
    'takes only the last scheme, the proxy wrote it',
    via('X-Forwarded-For', '1.2.3.4', 'X-Forwarded-Proto', 'https, http'),
    { isSecure: false },
  ],
  [
    'takes TLS up to here for TLS',
    { ...PROXY, tls: 'a.example', headers: ['X-Forwarded-For', '1.2.3.4'] },
    { isSecure: true },
  ],
  [
    'says that a proxy without a client hides everybody',
    PROXY,
    { client: '10.1.2.3', hidesClients: true },
  ],
  [
    'says that an unlisted private proxy hides everybody',
    { peer: '172.16.0.9', headers: ['X-Forwarded-For', '1.2.3.4'] },
    { client: '172.16.0.9', hidesClients: true },
  ],
  [
    'says so for Forwarded too',
    { peer: '127.0.0.1', headers: ['Forwarded', 'for=1.2.3.4'] },
    { hidesClients: true },
  ],
  [
    'takes a private client without such fields for a client',
    { peer: '172.16.0.9' },
    { hidesClients: false },
  ],
  [
    'reads Forwarded where it is configured',
    via('Forwarded', 'for=203.0.113.7;proto=https'),
    { client: '203.0.113.7', isSecure: true },
    'forwarded',
  ],
  [
    'takes the last proto of Forwarded',
    via('Forwarded', 'for=1.2.3.4;proto=https, for=203.0.113.7;proto=http'),
    { isSecure: false },
    'forwarded',
  ],
  [
    'looks at no X-Forwarded field where Forwarded is configured',
    via('Forwarded', 'for=203.0.113.7', 'X-Forwarded-Proto', 'https', 'X-Forwarded-For', '1.1.1.1'),
    { client: '203.0.113.7', isSecure: false },
    'forwarded',
  ],
  [
    'says that a hop that hides its client hides everybody',
    via('Forwarded', 'for=unknown'),
    { client: 'unknown', hidesClients: true },
    'forwarded',
  ],
  [
    'refuses Forwarded that cannot be read',
    via('Forwarded', 'for="'),
    { reason: 'forwarded_malformed' },
    'forwarded',
  ],
]

suite('address', () => {
  for (const [name, parts, found, header] of ROWS) {
    test(name, async () => {
      const forwardedHeader = header ?? 'x-forwarded-for'
      const bench = new Bench({ policy: { listen: { trustedProxies: PROXIES, forwardedHeader } } })
      const exchange = exchangeOf(parts)
      assertRefused(await bench.guard(address).request(exchange), found.reason, 400)
      if (found.client !== undefined) assert.equal(exchange.clientAddress, found.client)
      if (found.key !== undefined) assert.equal(exchange.clientKey, found.key)
      if (found.isSecure !== undefined) assert.equal(exchange.isSecure, found.isSecure)
      if (found.hidesClients !== undefined) assert.equal(exchange.hidesClients, found.hidesClients)
    })
  }

  test('warns of hidden clients once a minute', async () => {
    const bench = new Bench()
    const guard = bench.guard(address)
    const warnings = async (): Promise<number> => {
      const exchange = exchangeOf({ peer: '10.0.0.1', headers: ['X-Forwarded-For', '1.2.3.4'] })
      await guard.request(exchange)
      return exchange.events.filter(({ name }) => name === 'sp_client_hidden').length
    }
    assert.deepEqual([await warnings(), await warnings()], [1, 0])
    bench.clock.advance(60_000)
    assert.deepEqual([await warnings(), await warnings()], [1, 0])
  })

  test('refuses to start with a proxy that is no address', () => {
    const bench = new Bench({ policy: { listen: { trustedProxies: ['10.0.0.0/8', 'lb'] } } })
    assert.throws(() => bench.guard(address), ConfigError)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      address,
      ROWS.map((row) => row[2].reason),
    ))
})
