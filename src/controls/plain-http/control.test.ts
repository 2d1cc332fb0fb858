import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { plainHttp } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      Partner: { type: 'apiKey', in: 'header', name: 'Partner-Key' },
      Query: { type: 'apiKey', in: 'query', name: 'pass' },
    },
  },
  paths: {
    '/orders': {
      get: {
        parameters: [{ name: 'token', in: 'query', schema: { type: 'string' } }],
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}

type Plain = 'redirect' | 'refuse' | 'serve'
type Row = [
  name: string,
  plain: Plain,
  parts: RequestParts,
  reason: string | undefined,
  location?: string,
]

const HTTPS = 'https://api.example.com:8443'
const AUTH: RequestParts = { headers: ['Authorization', 'Bearer abc'] }
const LOOPBACK: RequestParts = { peer: '127.0.0.1' }

const ROWS: readonly Row[] = [
  ['redirects to the same target', 'redirect', { target: '/a?b=1' }, 'to_https', `${HTTPS}/a?b=1`],
  [
    'redirects in canonical spelling',
    'redirect',
    { target: '/%61?b=%41' },
    'to_https',
    `${HTTPS}/a?b=A`,
  ],
  ['redirects POST as well', 'redirect', { method: 'POST' }, 'to_https', `${HTTPS}/`],
  ['redirects an IPv6 host', 'redirect', { host: '[::1]:8080' }, 'to_https', 'https://[::1]:8443/'],
  [
    'redirects a declared parameter with a telling name',
    'redirect',
    { target: '/orders?token=2' },
    'to_https',
    `${HTTPS}/orders?token=2`,
  ],
  ['redirects on loopback too', 'redirect', LOOPBACK, 'to_https'],
  ['refuses to redirect an ambiguous path', 'redirect', { target: '/a/../b' }, 'https_required'],
  ['refuses to redirect a broken query', 'redirect', { target: '/a?b=%zz' }, 'https_required'],
  ['refuses to redirect without a host', 'redirect', { host: 'a@b' }, 'https_required'],
  ['refuses a bearer token', 'redirect', AUTH, 'cleartext_credential'],
  ['refuses a cookie', 'redirect', { headers: ['Cookie', 'sid=1'] }, 'cleartext_credential'],
  ['refuses an API key', 'redirect', { headers: ['X-API-Key', 'abc'] }, 'cleartext_credential'],
  [
    'refuses a declared key field',
    'redirect',
    { headers: ['Partner-Key', 'abc'] },
    'cleartext_credential',
  ],
  [
    'refuses a declared key in the query',
    'redirect',
    { target: '/orders?pass=1' },
    'cleartext_credential',
  ],
  [
    'refuses an undeclared key in the query',
    'redirect',
    { target: '/orders?api_key=1' },
    'cleartext_credential',
  ],
  ['refuses everything', 'refuse', {}, 'https_required'],
  ['refuses on loopback', 'refuse', LOOPBACK, 'https_required'],
  ['refuses a credential as such', 'refuse', AUTH, 'cleartext_credential'],
  ['serves loopback', 'serve', { ...LOOPBACK, ...AUTH }, undefined],
  ['serves a listed balancer', 'serve', { peer: '10.0.0.1', ...AUTH }, undefined],
  ['serves nobody else', 'serve', {}, 'https_required'],
  ['serves nobody else with a credential', 'serve', AUTH, 'cleartext_credential'],
]

suite('plain-http', () => {
  const bench = new Bench({
    document: SHOP,
    policy: { listen: { trustedProxies: ['10.0.0.0/8'] } },
  })
  const listen = { trustedProxies: ['10.0.0.0/8'] }

  for (const [name, plain, parts, reason, location] of ROWS) {
    test(`${plain}: ${name}`, async () => {
      const guard = bench.guard(plainHttp, undefined, { listen: { ...listen, plain } })
      const refusal = await guard.request(exchangeOf({ tls: null, ...parts }))
      assertRefused(refusal, reason, reason === 'to_https' ? 308 : 403)
      assert.equal(refusal?.spec.close, reason === undefined ? undefined : true)
      if (location !== undefined)
        assert.equal(valueOf(refusal?.denial.headers, 'Location'), location)
    })
  }

  for (const plain of ['redirect', 'refuse', 'serve'] as const) {
    test(`${plain}: lets TLS pass, ended here or at a trusted proxy`, async () => {
      const guard = bench.guard(plainHttp, undefined, { listen: { plain } })
      assert.equal(await guard.request(exchangeOf(AUTH)), undefined)
    })
  }

  test('leaves the default port out of the redirect', async () => {
    const guard = bench.guard(plainHttp, undefined, { listen: { httpsPort: 443 } })
    const refusal = await guard.request(exchangeOf({ tls: null, target: '/a' }))
    assert.equal(valueOf(refusal?.denial.headers, 'Location'), 'https://api.example.com/a')
  })

  test('has nowhere to redirect to without an HTTPS port', async () => {
    const guard = bench.guard(plainHttp, undefined, { listen: { httpsPort: undefined } })
    assertRefused(await guard.request(exchangeOf({ tls: null })), 'https_required', 403)
  })

  const places: readonly [name: string, parts: (key: string) => RequestParts][] = [
    ['as a bearer token', (key) => ({ headers: ['Authorization', `Bearer ${key}`] })],
    ['in a declared field', (key) => ({ headers: ['Partner-Key', key] })],
    ['in a cookie', (key) => ({ headers: ['Cookie', `a=b; key=${key}`] })],
    ['in the query', (key) => ({ target: `/orders?a=1&token=${key}&b=2` })],
    ['in the path', (key) => ({ target: `/orders/${key}` })],
    ['in a target that cannot be read', (key) => ({ target: `/a/../b?key=${key}` })],
  ]
  for (const [name, parts] of places) {
    test(`a key of ours ${name} is marked as exposed`, async () => {
      const { text, id } = await bench.key()
      const exchange = exchangeOf({ tls: null, ...parts(text) })
      const guard = bench.guard(plainHttp)
      assertRefused(await guard.request(exchange), 'cleartext_credential', 403)
      assert.equal(exchange.events[0]?.name, 'sp_cleartext_credential')
      // Marking works on in the background.
      await new Promise((resolve) => setImmediate(resolve))
      assert.notEqual((await bench.keys.admin.show(id))?.exposedAtMs, undefined)
    })
  }

  test('a key with a wrong secret marks nobody', async () => {
    const { text, id } = await bench.key()
    const forged = bench.keys.format.format({
      ...(bench.keys.format.parse(text) ?? assert.fail()),
      secret: 'A'.repeat(43),
    })
    const exchange = exchangeOf({ tls: null, headers: ['X-API-Key', forged] })
    assertRefused(await bench.guard(plainHttp).request(exchange), 'cleartext_credential')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await bench.keys.admin.show(id))?.exposedAtMs, undefined)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      plainHttp,
      ROWS.map((row) => row[3]),
    ))
})
