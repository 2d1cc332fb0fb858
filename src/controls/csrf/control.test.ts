import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { csrf } from './control.ts'

const ok = { 200: { description: 'ok' } }
const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      Session: { type: 'apiKey', in: 'cookie', name: 'sid' },
      Key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    },
  },
  paths: {
    '/me': {
      get: { operationId: 'read', security: [{ Session: [] }], responses: ok },
      post: { operationId: 'change', security: [{ Session: [] }, { Key: [] }], responses: ok },
      delete: { operationId: 'byKey', security: [{ Key: [] }], responses: ok },
      put: { operationId: 'bare', responses: ok },
    },
    '/live': {
      get: {
        operationId: 'upgrade',
        security: [{ Session: [] }],
        responses: { 101: { description: 'WebSocket' } },
      },
    },
  },
}

const SID = ['Cookie', 'sid=1']
const signedIn = (...headers: string[]): RequestParts => ({ headers: [...SID, ...headers] })

const ROWS: readonly [name: string, id: string, parts: RequestParts, reason: string | undefined][] =
  [
    ['passes the own page', 'change', signedIn('Sec-Fetch-Site', 'same-origin'), undefined],
    ['passes what the user typed', 'change', signedIn('Sec-Fetch-Site', 'none'), undefined],
    ['refuses another site', 'change', signedIn('Sec-Fetch-Site', 'cross-site'), 'cross_site'],
    ['refuses a sister site', 'change', signedIn('Sec-Fetch-Site', 'same-site'), 'cross_site'],
    [
      'refuses another site that writes the own origin',
      'change',
      signedIn('Sec-Fetch-Site', 'cross-site', 'Origin', 'https://api.example.com'),
      'cross_site',
    ],
    [
      'passes the own origin of an older browser',
      'change',
      signedIn('Origin', 'https://api.example.com'),
      undefined,
    ],
    [
      'passes the own origin where the host names its port',
      'change',
      { ...signedIn('Origin', 'https://api.example.com'), host: 'api.example.com:443' },
      undefined,
    ],
    [
      'refuses another port',
      'change',
      signedIn('Origin', 'https://api.example.com:8443'),
      'cross_site',
    ],
    [
      'refuses the own name over HTTP',
      'change',
      signedIn('Origin', 'http://api.example.com'),
      'cross_site',
    ],
    ['refuses null', 'change', signedIn('Origin', 'null'), 'cross_site'],
    [
      'refuses an origin that is none',
      'change',
      signedIn('Origin', 'https://api.example.com/'),
      'cross_site',
    ],
    ['refuses a request that says nothing', 'change', signedIn(), 'cross_site'],
    [
      'refuses where the host cannot be read',
      'change',
      { ...signedIn('Origin', 'https://api.example.com'), host: 'a@b' },
      'cross_site',
    ],
    [
      'passes a listed origin',
      'change',
      signedIn('Sec-Fetch-Site', 'cross-site', 'Origin', 'https://app.example.com'),
      undefined,
    ],
    ['passes without the cookie', 'change', { headers: ['X-API-Key', 'k'] }, undefined],
    [
      'passes a key beside a cookie of another kind',
      'change',
      { headers: ['X-API-Key', 'k', 'Cookie', 'ad=1'] },
      undefined,
    ],
    [
      'finds the cookie among others',
      'change',
      { headers: ['Cookie', 'ad=1', 'Cookie', 'b=2; sid=1'] },
      'cross_site',
    ],
    [
      'refuses an upgrade from another site',
      'upgrade',
      signedIn('Origin', 'https://evil.example'),
      'cross_site',
    ],
    [
      'passes an upgrade from the own page',
      'upgrade',
      signedIn('Origin', 'https://api.example.com'),
      undefined,
    ],
  ]

suite('csrf', () => {
  const bench = new Bench({
    document: SHOP,
    policy: { listen: { cors: ['https://app.example.com'] } },
  })

  for (const [name, id, parts, reason] of ROWS) {
    test(name, async () => {
      const exchange = exchangeOf({ method: 'POST', ...parts })
      assertRefused(await bench.guard(csrf, id).request(exchange), reason, 403)
      if (reason !== undefined) assert.equal(exchange.events[0]?.name, 'malicious_csrf')
    })
  }

  for (const [name, id] of [
    ['reads', 'read'],
    ['operations without a cookie credential', 'byKey'],
    ['operations that say nothing of security', 'bare'],
  ] as const) {
    test(`has nothing to do for ${name}`, () =>
      assert.equal(bench.guard(csrf, id).guard, undefined))
  }

  test('stays away from requests that have no operation', () =>
    assert.equal(bench.guard(csrf).guard, undefined))

  test('the rows reach every reason', () =>
    assertEveryReason(
      csrf,
      ROWS.map((row) => row[3]),
    ))
})
