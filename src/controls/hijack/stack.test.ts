import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { hijack } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/me': { get: { operationId: 'me', responses: { 200: { description: 'ok' } } } } },
}
const key: Principal = { ...ANONYMOUS, id: 'key:k1', kind: 'apiKey', credentialId: 'k1' }

type Client = Pick<RequestParts, 'peer' | 'clientClass' | 'httpVersion' | 'tls' | 'headers'>

const home: Client = { peer: '198.51.100.7', clientClass: 'A' }
const away = (more: Client = {}): Client => ({ peer: '203.0.113.7', ...more })
const PROXY = '10.1.2.3'
const told = (network: string, print?: string, from = PROXY): Client => ({
  peer: from,
  clientClass: 'P',
  headers: ['X-Test-Client', network, ...(print === undefined ? [] : ['X-JA4', print])],
})

const KILLED = 'credential_quarantined'

const ROWS: [name: string, clients: readonly Client[], reason: string | undefined][] = [
  ['the same handshake from another network', [home, away({ clientClass: 'A' })], undefined],
  ['another handshake from another network', [home, away({ clientClass: 'B' })], KILLED],
  ['another handshake from the same network', [home, { ...home, clientClass: 'B' }], undefined],
  ['a resumed one from another network', [home, away()], undefined],
  [
    'a resumed one, then a whole one of the same kind',
    [home, away(), away({ clientClass: 'A' })],
    undefined,
  ],
  [
    'resumed ones first, then the first whole one from another network',
    [{ peer: '198.51.100.7' }, away({ clientClass: 'A' })],
    undefined,
  ],
  [
    'resumed ones first, a whole one, then another kind from another network',
    [{ peer: '198.51.100.7' }, home, away({ clientClass: 'B' })],
    KILLED,
  ],
  [
    'two programs of one network, each from another network',
    [home, { ...home, clientClass: 'B' }, away({ clientClass: 'B' }), away({ clientClass: 'A' })],
    undefined,
  ],
  ['plain HTTP from another network', [home, away({ tls: null })], KILLED],
  [
    'behind a proxy, the same print from another network',
    [told('a', 't13d'), told('b', 't13d')],
    undefined,
  ],
  [
    'behind a proxy, another print from another network',
    [told('a', 't13d'), told('b', 't12x')],
    KILLED,
  ],
  ['behind a proxy, no print from another network', [told('a', 't13d'), told('b')], undefined],
  [
    'behind a proxy, the last print is its word',
    [
      told('a', 't13d'),
      { ...told('b', 'forged'), headers: ['X-Test-Client', 'b', 'X-JA4', 't12x', 'X-JA4', 't13d'] },
    ],
    undefined,
  ],
  [
    'behind a proxy, its own handshake and protocol say nothing',
    [told('a', 't13d'), { ...told('b', 't13d'), clientClass: 'Q', httpVersion: '2.0' }],
    undefined,
  ],
  [
    'a stranger who writes the field is not believed',
    [home, { ...away({ clientClass: 'B' }), headers: ['X-JA4', 'x'] }],
    KILLED,
  ],
]

suite('the stack of a client', () => {
  for (const [name, clients, reason] of ROWS)
    for (const where of ['here', 'elsewhere'] as const)
      test(`${name} (counters ${where})`, async () => {
        const policy = {
          response: 'kill',
          travel: undefined,
          vpn: [],
          fingerprint: 'x-ja4',
        } as const
        const detect = { ...NOTHING_WATCHED, hijack: policy }
        const listen = { trustedProxies: ['10.0.0.0/8'] }
        const bench = new Bench({ document: SHOP, policy: { detect, listen } })
        const kit = where === 'here' ? bench.kit : { ...bench.kit, counters: bench.later() }
        const guard = bench.guard(hijack, 'me', undefined, kit)
        let last: string | undefined
        for (const client of clients) {
          const exchange = exchangeOf({ ...client, principal: key, site: bench.site('me') })
          const behind = exchange.head.headers.get('x-test-client')
          // What `address` would have found.
          if (behind !== undefined)
            exchange.clientKey = behind === 'a' ? '198.51.100.7' : '203.0.113.7'
          // Twice: what a thread remembers must not change the answer.
          last = (await guard.request(exchange))?.denial.reason
          assert.equal((await guard.request(exchange))?.denial.reason, last)
        }
        assert.equal(last, reason)
      })

  test('four clients of one key are known at first sight, more are looked at anew', async () => {
    const policy = { response: 'kill', travel: undefined, vpn: [], fingerprint: undefined } as const
    const bench = new Bench({
      document: SHOP,
      policy: { detect: { ...NOTHING_WATCHED, hijack: policy } },
    })
    let looks = 0
    const { counters } = bench
    const counted = new Proxy(counters, {
      get: (target, name) => {
        if (name === 'isBanned')
          return (one: string, nowMs: number) => {
            if (one.startsWith('hijack')) looks += 1
            return target.isBanned(one, nowMs)
          }
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const guard = bench.guard(hijack, 'me', undefined, { ...bench.kit, counters: counted })
    const looksOf = async (clients: number): Promise<number> => {
      const ask = async (n: number): Promise<unknown> =>
        guard.request(
          exchangeOf({
            peer: `198.51.100.${n}`,
            clientClass: 'A',
            principal: key,
            site: bench.site('me'),
          }),
        )
      for (let n = 0; n < clients; n++) await ask(n)
      looks = 0
      for (let n = 0; n < clients; n++) await ask(n)
      return looks
    }
    assert.equal(await looksOf(4), 0)
    assert.ok((await looksOf(6)) > 0)
  })
})
