import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Secret } from '../base/secret.ts'
import { HeaderTable } from '../http/header-table.ts'
import { Exchange } from '../pipeline/exchange.ts'
import type { RequestHead } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'
import { createAccessFormatter } from './access-record.ts'
import { createPseudonyms } from './pseudonym.ts'
import { createPrincipalFields } from './principal-fields.ts'
import { createEventFormatter } from './security-events.ts'

const AT = Date.UTC(2026, 3, 5, 6, 7, 8, 9)
const pseudonym = createPseudonyms(new Secret(Buffer.alloc(32, 7)))
const format = createAccessFormatter(createPrincipalFields(pseudonym))
const events = createEventFormatter(createPrincipalFields(pseudonym))

function exchangeOf(head: Partial<RequestHead> = {}, rawHeaders: readonly string[] = []): Exchange {
  return new Exchange(
    'req_01',
    {
      method: 'GET',
      rawTarget: '/',
      httpVersion: '1.1',
      headers: new HeaderTable(rawHeaders),
      authority: undefined,
      peerAddress: '192.0.2.1',
      peerPort: 5000,
      listener: 'https',
      tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', servername: 'a' },
      hasBody: false,
      ...head,
    },
    AT,
  )
}

/** What records differ in. */
interface Part {
  readonly startedMs: number
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly abortedBy: 'client' | undefined
  readonly agent: string | undefined
  readonly httpVersion: string
  readonly isDenied: boolean
  readonly durationMs: number
}

const DENIED = {
  control: 'body',
  reason: 'schema',
  status: 422,
  detail: undefined,
  errors: undefined,
}

const site = { label: 'GET /v1/orders/{orderId}' } as Site

function parse(line: string): Record<string, unknown> {
  assert.match(line, /^[\x20-\x7e]+$/, 'one line of printable ASCII')
  return JSON.parse(line) as Record<string, unknown>
}

test('a routed request is told by its template, not by its values', () => {
  const exchange = exchangeOf({ rawTarget: '/v1/orders/4711?q=hunter2&page=2' }, [
    'User-Agent',
    'curl/8',
  ])
  exchange.site = site
  exchange.path = '/v1/orders/4711'
  exchange.query = {
    text: 'q=hunter2&page=2',
    pairs: [
      ['q', 'hunter2', 'hunter2'],
      ['page', '2', '2'],
    ],
  }
  exchange.status = 200
  exchange.bytesIn = 10
  exchange.bytesOut = 20
  exchange.upstreamMs = 1.5
  exchange.clientAddress = '198.51.100.7'
  exchange.principal = { ...exchange.principal, kind: 'apiKey', id: 'key:k1', credentialId: 'k1' }
  const line = format(exchange, 12.3456)
  assert.deepEqual(parse(line), {
    '@timestamp': '2026-04-05T06:07:08.009Z',
    'event.dataset': 'sallyport.access',
    'event.outcome': 'success',
    'http.request.id': 'req_01',
    'http.request.method': 'GET',
    'url.path': '/v1/orders/{orderId}',
    'sallyport.route': 'GET /v1/orders/{orderId}',
    'sallyport.query_names': ['q', 'page'],
    'http.response.status_code': 200,
    'http.request.bytes': 10,
    'http.response.bytes': 20,
    'event.duration': 12_346_000,
    'sallyport.duration_ms': 12.346,
    'sallyport.upstream_ms': 1.5,
    'client.address': '198.51.100.7',
    'source.address': '192.0.2.1',
    'user.id': pseudonym('key:k1'),
    'sallyport.credential.kind': 'apiKey',
    'sallyport.credential.id': 'k1',
    'sallyport.decision': 'allow',
    'sallyport.listener': 'https',
    'tls.version': '1.3',
    'http.version': '1.1',
    'user_agent.original': 'curl/8',
  })
  assert.doesNotMatch(line, /4711|hunter2|key:k1/)
})

