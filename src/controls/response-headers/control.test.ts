import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { DecisionRecord, Exchange } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import type { BenchParts, TestGuard } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf, valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { responseHeaders } from './control.ts'

const ok = { description: 'ok' }
const text = { schema: { type: 'string' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  servers: [{ url: 'http://orders.internal:3000/api' }],
  components: {
    securitySchemes: {
      own: { type: 'http', scheme: 'basic' },
      session: { type: 'apiKey', in: 'cookie', name: 'sid' },
    },
  },
  paths: {
    '/orders': {
      get: {
        operationId: 'list',
        parameters: [{ name: 'theme', in: 'cookie', schema: { type: 'string' } }],
        responses: { 200: ok },
      },
      post: {
        operationId: 'create',
        security: [{ own: [] }],
        responses: { 201: { ...ok, headers: { Location: text } }, 303: ok },
      },
    },
    '/files': {
      get: {
        operationId: 'file',
        security: [],
        responses: {
          200: {
            ...ok,
            headers: { 'Cache-Control': text, 'X-Request-Id': text, 'Set-Cookie': text },
          },
          302: { ...ok, headers: { Location: text } },
        },
      },
    },
    '/login': { post: { operationId: 'login', security: [], responses: { 200: ok } } },
    '/public': { get: { operationId: 'public', security: [], responses: { 200: ok } } },
  },
}
const ANN: Principal = { ...ANONYMOUS, id: 'iss|ann', kind: 'jwt', subject: 'ann' }
const REFUSED: DecisionRecord = {
  control: 'x',
  reason: 'x',
  status: 502,
  detail: undefined,
  errors: undefined,
}

interface Setting {
  readonly operation?: string
  readonly status?: number
  readonly headers?: readonly string[]
  readonly request?: RequestParts
  readonly bench?: BenchParts
  readonly decision?: DecisionRecord
}

async function answered(setting: Setting): Promise<{
  guard: TestGuard
  exchange: Exchange
  refusal: Awaited<ReturnType<TestGuard['response']>>
  headers: string[]
}> {
  const { operation = 'list', status = 200, headers = [], request = {} } = setting
  const bench = new Bench({ document: DOCUMENT, publicBase: '/v1', ...setting.bench })
  const site = { ...bench.site(operation), upstreamHost: 'orders.internal:3000' }
  const guard = bench.guard(responseHeaders, operation)
  const exchange = exchangeOf({ ...request, site })
  const refusal = await guard.response(exchange, status, headers)
  exchange.status = status
  if (setting.decision !== undefined) exchange.decision = setting.decision
  return { guard, exchange, refusal, headers: guard.answer(exchange) }
}

suite('response-headers: addresses', () => {
  /** `sent`: what the client reads; `undefined`: refused. */
  const cases: [name: string, location: string, sent: string | undefined, setting?: Setting][] = [
    ['maps a path of the API to ours', '/api/orders/7', '/v1/orders/7'],
    ['maps the bare base path', '/api', '/v1'],
    ['maps a base path with a query', '/api?page=2', '/v1?page=2'],
    ['leaves a path that only begins alike', '/apix/orders', '/apix/orders'],
    ['leaves a path of ours', '/v1/orders/7', '/v1/orders/7'],
    ['leaves a relative reference', 'orders/7?x=1', 'orders/7?x=1'],
    ['leaves a parent reference', '../orders', '../orders'],
    [
      'makes an absolute address of the API ours',
      'http://orders.internal:3000/api/orders/7',
      '/v1/orders/7',
    ],
    [
      'makes an absolute address on this machine ours',
      'http://127.0.0.1:3000/api/orders/7?a=1#b',
      '/v1/orders/7?a=1#b',
    ],
    [
      'makes the address that the client named ours',
      'https://api.example.com/v1/orders/7',
      '/v1/orders/7',
    ],
    ['keeps the whole of a path behind a name without scheme', '//api.example.com/api/a', '/v1/a'],
    ['refuses another host', 'https://evil.example.net/', undefined],
    ['refuses another port of the API', 'http://orders.internal:3001/api', undefined],
    ['refuses an address inside', 'http://10.0.0.5/api', undefined],
    ['refuses a name without scheme of another host', '//evil.example.net/a', undefined],
    ['refuses another scheme', 'javascript:alert(1)', undefined],
    ['refuses backslashes, which browsers take for slashes', '/\\evil.example.net', undefined],
    ['refuses controls and spaces', '/api/a b', undefined],
    ['refuses a broken address', 'http://[', undefined],
    [
      'lets a declared redirect lead to a public address',
      'https://cdn.example.net/f',
      'https://cdn.example.net/f',
      { operation: 'file', status: 302 },
    ],
    [
      'refuses a declared redirect to plain HTTP',
      'http://cdn.example.net/f',
      undefined,
      { operation: 'file', status: 302 },
    ],
    [
      'refuses a declared redirect inside',
      'https://10.0.0.5/f',
      undefined,
      { operation: 'file', status: 302 },
    ],
    [
      'refuses an undeclared redirect to a public address',
      'https://cdn.example.net/f',
      undefined,
      { operation: 'create', status: 303 },
    ],
    [
      'refuses a foreign address of something created',
      'https://cdn.example.net/f',
      undefined,
      { operation: 'create', status: 201 },
    ],
    [
      'passes it in monitor',
      'https://evil.example.net/',
      'https://evil.example.net/',
      { bench: { policy: { modes: new Map([['data', 'monitor']]) } } },
    ],
    [
      'passes it while adopting',
      'https://evil.example.net/',
      'https://evil.example.net/',
      { bench: { policy: { adopt: { untilMs: 1 } } } },
    ],
  ]
  for (const [name, location, sent, setting] of cases) {
    test(name, async () => {
      const found = await answered({ status: 201, ...setting, headers: ['Location', location] })
      assertRefused(found.refusal, sent === undefined ? 'foreign_redirect' : undefined)
      if (sent === undefined) assert.equal(found.refusal?.spec.status, 502)
      assert.equal(valueOf(found.headers, 'Location'), sent)
      assert.ok(found.guard.dropsResponse('location'))
    })
  }

  test('maps nothing where both bases are the same', async () => {
    const found = await answered({ bench: { publicBase: '/api' }, headers: ['Location', '/api/a'] })
    assert.equal(valueOf(found.headers, 'Location'), '/api/a')
  })

  test('maps a base of the API that is below ours', async () => {
    const document = { ...DOCUMENT, servers: [{ url: '/v1/inner' }] }
    const found = await answered({ bench: { document }, headers: ['Location', '/v1/inner/a'] })
    assert.equal(valueOf(found.headers, 'Location'), '/v1/a')
  })

  test('says no address on the answer to a refusal', async () => {
    const found = await answered({
      headers: ['Location', '/api/a', 'Link', '</api/b>'],
      decision: REFUSED,
    })
    assert.equal(valueOf(found.headers, 'Location'), undefined)
    assert.equal(valueOf(found.headers, 'Link'), undefined)
  })

  const links: [name: string, link: string, sent: string | undefined][] = [
    [
      'maps links to pages',
      '<http://orders.internal:3000/api/orders?page=2>; rel="next", </api/orders?page=9>; rel="last"',
      '</v1/orders?page=2>; rel="next", </v1/orders?page=9>; rel="last"',
    ],
    [
      'leaves links to public pages',
      '<https://example.net/licence>; rel="license"',
      '<https://example.net/licence>; rel="license"',
    ],
    ['leaves out links that lead inside', '<http://10.0.0.5/api>; rel="next"', undefined],
  ]
  for (const [name, link, sent] of links) {
    test(name, async () => {
      assert.equal(valueOf((await answered({ headers: ['Link', link] })).headers, 'Link'), sent)
    })
  }

  test('maps Content-Location, and leaves out a foreign one', async () => {
    const own = await answered({ headers: ['Content-Location', '/api/a'] })
    assert.equal(valueOf(own.headers, 'Content-Location'), '/v1/a')
    const foreign = await answered({ headers: ['Content-Location', 'http://10.0.0.5/'] })
    assert.equal(valueOf(foreign.headers, 'Content-Location'), undefined)
  })

  test('never sends a client to a host it did not name', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        '//',
        '/',
        '\\',
        'http:',
        'https://',
        '@',
        '%2f',
        '.',
        '#',
        '?',
        ' ',
        '\t',
        'evil.test',
        'api.example.com',
        ':80',
      ),
      fc.string({ maxLength: 4 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const found = await answered({ headers: ['Location', parts.join('')] })
        const sent = valueOf(found.headers, 'Location')
        const url = sent === undefined ? null : URL.parse(sent, 'https://api.example.com/v1/x')
        assert.equal(url?.host ?? 'api.example.com', 'api.example.com', String(sent))
      }),
      { numRuns: 400 },
    )
  })
})

