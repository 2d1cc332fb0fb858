import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf, valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { cors } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      Key: { type: 'apiKey', in: 'header', name: 'Partner-Key' },
      Session: { type: 'apiKey', in: 'cookie', name: 'sid' },
    },
  },
  paths: {
    '/orders': {
      get: {
        operationId: 'list',
        security: [{ Key: [] }],
        parameters: [{ name: 'X-Tenant', in: 'header', schema: { type: 'string' } }],
        responses: { 200: { description: 'ok' } },
      },
      put: { operationId: 'bare', responses: { 200: { description: 'ok' } } },
    },
    '/me': {
      get: {
        operationId: 'me',
        security: [{ Session: [] }],
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}

const APP = 'https://app.example.com'
const VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'

function guardOf(id: string, origins: readonly string[] = [APP]): TestGuard {
  return new Bench({ document: SHOP, policy: { listen: { cors: origins } } }).guard(cors, id)
}

/** Origin and, for a preflight, the headers it asks for. */
type Row = [
  name: string,
  id: string,
  ask: { origin?: string; headers?: string; isPreflight?: boolean; cookie?: string; host?: string },
  reason: string | undefined,
]

const ROWS: readonly Row[] = [
  [
    'answers a preflight of a listed origin',
    'list',
    { origin: APP, isPreflight: true },
    'preflight',
  ],
  [
    'allows declared fields and those of keys',
    'list',
    { origin: APP, isPreflight: true, headers: 'x-tenant,partner-key, Content-Type,authorization' },
    'preflight',
  ],
  [
    'refuses undeclared fields',
    'list',
    { origin: APP, isPreflight: true, headers: 'x-tenant,x-debug' },
    'origin_not_allowed',
  ],
  [
    'refuses another origin',
    'list',
    { origin: 'https://evil.example', isPreflight: true },
    'origin_not_allowed',
  ],
  [
    'refuses an origin that begins like a listed one',
    'list',
    { origin: `${APP}.evil.example`, isPreflight: true },
    'origin_not_allowed',
  ],
  [
    'refuses an origin that ends like a listed one',
    'list',
    { origin: 'https://xapp.example.com', isPreflight: true },
    'origin_not_allowed',
  ],
  [
    'refuses a subdomain',
    'list',
    { origin: 'https://a.app.example.com', isPreflight: true },
    'origin_not_allowed',
  ],
  [
    'refuses the listed name over HTTP',
    'list',
    { origin: 'http://app.example.com', isPreflight: true },
    'origin_not_allowed',
  ],
  [
    'refuses another port',
    'list',
    { origin: `${APP}:8443`, isPreflight: true },
    'origin_not_allowed',
  ],
  ['refuses null', 'list', { origin: 'null', isPreflight: true }, 'origin_not_allowed'],
  ['refuses the asterisk', 'list', { origin: '*', isPreflight: true }, 'origin_not_allowed'],
  [
    'lets simple requests of strangers pass: their pages cannot read the answer',
    'list',
    { origin: 'https://evil.example', cookie: 'sid=1' },
    undefined,
  ],
  [
    'refuses a stranger with the session of a user',
    'me',
    { origin: 'https://evil.example', cookie: 'sid=1' },
    'origin_not_allowed',
  ],
  [
    'refuses null with the session of a user',
    'me',
    { origin: 'null', cookie: 'sid=1' },
    'origin_not_allowed',
  ],
  [
    'lets a stranger without the session pass on to authentication',
    'me',
    { origin: 'https://evil.example', cookie: 'ad=1' },
    undefined,
  ],
  ['lets a listed origin use the session', 'me', { origin: APP, cookie: 'sid=1' }, undefined],
  [
    'lets the own pages use the session',
    'me',
    { origin: 'https://api.example.com', cookie: 'sid=1' },
    undefined,
  ],
  [
    'knows its own pages whatever port is written',
    'me',
    { origin: 'https://api.example.com', host: 'api.example.com:443', cookie: 'sid=1' },
    undefined,
  ],
  ['lets requests without an origin pass', 'me', { cookie: 'sid=1' }, undefined],
]

function partsOf(ask: Row[2]): RequestParts {
  const headers = [
    ...(ask.origin === undefined ? [] : ['Origin', ask.origin]),
    ...(ask.headers === undefined ? [] : ['Access-Control-Request-Headers', ask.headers]),
    ...(ask.cookie === undefined ? [] : ['Cookie', ask.cookie]),
  ]
  return {
    method: ask.isPreflight === true ? 'OPTIONS' : 'GET',
    headers,
    ...(ask.host === undefined ? {} : { host: ask.host }),
  }
}

suite('cors', () => {
  for (const [name, id, ask, reason] of ROWS) {
    test(name, async () => {
      const exchange = exchangeOf(partsOf(ask))
      exchange.isPreflight = ask.isPreflight === true
      const refusal = await guardOf(id).request(exchange)
      assertRefused(refusal, reason, reason === 'preflight' ? 204 : 403)
      if (reason !== 'origin_not_allowed') return
      // A refused preflight carries no `Access-Control-` field at all.
      const all = [...(refusal?.denial.headers ?? []), ...guardOf(id).answer(exchange)]
      assert.deepEqual(
        all.filter((text) => text.toLowerCase().startsWith('access-control-')),
        [],
      )
      assert.equal(exchange.events[0]?.name, 'malicious_cors')
    })
  }

  test('a preflight says exactly what is allowed', async () => {
    const exchange = exchangeOf(partsOf({ origin: APP, isPreflight: true }))
    exchange.isPreflight = true
    const guard = guardOf('list')
    const refusal = await guard.request(exchange)
    assert.deepEqual(refusal?.denial.headers, [
      'Access-Control-Allow-Origin',
      APP,
      'Access-Control-Allow-Methods',
      'GET',
      'Access-Control-Allow-Headers',
      'content-type, authorization, x-api-key, x-tenant, partner-key',
      'Access-Control-Max-Age',
      '600',
      'Vary',
      VARY,
    ])
    assert.deepEqual(guard.answer(exchange), [], 'nothing is said twice')
  })

  test('a preflight allows credentials only where a cookie is one', async () => {
    const exchange = exchangeOf(partsOf({ origin: APP, isPreflight: true }))
    exchange.isPreflight = true
    const refusal = await guardOf('me').request(exchange)
    assert.equal(valueOf(refusal?.denial.headers, 'Access-Control-Allow-Credentials'), 'true')
  })

  test('refuses every preflight where CORS is off', async () => {
    const exchange = exchangeOf(partsOf({ origin: APP, isPreflight: true }))
    exchange.isPreflight = true
    assertRefused(await guardOf('list', []).request(exchange), 'origin_not_allowed', 403)
  })

  for (const status of [200, 401, 404, 429]) {
    test(`lets a listed origin read an answer with status ${status}`, () => {
      const exchange = exchangeOf(partsOf({ origin: APP }))
      exchange.status = status
      const headers = guardOf('list').answer(exchange)
      assert.equal(valueOf(headers, 'Access-Control-Allow-Origin'), APP)
      assert.deepEqual(valuesOf(headers, 'Vary'), ['Origin'])
      assert.equal(valueOf(headers, 'Access-Control-Allow-Credentials'), undefined)
      const exposed = valueOf(headers, 'Access-Control-Expose-Headers') ?? ''
      for (const name of ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'Sallyport-Request-Id'])
        assert.ok(exposed.split(', ').includes(name), name)
    })
  }

  const bareRows: [
    name: string,
    parts: RequestParts,
    origins: readonly string[],
    told: readonly string[],
  ][] = [
    [
      'lets a listed origin read refusals before an operation',
      partsOf({ origin: APP }),
      [APP],
      [APP],
    ],
    ['tells other origins nothing then', partsOf({ origin: 'https://evil.example' }), [APP], []],
    ['tells nobody anything then where CORS is off', partsOf({ origin: APP }), [], []],
    [
      'tells a preflight nothing then',
      { method: 'OPTIONS', headers: ['Origin', APP, 'Access-Control-Request-Method', 'GET'] },
      [APP],
      [],
    ],
  ]
  for (const [name, parts, origins, told] of bareRows) {
    test(name, () => {
      const guard = new Bench({ document: SHOP, policy: { listen: { cors: origins } } }).guard(cors)
      const headers = guard.answer(exchangeOf(parts))
      assert.deepEqual(valuesOf(headers, 'Access-Control-Allow-Origin'), told)
      // Some operation takes a cookie: pages that send it may read the refusal too.
      const credentials = told.length === 0 ? undefined : 'true'
      assert.equal(valueOf(headers, 'Access-Control-Allow-Credentials'), credentials)
    })
  }

  test('allows credentials on answers where a cookie is one', () => {
    const headers = guardOf('me').answer(exchangeOf(partsOf({ origin: APP })))
    assert.equal(valueOf(headers, 'Access-Control-Allow-Credentials'), 'true')
  })

  for (const [name, origin] of [
    ['a stranger', 'https://evil.example'],
    ['null', 'null'],
    ['nobody', undefined],
  ] as const) {
    test(`keeps caches from giving ${name} what is meant for another`, () => {
      const headers = guardOf('list').answer(
        exchangeOf(origin === undefined ? {} : partsOf({ origin })),
      )
      assert.deepEqual(headers, ['Vary', 'Origin'])
    })
  }

  test('says nothing where CORS is off', () =>
    assert.deepEqual(guardOf('list', []).answer(exchangeOf(partsOf({ origin: APP }))), []))

  test("drops the API's own fields, with CORS on or off", () => {
    for (const origins of [[], [APP]]) {
      const guard = guardOf('list', origins)
      assert.ok(guard.dropsResponse('access-control-allow-origin'))
      assert.ok(guard.dropsResponse('access-control-allow-credentials'))
      assert.ok(!guard.dropsResponse('content-type'))
    }
  })

  test('an operation that says nothing of security has no cookie credential', () =>
    assert.equal(
      valueOf(
        guardOf('bare').answer(exchangeOf(partsOf({ origin: APP }))),
        'Access-Control-Allow-Credentials',
      ),
      undefined,
    ))

  test('stays away from requests that have no operation', () =>
    assert.equal(new Bench().guard(cors).guard, undefined))

  test('the rows reach every reason', () =>
    assertEveryReason(
      cors,
      ROWS.map((row) => row[3]),
    ))
})