test('a refused, observed and aborted request says so', () => {
  const exchange = exchangeOf({ listener: 'http', tls: undefined, rawTarget: '/nope?x=1' })
  exchange.status = 422
  exchange.abortedBy = 'client'
  exchange.decision = {
    control: 'body',
    reason: 'schema',
    status: 422,
    detail: 'type',
    errors: [{ pointer: '/a/b', detail: 'must be a string' }],
  }
  exchange.observed.push({
    control: 'waf',
    reason: 'sqli',
    status: 403,
    detail: undefined,
    errors: undefined,
  })
  const record = parse(format(exchange, 0))
  assert.equal(record['sallyport.path'], '/nope')
  assert.equal(record['url.path'], undefined)
  assert.equal(record['sallyport.decision'], 'deny')
  assert.equal(record['sallyport.control'], 'body')
  assert.equal(record['sallyport.reason'], 'schema')
  assert.deepEqual(record['sallyport.errors'], ['/a/b'])
  assert.deepEqual(record['sallyport.would_refuse'], [{ control: 'waf', reason: 'sqli' }])
  assert.equal(record['sallyport.aborted'], 'client')
  assert.equal(record['event.outcome'], 'unknown')
  assert.equal(record['event.duration'], 0)
  assert.equal(record['tls.version'], undefined)
})

test('what was written before changes nothing of a record', () => {
  const ones = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
  const parts = fc.record({
    startedMs: ones(AT, AT + 1, AT + 1000),
    status: ones(200, 204, 404),
    bytesIn: ones(0, 10),
    bytesOut: ones(0, 290, 300),
    abortedBy: ones(undefined, 'client' as const),
    agent: ones(undefined, 'curl/8', 'curl/9'),
    httpVersion: ones('1.1', '2.0'),
    isDenied: fc.boolean(),
    durationMs: fc.nat({ max: 5_000_000 }).map((micros) => micros / 1000),
  })
  const write = (one: typeof format, part: Part): string => {
    const { agent, httpVersion, startedMs, isDenied, durationMs, ...fields } = part
    const headers = agent === undefined ? [] : ['User-Agent', agent]
    const { id, head } = exchangeOf({ httpVersion }, headers)
    const exchange = new Exchange(id, head, startedMs)
    Object.assign(exchange, fields)
    if (isDenied) exchange.decision = DENIED
    return one(exchange, durationMs)
  }
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), (all) => {
      const one = createAccessFormatter(createPrincipalFields(pseudonym))
      for (const part of all)
        assert.equal(
          write(one, part),
          write(createAccessFormatter(createPrincipalFields(pseudonym)), part),
        )
    }),
  )
})

test('an answer of the gateway itself is no denial', () => {
  const exchange = exchangeOf()
  exchange.decision = {
    control: 'cors',
    reason: 'preflight',
    status: 204,
    detail: undefined,
    errors: undefined,
  }
  assert.equal(parse(format(exchange, 1))['sallyport.decision'], 'answer')
})

const KEY = 'sp_sk_live_abcdefghijkl_0123456789012345678901234567890123456789012_1a2b3c4d'
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLXNlY3JldA'
const PLANTED = [KEY, JWT, 'planted-secret', 'cGxhbnRlZDpzZWNyZXQ']