suite('response-headers: what stays behind', () => {
  const cases: [name: string, operation: string, field: string, isDropped: boolean][] = [
    ['the server', 'list', 'server', true],
    ['the framework', 'list', 'x-powered-by', true],
    ['a family', 'list', 'x-aspnet-version', true],
    ['the proxy', 'list', 'x-envoy-upstream-service-time', true],
    ['addresses of the inside sent back', 'list', 'x-forwarded-for', true],
    ['cookies sent back', 'list', 'cookie', true],
    ['a cloud session of the API', 'list', 'x-amz-security-token', true],
    ['an order to report elsewhere', 'list', 'report-to', true],
    ['a wider service worker', 'list', 'service-worker-allowed', true],
    ['an order to a proxy in front', 'list', 'x-accel-redirect', true],
    ['an order to a CDN in front', 'list', 'surrogate-control', true],
    ['our own name', 'list', 'sallyport-request-id', true],
    ['an id of the inside', 'list', 'x-request-id', true],
    ['the same where the document declares it', 'file', 'x-request-id', false],
    ['what is written anew, declared or not', 'file', 'cache-control', true],
    ['cookies, which are passed one by one', 'file', 'set-cookie', true],
    ['HSTS, which the gateway says', 'list', 'strict-transport-security', true],
    ['but not the type', 'list', 'content-type', false],
    ['but not the tag', 'list', 'etag', false],
    ['but not a count', 'list', 'x-total-count', false],
    ['but not the language', 'list', 'content-language', false],
    ['but not Vary', 'list', 'vary', false],
    ['but not Retry-After', 'list', 'retry-after', false],
    ['but not a range', 'list', 'content-range', false],
    ['but not a file name', 'list', 'content-disposition', false],
  ]
  for (const [name, operation, field, isDropped] of cases) {
    test(`${name}: ${field}`, () => {
      const guard = new Bench({ document: DOCUMENT }).guard(responseHeaders, operation)
      assert.equal(guard.dropsResponse(field), isDropped)
    })
  }
})

