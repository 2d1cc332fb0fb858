import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import type { Ask, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { LogLine } from './kit/gateway.ts'
import type { TestIssuer } from './kit/issuer.ts'
import { makeIssuer } from './kit/issuer.ts'
import { clientAddress } from './kit/problem.ts'
import { until } from './kit/until.ts'
import { exchange, openWire } from './kit/wire.ts'
import type { Wire } from './kit/wire.ts'
import { documentWithTokens, guardLibrary } from './library/behind-gateway.ts'
import type { GuardedLibrary } from './library/behind-gateway.ts'
import { LOGIN } from './library/library.ts'
import { BETRAYED } from './library/oddities.ts'

const MEMBER = '/v2/members/7'
const BOOK = {
  title: 'Momo',
  isbn: '9783522202107',
  authors: [{ name: 'a' }],
  format: { kind: 'print', pages: 3 },
}

let lib: GuardedLibrary
let issuer: TestIssuer
/** A client that never finishes its head: its 408 takes ten seconds. */
let slow: Wire
let client = 0

before(async () => {
  issuer = await makeIssuer('https://id.town.example', 'library')
  lib = await guardLibrary({
    more: `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }`,
    document: documentWithTokens(),
    files: { 'jwks.json': issuer.jwks },
  })
  slow = await openWire({ port: lib.gateway.httpsPort, ca: lib.gateway.ca, from: '127.31.0.1' })
  slow.socket.write('GET /v2/books HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
})
after(() => lib.close())

const ask = (plan: Ask): Promise<Got> =>
  lib.through.ask({ from: clientAddress(30, client++), ...plan })
const write = (bytes: string): ReturnType<typeof exchange> => {
  const { httpsPort: port, ca } = lib.gateway
  return exchange({ port, ca, from: clientAddress(30, client++) }, bytes)
}
const card = (key = lib.key): Record<string, string> => ({ 'x-library-card': key })

/** A line of the security stream with this name that belongs to an answer; it may come a moment after it. */
async function eventOf(got: Got, name: string): Promise<LogLine | undefined> {
  const id = got.headers.get('sallyport-request-id')
  let found: LogLine | undefined
  await until(async () => {
    const log = await lib.gateway.log()
    found = log.find((line) => line['http.request.id'] === id && line['event.action'] === name)
    return found !== undefined
  }, 500)
  return found
}

type Kind = readonly [name: string, event: string, provoke: () => Promise<Got | undefined>]

const times = async (count: number, plan: Ask): Promise<Got | undefined> => {
  let last: Got | undefined
  const from = clientAddress(30, client++)
  for (let i = 0; i < count; i++) last = await ask({ from, ...plan })
  return last
}

const kinds: readonly Kind[] = [
  ['no credential', 'authn_login_fail', () => ask({ target: MEMBER })],
  ['a wrong key', 'authn_login_fail', () => ask({ target: MEMBER, headers: card('wrong') })],
  [
    'an expired token',
    'authn_login_fail',
    async () => {
      const token = await issuer.mint('u1', { lifeSeconds: -60 })
      return ask({ target: MEMBER, headers: { authorization: `Bearer ${token}` } })
    },
  ],
  [
    'a revoked key',
    'authn_token_reuse',
    async () => {
      const { key, id } = await lib.gateway.createKey()
      await lib.gateway.revokeKey(id)
      return ask({ target: MEMBER, headers: card(key) })
    },
  ],
  [
    'too many wrong keys',
    'authn_login_fail_max',
    () => times(12, { target: MEMBER, headers: card('wrong') }),
  ],
  [
    'a key in the URL',
    'sp_credential_in_url',
    () => ask({ target: `${MEMBER}?api_key=${lib.key}` }),
  ],
  [
    'a key over plain HTTP',
    'sp_cleartext_credential',
    () => asker(lib.gateway.httpPort).ask({ target: MEMBER, headers: card('in-clear') }),
  ],
  [
    'a right that is missing',
    'authz_fail',
    async () => {
      const { key } = await lib.gateway.createKey({ operations: ['lend'] })
      return ask({ target: MEMBER, headers: card(key) })
    },
  ],
  ['a wrong parameter', 'input_validation_fail', () => ask({ target: '/v2/books?page=two' })],
  [
    'a value out of a list',
    'input_validation_discrete_fail',
    () => ask({ target: '/v2/books?genre=war' }),
  ],
  [
    'a field too much',
    'malicious_extraneous',
    () =>
      ask({
        method: 'POST',
        target: '/v2/books',
        headers: card(),
        body: { ...BOOK, isAdmin: true },
      }),
  ],
  [
    'an identity header',
    'malicious_extraneous',
    () => ask({ target: '/v2/books', headers: { 'x-user-id': '1' } }),
  ],
  [
    'a URL into the inside',
    'sp_ssrf_blocked',
    () =>
      ask({
        method: 'POST',
        target: '/v2/books',
        headers: card(),
        body: { ...BOOK, coverUrl: 'https://169.254.169.254/latest' },
      }),
  ],
  [
    'broken framing',
    'sp_protocol_violation',
    async () =>
      (await write('GET /v2/books HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n')).answers[0],
  ],
  ['an ambiguous path', 'sp_protocol_violation', () => ask({ target: '/v2/%2e%2e/admin' })],
  [
    'too many requests',
    'excess_rate_limit_exceeded',
    async () => {
      const from = clientAddress(30, client++)
      const plans = Array.from({ length: 130 }, () => ask({ target: '/v2/books', from }))
      return (await Promise.all(plans)).find(({ status }) => status === 429)
    },
  ],
  ['a walk over paths', 'malicious_excess_404', () => times(20, { target: '/v2/hidden' })],
  [
    'a field too much in an answer',
    'sp_response_leak_blocked',
    () => ask({ target: '/v2/odd/extra-field' }),
  ],
  [
    'a stack trace in an answer',
    'sp_error_sanitized',
    () => ask({ target: '/v2/odd/trace-in-success' }),
  ],
]

suite('security events', () => {
  for (const [name, event, provoke] of kinds) {
    test(`${name} is told as ${event}`, async () => {
      const got = await provoke()
      assert.ok(got !== undefined, 'no answer')
      const line = await eventOf(got, event)
      assert.ok(line !== undefined, `no ${event} for ${got.status} ${got.text}`)
      assert.equal(line['event.dataset'], 'sallyport.security')
      assert.match(String(line['log.level']), /^(?:info|warn|critical)$/)
      assert.equal(line['sallyport.enforced'], true)
      assert.equal(line['http.response.status_code'], got.status)
    })
  }

  test('a revoked key in use is critical', async () => {
    const log = await lib.gateway.log()
    const levels = log
      .filter((line) => line['event.action'] === 'authn_token_reuse')
      .map((line) => line['log.level'])
    assert.deepEqual(levels, ['critical'])
  })
})

suite('what must never stand in a log', () => {
  const random = (): string => randomBytes(12).toString('hex')
  const planted = {
    key: '',
    token: '',
    brokenToken: '',
    bodyPassword: `pw-${random()}`,
    formPassword: `fp-${random()}`,
    queryPassword: `qp-${random()}`,
    queryText: `qt-${random()}`,
    cookie: `ck-${random()}`,
    basic: `bs-${random()}`,
    apiKey: `ak-${random()}`,
    proof: `dp-${random()}`,
    agentToken: `at-${random()}`,
    brokenHeader: `bh-${random()}`,
    fieldValue: `fv-${random()}`,
    pathToken: random() + random(),
    referer: `rf-${random()}`,
    hostPassword: `hp-${random()}`,
    csrf: `cs-${random()}`,
  }
  const json = { 'content-type': 'application/json' }

  test('is sent in every place that a client can find', async () => {
    planted.key = (await lib.gateway.createKey()).key
    planted.token = await issuer.mint('u2')
    planted.brokenToken = `${planted.token.slice(0, -4)}AAAA`
    const plans: readonly Ask[] = [
      { target: MEMBER, headers: card(planted.key) },
      { target: MEMBER, headers: { authorization: `Bearer ${planted.key}` } },
      { target: `${MEMBER}?access_token=${planted.token}` },
      { target: MEMBER, headers: { authorization: `Bearer ${planted.token}` } },
      { target: MEMBER, headers: { authorization: `Bearer ${planted.brokenToken}` } },
      {
        target: MEMBER,
        headers: { authorization: `Basic ${Buffer.from(`u:${planted.basic}`).toString('base64')}` },
      },
      { target: MEMBER, headers: { authorization: planted.basic } },
      {
        target: MEMBER,
        headers: { cookie: `session=${planted.cookie}; a=b`, 'x-api-key': planted.apiKey },
      },
      { target: MEMBER, headers: { dpop: planted.proof, 'x-csrf-token': planted.csrf } },
      { target: `/v2/books?password=${planted.queryPassword}&q=${planted.queryText}` },
      { target: `/v2/books?author=${planted.queryText}&page=${planted.queryText}` },
      { target: `/v2/books?${planted.key}=1` },
      { target: `/v2/reset/${planted.pathToken}` },
      { target: `/v2/members/${planted.key}` },
      { target: `/v2/members/${planted.token}` },
      { target: `/v2/%73p_${planted.key.slice(3)}` },
      { target: `/v2/books/token=${planted.queryPassword}` },
      {
        target: '/v2/books',
        headers: {
          'user-agent': `curl Bearer ${planted.agentToken}`,
          referer: `https://a.example/?token=${planted.referer}`,
        },
      },
      {
        method: 'POST',
        target: '/v2/sessions',
        body: { email: 'a@b.example', password: planted.bodyPassword },
      },
      {
        method: 'POST',
        target: '/v2/sessions',
        body: { email: planted.bodyPassword, password: 1, extra: planted.fieldValue },
      },
      {
        method: 'POST',
        target: '/v2/sessions',
        headers: json,
        body: `{"email":"a@b.example","password":"${planted.bodyPassword}",}`,
      },
      {
        method: 'POST',
        target: '/v2/sessions',
        headers: json,
        body: `{"password":"${planted.bodyPassword}","password":"b"}`,
      },
      {
        method: 'POST',
        target: '/v2/sessions',
        body: { email: 'a@b.example', password: LOGIN.password },
      },
      {
        method: 'POST',
        target: '/v2/members',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `password=${planted.formPassword}&name=a`,
      },
      {
        method: 'POST',
        target: '/v2/members',
        headers: { 'content-type': `text/${planted.fieldValue}` },
        body: planted.formPassword,
      },
      { target: '/v2/odd/secrets-in-failure' },
      {
        target: MEMBER,
        headers: { origin: `https://${planted.cookie}.example`, ...card(planted.key) },
      },
      { method: planted.apiKey.toUpperCase(), target: '/v2/books' },
      { target: '/v2/books', headers: { expect: planted.apiKey } },
    ]
    for (const plan of plans) assert.notEqual((await ask(plan)).status, 500)
    const line = 'GET /v2/books HTTP/1.1\r\nHost: {host}\r\n'
    for (const bytes of [
      `${line}Authorization : Bearer ${planted.brokenHeader}\r\n\r\n`,
      `${line}Cookie: a=${planted.brokenHeader}\u0000\r\n\r\n`,
      `GET /v2/books?token=${planted.brokenHeader} HTTP/9.9\r\nHost: {host}\r\n\r\n`,
      `GET https://u:${planted.hostPassword}@localhost/v2/books HTTP/1.1\r\nHost: {host}\r\n\r\n`,
      `GET /v2/books HTTP/1.1\r\nHost: u:${planted.hostPassword}@localhost\r\n\r\n`,
      `${line}Connection: close, ${planted.brokenHeader}\r\n\r\n`,
      `${line}X-${planted.brokenHeader}: ${'a'.repeat(9000)}\r\n\r\n`,
    ])
      await write(bytes)
    const plain = asker(lib.gateway.httpPort)
    await plain.ask({ target: MEMBER, headers: { authorization: `Bearer ${planted.token}` } })
    await plain.ask({ target: `/v2/books?password=${planted.queryPassword}` })
  })

  test('stands in none: no secret of a client, of the library, or of a token', async () => {
    const text = await lib.gateway.logText()
    const metrics = lib.gateway.running.gateway.recorder.metricsText()
    const secrets = Object.values({ ...planted, ...LOGIN, betrayed: BETRAYED.token })
    // Of a token, its parts: none of them may stand anywhere.
    const parts = [...secrets, BETRAYED.password]
      .flatMap((secret) => secret.split('.'))
      .filter((part) => part.length > 8)
    assert.ok(parts.length > 20)
    const found = parts.filter((part) => text.includes(part) || metrics.includes(part))
    assert.deepEqual(found, [])
  })
})

suite('the log as a whole', () => {
  test('a client that never finishes its head gets 408 and a record', async () => {
    assert.ok(await slow.closed(15_000))
    assert.match(slow.text(), /^HTTP\/1\.1 408 /)
    const id = /Sallyport-Request-Id: (\w+)/i.exec(slow.text())?.[1]
    const lines = (await lib.gateway.log()).filter((line) => line['http.request.id'] === id)
    const access = lines.filter((line) => line['event.dataset'] === 'sallyport.access')
    assert.deepEqual(
      access.map((line) => line['http.response.status_code']),
      [408],
    )
    assert.equal(access[0]!['client.address'], '127.31.0.1')
  })

  test('a client that leaves before its answer has a record that says so', async () => {
    const from = '127.31.0.2'
    const wire = await openWire({ port: lib.gateway.httpsPort, ca: lib.gateway.ca, from })
    wire.socket.write(
      `GET /v2/news HTTP/1.1\r\nHost: localhost\r\nX-Library-Card: ${lib.key}\r\n\r\n`,
    )
    assert.ok(await until(() => wire.text().includes('event 1')))
    wire.socket.destroy()
    const mine = async (): Promise<readonly LogLine[]> =>
      (await lib.gateway.log()).filter((line) => line['client.address'] === from)
    assert.ok(await until(async () => (await mine()).length > 0))
    const lines = await mine()
    assert.deepEqual(
      lines.map((line) => [line['sallyport.aborted'], line['http.response.status_code']]),
      [['client', 200]],
    )
  })

  test('lines that clients try to forge stay one line of printable ASCII', async () => {
    const agent = 'a","sallyport.decision":"allow"}{"fake":1} \u00e9\u0080'
    await ask({ target: '/v2/x%0d%0a%7b%22fake%22:1%7d', headers: { 'user-agent': agent } })
    const text = await lib.gateway.logText()
    assert.match(text, /^[\x20-\x7e\n]*$/)
    const log = await lib.gateway.log()
    assert.ok(log.every((line) => !('fake' in line)))
  })

  test('every line has its time and its stream, and joins the others by the id of the request', async () => {
    const log = await lib.gateway.log()
    assert.ok(log.length > 300, `only ${log.length} lines`)
    const ids = new Set<unknown>()
    for (const line of log) {
      assert.match(String(line['@timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      if (line['event.dataset'] !== 'sallyport.access') continue
      assert.ok(!ids.has(line['http.request.id']), 'two access records of one request')
      ids.add(line['http.request.id'])
    }
    for (const line of log)
      if (line['http.request.id'] !== undefined) assert.ok(ids.has(line['http.request.id']))
  })
})