const plants: [where: string, plant: (exchange: Exchange) => void][] = [
  ['the path of an unrouted request', (e) => (e.path = `/x/${KEY}/y`)],
  [
    'the target of a request that was refused before',
    (e) => Object.assign(e, { head: { ...e.head, rawTarget: `/a?token=planted-secret#${KEY}` } }),
  ],
  [
    'a percent-encoded target',
    (e) => Object.assign(e, { head: { ...e.head, rawTarget: `/a/${KEY.replaceAll('_', '%5F')}` } }),
  ],
  [
    'a doubly encoded target',
    (e) =>
      Object.assign(e, { head: { ...e.head, rawTarget: `/a/${KEY.replaceAll('_', '%255f')}` } }),
  ],
  [
    'an absolute target with user information',
    (e) => Object.assign(e, { head: { ...e.head, rawTarget: 'http://u:planted-secret@h/a' } }),
  ],
  ['a token in the path', (e) => (e.path = `/reset/${JWT}`)],
  [
    'a query value',
    (e) =>
      (e.query = {
        text: '',
        pairs: [
          ['q', 'planted-secret', 'planted-secret'],
          ['api_key', KEY, KEY],
        ],
      }),
  ],
  [
    'a query name',
    (e) =>
      (e.query = {
        text: '',
        pairs: [
          [KEY, '', ''],
          [JWT, '', ''],
        ],
      }),
  ],
  [
    'the name of a credential',
    (e) => (e.principal = { ...e.principal, kind: 'jwt', id: JWT, credentialId: JWT }),
  ],
  [
    'the detail of a decision',
    (e) =>
      (e.decision = {
        control: 'c',
        reason: 'r',
        status: 401,
        detail: `saw Authorization: Bearer planted-secret and ${KEY}`,
        errors: undefined,
      }),
  ],
  [
    'the pointer of an error',
    (e) =>
      (e.decision = {
        control: 'c',
        reason: 'r',
        status: 422,
        detail: undefined,
        errors: [{ pointer: `/${KEY}`, detail: 'planted-secret' }],
      }),
  ],
  [
    'the detail of an observed refusal',
    (e) =>
      e.observed.push({
        control: 'c',
        reason: 'r',
        status: 403,
        detail: 'password=planted-secret',
        errors: undefined,
      }),
  ],
  [
    'the detail of an event',
    (e) =>
      e.events.push({
        name: 'authn_login_fail',
        level: 'warn',
        control: 'c',
        reason: 'r',
        detail: `{"password":"planted-secret","t":"${JWT}"}`,
      }),
  ],
  [
    'a header line in an event',
    (e) =>
      e.events.push({
        name: 'x',
        level: 'warn',
        control: 'c',
        reason: 'r',
        detail: 'Cookie: a=1; sid=planted-secret\r\nBasic cGxhbnRlZDpzZWNyZXQ=',
      }),
  ],
]
const SECRET_HEADERS = [
  'Authorization',
  `Bearer ${KEY}`,
  'Cookie',
  'sid=planted-secret',
  'X-API-Key',
  KEY,
  'DPoP',
  JWT,
  'User-Agent',
  `evil/1 ${KEY} Bearer planted-secret ${JWT}`,
  'Referer',
  `https://h/?token=planted-secret`,
]
for (const [where, plant] of plants) {
  for (const isRouted of [false, true]) {
    test(`no secret leaves ${where}${isRouted ? ' (routed)' : ''}`, () => {
      const exchange = exchangeOf({}, SECRET_HEADERS)
      plant(exchange)
      if (isRouted) exchange.site = site
      const lines = [format(exchange, 1), ...events.ofExchange(exchange)]
      for (const line of lines) {
        parse(line)
        for (const secret of PLANTED) assert.ok(!line.includes(secret), `${secret} in ${line}`)
      }
    })
  }
}

const INJECTIONS = [
  '\r\n{"fake":1}',
  '\u001b[2J\u001b]0;x\u0007',
  'a\u2028b\u2029c',
  '\u0085\u009b31m',
  '"},{"x":"',
  '\\',
  '<img onerror=x>',
  '\u202egnp',
  '\ud800',
  'é\u{1f600}',
]
for (const text of INJECTIONS) {
  test(`${JSON.stringify(text)} stays inside its field`, () => {
    const exchange = exchangeOf({ method: text, rawTarget: `/${text}`, httpVersion: text }, [
      'user-agent',
      text,
    ])
    exchange.decision = { control: 'c', reason: 'r', status: 400, detail: text, errors: undefined }
    exchange.events.push({ name: 'x', level: 'info', control: 'c', reason: 'r', detail: text })
    const record = parse(format(exchange, 1))
    assert.equal(record['user_agent.original'], text)
    assert.equal(record['sallyport.detail'], text)
    assert.equal(record['http.request.method'], text)
    assert.equal(record['fake'], undefined)
    for (const line of events.ofExchange(exchange))
      assert.equal(parse(line)['sallyport.detail'], text)
  })
}