suite('response-headers: cookies', () => {
  const SET = [
    'Set-Cookie',
    'sid=1; Path=/api; HttpOnly',
    'Set-Cookie',
    'theme=a',
    'Set-Cookie',
    'track=1',
    'Set-Cookie',
    'broken',
  ]
  const cases: [name: string, setting: Setting, names: readonly string[]][] = [
    ['passes those of cookie schemes and parameters', {}, ['sid=1', 'theme=a']],
    ['passes those of cookie schemes', { operation: 'public' }, ['sid=1']],
    [
      'passes all where the document declares Set-Cookie',
      { operation: 'file' },
      ['sid=1', 'theme=a', 'track=1'],
    ],
    ['passes none on another answer than the API gave', { decision: REFUSED }, []],
    [
      'passes them with a generic text of the same status',
      { status: 401, decision: { ...REFUSED, status: 401 } },
      ['sid=1', 'theme=a'],
    ],
    [
      'passes all while adopting',
      { bench: { policy: { adopt: { untilMs: 1 } } } },
      ['sid=1', 'theme=a', 'track=1'],
    ],
    [
      'passes all in monitor',
      { bench: { policy: { mode: 'monitor' } } },
      ['sid=1', 'theme=a', 'track=1'],
    ],
  ]
  for (const [name, setting, names] of cases) {
    test(name, async () => {
      const { headers } = await answered({ ...setting, headers: SET })
      assert.deepEqual(
        valuesOf(headers, 'Set-Cookie').map((text) => text.split(';')[0]),
        names,
      )
    })
  }

  test('tells the path as the client knows it', async () => {
    const { headers } = await answered({ headers: SET })
    assert.equal(valueOf(headers, 'Set-Cookie'), 'sid=1; Path=/v1; HttpOnly')
  })
})

