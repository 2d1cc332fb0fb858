import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { KeyRequest } from '../../identity/keys/key-request.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { keyRestrictions } from './control.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}

const PUBLISHABLE: KeyRequest = { kind: 'pk', origins: ['https://shop.example.com'] }
const OFFICE: KeyRequest = { cidrs: ['192.0.2.0/24', '2001:db8::/32'] }

const cases: [name: string, key: KeyRequest, parts: RequestParts, reason: string | undefined][] = [
  ['lets a bare secret key pass', {}, {}, undefined],
  [
    'lets a server pass whose runtime says Sec-Fetch-Mode, as Node does',
    {},
    { headers: ['Sec-Fetch-Mode', 'cors', 'User-Agent', 'node'] },
    undefined,
  ],
  [
    'refuses a secret key from a page',
    {},
    { headers: ['Origin', 'https://shop.example.com'] },
    'key_in_browser',
  ],
  [
    'refuses a secret key from a sandboxed page',
    {},
    { headers: ['Origin', 'null'] },
    'key_in_browser',
  ],
  [
    'refuses a secret key from an address bar or extension',
    {},
    { headers: ['Sec-Fetch-Site', 'none'] },
    'key_in_browser',
  ],
  [
    'refuses a secret key from a page even where it names the origin',
    { origins: ['https://shop.example.com'] },
    { headers: ['Origin', 'https://shop.example.com'] },
    'key_in_browser',
  ],
  ['lets a key pass from its network', OFFICE, { peer: '192.0.2.9' }, undefined],
  ['lets a key pass from its IPv6 network', OFFICE, { peer: '2001:db8:1::9' }, undefined],
  ['refuses a key from another network', OFFICE, { peer: '198.51.100.9' }, 'key_network'],
  ['refuses a key one address past its network', OFFICE, { peer: '192.0.3.0' }, 'key_network'],
  ['lets a key pass at its operation', { operations: ['list'] }, {}, undefined],
  ['refuses a key at another operation', { operations: ['create'] }, {}, 'key_operation'],
  [
    'lets a publishable key pass from its page',
    PUBLISHABLE,
    { headers: ['Origin', 'https://shop.example.com'] },
    undefined,
  ],
  [
    'refuses a publishable key that writes',
    PUBLISHABLE,
    { method: 'POST', headers: ['Origin', 'https://shop.example.com'] },
    'key_read_only',
  ],
  [
    'lets a publishable key pass when its own page reads and says no origin',
    PUBLISHABLE,
    { host: 'shop.example.com', headers: ['Sec-Fetch-Site', 'same-origin'] },
    undefined,
  ],
  [
    'refuses a publishable key from the page of another host that says no origin',
    PUBLISHABLE,
    { host: 'other.example.com', headers: ['Sec-Fetch-Site', 'same-origin'] },
    'key_origin',
  ],
  [
    'refuses a publishable key over plain HTTP from its host',
    PUBLISHABLE,
    { host: 'shop.example.com', tls: null, headers: ['Sec-Fetch-Site', 'same-origin'] },
    'key_origin',
  ],
  [
    'refuses a publishable key from a page whose origin only begins alike',
    PUBLISHABLE,
    { headers: ['Origin', 'https://shop.example.com.evil.test'] },
    'key_origin',
  ],
  ['refuses a publishable key without any origin', PUBLISHABLE, {}, 'key_origin'],
]

suite('key-restrictions', () => {
  test('holds the second of two keys to its restrictions too', async () => {
    const bench = new Bench({ document: DOCUMENT })
    const keys = await Promise.all(
      [{}, OFFICE].map(async (request) => {
        const { text } = await bench.key(request)
        const verified = await bench.keys.verify(text, bench.clock.nowMs())
        assert.ok('principal' in verified)
        return verified
      }),
    )
    const exchange = exchangeOf({ peer: '198.51.100.9' })
    exchange.keys = keys
    const refusal = await bench.guard(keyRestrictions, 'list').request(exchange)
    assertRefused(refusal, 'key_network', 403)
  })

  for (const [name, key, parts, reason] of cases) {
    test(name, async () => {
      const bench = new Bench({ document: DOCUMENT })
      const { text } = await bench.key(key)
      const verified = await bench.keys.verify(text, bench.clock.nowMs())
      assert.ok('principal' in verified)
      const exchange = exchangeOf(parts)
      exchange.keys = [verified]
      exchange.principal = verified.principal
      const refusal = await bench.guard(keyRestrictions, 'list').request(exchange)
      assertRefused(refusal, reason, reason === undefined ? undefined : 403)
    })
  }

  test('looks at nothing where no key was shown', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(keyRestrictions, 'list')
    assert.equal(
      await guard.request(exchangeOf({ headers: ['Origin', 'https://a.test'] })),
      undefined,
    )
  })

  test('has nothing to do without an operation', () => {
    assert.equal(new Bench().guard(keyRestrictions).guard, undefined)
  })

  test('every reason is reached', () => {
    assertEveryReason(
      keyRestrictions,
      cases.map((row) => row[3]),
    )
  })
})