test('huge fields are cut', () => {
  const exchange = exchangeOf({ rawTarget: `/${'a/'.repeat(50_000)}` }, [
    'user-agent',
    '\u0001'.repeat(50_000),
  ])
  exchange.decision = {
    control: 'c',
    reason: 'r',
    status: 400,
    detail: 'x '.repeat(50_000),
    errors: undefined,
  }
  assert.ok(format(exchange, 1).length < 8192 + 1500)
})

test('a pseudonym is stable, keyed and not the id', () => {
  const other = createPseudonyms(new Secret(Buffer.alloc(32, 8)))
  assert.match(pseudonym('key:k1'), /^[0-9a-f]{12}$/)
  assert.equal(pseudonym('key:k1'), createPseudonyms(new Secret(Buffer.alloc(32, 7)))('key:k1'))
  assert.notEqual(pseudonym('key:k1'), other('key:k1'))
  for (let i = 0; i < 10_000; i++) pseudonym(`key:${i}`)
  assert.equal(pseudonym('key:k1'), createPseudonyms(new Secret(Buffer.alloc(32, 7)))('key:k1'))
})

test('each event and each observed refusal gives one security line', () => {
  const exchange = exchangeOf()
  exchange.site = site
  exchange.status = 200
  exchange.events.push({ name: 'malicious_sqli', level: 'warn', control: 'waf', reason: 'sqli' })
  exchange.events.push({
    name: 'authz_fail',
    level: 'critical',
    control: 'scopes',
    reason: 'scope',
    detail: 'd',
  })
  exchange.observed.push({
    control: 'waf',
    reason: 'sqli',
    status: 403,
    detail: undefined,
    errors: undefined,
  })
  const lines = events.ofExchange(exchange).map(parse)
  assert.deepEqual(
    lines.map((line) => [
      line['event.action'],
      line['log.level'],
      line['sallyport.enforced'],
      line['sallyport.reason'],
    ]),
    [
      ['malicious_sqli', 'warn', false, 'sqli'],
      ['authz_fail', 'critical', true, 'scope'],
      ['sp_would_refuse', 'info', false, 'sqli'],
    ],
  )
  for (const line of lines) {
    assert.equal(line['http.request.id'], 'req_01')
    assert.equal(line['sallyport.route'], 'GET /v1/orders/{orderId}')
    assert.equal(line['client.address'], '192.0.2.1')
    assert.equal(line['event.dataset'], 'sallyport.security')
  }
  assert.deepEqual(events.ofExchange(exchangeOf()), [])
})

test('a life cycle event carries its facts, redacted', () => {
  const line = events.ofLifecycle(
    {
      name: 'authn_token_created',
      level: 'info',
      control: 'keys',
      reason: 'created',
      facts: { key_id: 'k1', scopes: 3, leaked: KEY, broken: Number.NaN, 'bad name"': 1 },
    },
    AT,
  )
  assert.deepEqual(parse(line), {
    '@timestamp': '2026-04-05T06:07:08.009Z',
    'event.dataset': 'sallyport.security',
    'event.action': 'authn_token_created',
    'log.level': 'info',
    'sallyport.control': 'keys',
    'sallyport.reason': 'created',
    'sallyport.key_id': 'k1',
    'sallyport.scopes': 3,
    'sallyport.leaked': '[redacted]',
    'sallyport.broken': null,
  })
})