suite('response-headers: who may keep an answer', () => {
  const LONG = 'public, max-age=600, s-maxage=900'
  const cases: [name: string, setting: Setting, own: string | undefined, sent: string][] = [
    ['nobody, of an answer to a known caller', { request: { principal: ANN } }, LONG, 'no-store'],
    [
      'the caller, where the document declares the field',
      { operation: 'file', request: { principal: ANN } },
      LONG,
      'private, max-age=600',
    ],
    [
      'nobody, where the API itself says so',
      { operation: 'file', request: { principal: ANN } },
      'no-store, public',
      'no-store',
    ],
    ['everybody, of a public answer', { operation: 'public' }, LONG, LONG],
    [
      'nobody, of a public answer that says nothing',
      { operation: 'public' },
      undefined,
      'no-store',
    ],
    [
      'nobody, where a credential was sent all the same',
      { operation: 'public', request: { headers: ['Authorization', 'Bearer x'] } },
      LONG,
      'no-store',
    ],
    [
      'nobody, where a cookie was sent',
      { operation: 'public', request: { headers: ['Cookie', 'a=1'] } },
      LONG,
      'no-store',
    ],
    ['nobody, of errors', { operation: 'public', status: 404 }, LONG, 'no-store'],
    ['nobody, of refusals', { operation: 'public', decision: REFUSED }, LONG, 'no-store'],
    ['nobody, of log-ins', { operation: 'login' }, LONG, 'no-store'],
  ]
  for (const [name, setting, own, sent] of cases) {
    test(name, async () => {
      const headers = own === undefined ? [] : ['Cache-Control', own]
      const found = await answered({ ...setting, headers })
      assert.deepEqual(valuesOf(found.headers, 'Cache-Control'), [sent])
    })
  }

  test('nobody, of an answer that sets a cookie', async () => {
    const headers = ['Cache-Control', LONG, 'Set-Cookie', 'sid=1']
    const found = await answered({ operation: 'public', headers })
    assert.equal(valueOf(found.headers, 'Cache-Control'), 'no-store')
  })
})

suite('response-headers: challenges', () => {
  const schemes = new Map([['own', 'upstream']] as const)
  const CHALLENGE = ['WWW-Authenticate', 'Basic realm="shop"']
  const cases: [
    name: string,
    bench: BenchParts,
    decision: DecisionRecord | undefined,
    sent: readonly string[],
  ][] = [
    [
      'pass where the API checks the credential',
      { policy: { auth: { schemes } } },
      undefined,
      ['Basic realm="shop"'],
    ],
    [
      'pass with a generic text of the same status',
      { policy: { auth: { schemes } } },
      { ...REFUSED, status: 401 },
      ['Basic realm="shop"'],
    ],
    ['do not pass with another answer', { policy: { auth: { schemes } } }, REFUSED, []],
    ['do not pass where the gateway checks it', {}, undefined, []],
  ]
  for (const [name, bench, decision, sent] of cases) {
    test(name, async () => {
      const found = await answered({
        operation: 'create',
        status: 401,
        headers: CHALLENGE,
        bench,
        ...(decision === undefined ? {} : { decision }),
      })
      assert.deepEqual(valuesOf(found.headers, 'WWW-Authenticate'), sent)
      assert.ok(found.guard.dropsResponse('www-authenticate'))
    })
  }
})

suite('response-headers: what protects browsers', () => {
  const FIELDS: [name: string, value: string][] = [
    ['X-Content-Type-Options', 'nosniff'],
    ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
    ['X-Frame-Options', 'DENY'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
  ]
  for (const [name, value] of FIELDS) {
    test(`${name} stands on answers of operations and on bare ones, once`, async () => {
      assert.deepEqual(valuesOf((await answered({})).headers, name), [value])
      const bare = new Bench().guard(responseHeaders)
      assert.deepEqual(valuesOf(bare.answer(exchangeOf()), name), [value])
    })
  }

  test('embedding follows CORS', () => {
    const policy = { listen: { cors: ['https://app.example.com'] } }
    const guard = new Bench({ policy }).guard(responseHeaders)
    assert.equal(
      valueOf(guard.answer(exchangeOf()), 'Cross-Origin-Resource-Policy'),
      'cross-origin',
    )
  })

  test('every reason is reached', () => {
    assertEveryReason(responseHeaders, ['foreign_redirect'])
  })
})
