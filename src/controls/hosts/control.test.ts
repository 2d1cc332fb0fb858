import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { hosts } from './control.ts'

type Row = [name: string, parts: RequestParts, reason: string | undefined]

const WILD: RequestParts = { tls: '' }

const ROWS: readonly Row[] = [
  ['serves its own name', { host: 'api.example.com' }, undefined],
  ['serves it in any case and with a port', { host: 'API.Example.com:8443' }, undefined],
  ['serves an IPv4 address', { ...WILD, host: '127.0.0.1:8443' }, undefined],
  ['serves an IPv6 address', { ...WILD, host: '[::1]:8443' }, undefined],
  ['serves an IPv6 address in long spelling', { ...WILD, host: '[0:0:0:0:0:0:0:1]' }, undefined],
  ['serves one label below a wildcard', { ...WILD, host: 'eu.shop.example' }, undefined],
  ['serves over plain HTTP, which names no server', { tls: null }, undefined],
  [
    'serves the authority of HTTP/2',
    { httpVersion: '2.0', authority: 'api.example.com' },
    undefined,
  ],
  ['refuses two labels below a wildcard', { ...WILD, host: 'a.eu.shop.example' }, 'misdirected'],
  ['refuses the wildcard itself', { ...WILD, host: 'shop.example' }, 'misdirected'],
  ['refuses a wildcard without a label', { ...WILD, host: '.shop.example' }, 'misdirected'],
  ['refuses another name', { ...WILD, host: 'evil.example' }, 'misdirected'],
  [
    'refuses a name that only ends like its own',
    { ...WILD, host: 'xapi.example.com' },
    'misdirected',
  ],
  ['refuses a closing dot', { ...WILD, host: 'api.example.com.' }, 'misdirected'],
  ['refuses another IPv6 address', { ...WILD, host: '[::2]' }, 'misdirected'],
  ['refuses a host that is none', { ...WILD, host: 'a@b' }, 'misdirected'],
  ['refuses a host other than the one of the handshake', { host: 'localhost' }, 'misdirected'],
]

suite('hosts', () => {
  const policy = {
    listen: { hosts: ['api.example.com', 'localhost', '127.0.0.1', '::1', '*.shop.example'] },
  }
  const guard = new Bench({ policy }).guard(hosts)

  for (const [name, parts, reason] of ROWS) {
    test(name, async () => assertRefused(await guard.request(exchangeOf(parts)), reason, 421))
  }

  test('the server name of the handshake counts in any case', async () => {
    assert.equal(await guard.request(exchangeOf({ tls: 'API.example.com' })), undefined)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      hosts,
      ROWS.map((row) => row[2]),
    ))
})
