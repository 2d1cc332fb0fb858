import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { KeyService } from '../../identity/keys/service.ts'
import { TokenService } from '../../identity/tokens/service.ts'
import { AUD, claimsAt, forge, HEADER, ISS } from '../../identity/tokens/testing/token-forge.ts'
import type { Refusal } from '../../pipeline/runner.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { StoreError } from '../../store/records.ts'
import { ephemeralSecrets } from '../../store/secrets-file.ts'
import type { Kit } from '../kit.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, statusOf, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { authenticate } from './control.ts'

const responses = { 200: { description: 'ok' } }

function get(operationId: string, security?: readonly object[]): object {
  const names = ['q', 'token']
  const parameters = names.map((name) => ({ name, in: 'query', schema: { type: 'string' } }))
  const own = operationId === 'key' ? { parameters } : {}
  const members = { operationId, responses, ...own }
  return { get: security === undefined ? members : { ...members, security } }
}

/** Every way in which a document may ask for credentials, one operation each. */
const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      Key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      UserKey: { type: 'apiKey', in: 'header', name: 'X-User-Key' },
      Raw: { type: 'apiKey', in: 'header', name: 'Authorization' },
      TokenHeader: { type: 'apiKey', in: 'header', name: 'X-Token' },
      Session: { type: 'apiKey', in: 'cookie', name: 'sid' },
      Cookie: { type: 'apiKey', in: 'cookie', name: 'key' },
      Pass: { type: 'apiKey', in: 'query', name: 'pass' },
      Token: { type: 'http', scheme: 'bearer' },
      Legacy: { type: 'http', scheme: 'bearer' },
      Basic: { type: 'http', scheme: 'basic' },
      Digest: { type: 'http', scheme: 'digest' },
      OpenId: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example.com' },
      Mutual: { type: 'mutualTLS' },
    },
  },
  paths: {
    '/unsaid': get('unsaid'),
    '/public': get('public', []),
    '/open': get('open', [{}]),
    '/optional': get('optional', [{}, { Key: [] }]),
    '/key': get('key', [{ Key: [] }]),
    '/token': get('token', [{ Token: ['orders:read'] }]),
    '/either': get('either', [{ Token: [] }, { Key: [] }]),
    '/both': get('both', [{ Token: [], Key: [] }]),
    '/two-keys': get('twoKeys', [{ Key: [], UserKey: [] }]),
    '/two-bearers': get('twoBearers', [{ Token: [], OpenId: [] }]),
    '/one-or-two': get('oneOrTwo', [{ Key: [] }, { Key: [], Token: [] }]),
    '/key-or-session': get('keyOrSession', [{ Key: [] }, { Session: [] }]),
    '/session': get('session', [{ Session: [] }]),
    '/basic': get('basic', [{ Basic: [] }]),
    '/digest': get('digest', [{ Digest: [] }]),
    '/raw': get('raw', [{ Raw: [] }]),
    '/pass': get('pass', [{ Pass: [] }]),
    '/legacy': get('legacy', [{ Token: [] }, { Legacy: [] }]),
    '/token-header': get('tokenHeader', [{ TokenHeader: [] }]),
    '/mutual': get('mutual', [{ Mutual: [] }]),
    '/cookie-key': get('cookieKey', [{ Cookie: [] }]),
  },
}

const DAY_MS = 86_400_000
const SCHEMES = new Map([
  ['Session', 'upstream'],
  ['Basic', 'upstream'],
  ['Digest', 'upstream'],
  ['Raw', 'upstream'],
  ['Pass', 'upstream'],
  ['Legacy', 'upstream'],
  ['TokenHeader', 'jwt'],
] as const)

function benchOf(hasIssuers = true): Bench {
  return new Bench({ document: SHOP, hasIssuers, policy: { auth: { schemes: SCHEMES } } })
}

/** What the rows may send; made anew for every row. */
interface Things {
  readonly key: string
  readonly other: string
  readonly token: string
  readonly forged: string
}

async function thingsOf(bench: Bench): Promise<Things> {
  const [key, other] = [await bench.key({ owner: 'ann' }), await bench.key()]
  const claims = claimsAt(bench.clock.nowMs())
  const forged = forge(HEADER, claims, 'evil')
  return { key: key.text, other: other.text, token: bench.token(), forged }
}

const bearer = (text: string): string[] => ['Authorization', `Bearer ${text}`]
const apiKey = (text: string): string[] => ['X-API-Key', text]
const cookie = (text: string): string[] => ['Cookie', text]

type Row = [
  name: string,
  operation: string,
  parts: (things: Things) => RequestParts | string[],
  outcome: string,
]

/** The outcome is a reason, or the kind of principal and how many alternatives are met. */
const ROWS: readonly Row[] = [
  // AUN-01: what the document says of who may come.
  ['a document that says nothing asks for a key', 'unsaid', () => [], 'missing'],
  [
    'a document that says nothing takes a key in X-API-Key',
    'unsaid',
    ({ key }) => apiKey(key),
    'apiKey 1',
  ],
  [
    'a document that says nothing takes a key as bearer',
    'unsaid',
    ({ key }) => bearer(key),
    'apiKey 1',
  ],
  [
    'a document that says nothing takes no token',
    'unsaid',
    ({ token }) => bearer(token),
    'wrong_scheme',
  ],
  ['an empty alternative lets nobody in by name', 'optional', () => [], 'none 1'],
  [
    'an empty alternative takes a key all the same',
    'optional',
    ({ key }) => apiKey(key),
    'apiKey 1',
  ],
  [
    'an empty alternative excuses no wrong key',
    'optional',
    () => apiKey('nonsense'),
    'key_malformed',
  ],
  ['only an empty alternative looks at nothing', 'open', ({ forged }) => bearer(forged), 'none 1'],
  // KEY-02: where keys stand.
  ['a key is taken in its declared header', 'key', ({ key }) => apiKey(key), 'apiKey 1'],
  ['a key is taken as Bearer', 'key', ({ key }) => bearer(key), 'apiKey 1'],
  [
    'a key is taken as ApiKey, in any case',
    'key',
    ({ key }) => ['Authorization', `aPIkEY ${key}`],
    'apiKey 1',
  ],
  ['a key is not taken from another field', 'key', ({ key }) => ['X-Other', key], 'missing'],
  ['a key is not taken from a cookie', 'key', ({ key }) => cookie(`X-API-Key=${key}`), 'missing'],
  [
    'a key is not taken from the query',
    'key',
    ({ key }) => ({ target: `/key?api_key=${key}` }),
    'credential_in_url',
  ],
  [
    'a key is not taken from a declared parameter',
    'key',
    ({ key }) => ({ target: `/key?q=${key}` }),
    'credential_in_url',
  ],
  [
    'a key is not taken from the path',
    'key',
    ({ key }) => ({ target: `/key/${key}` }),
    'credential_in_url',
  ],
  [
    'a key in the query spoils the one in the header',
    'key',
    ({ key, other }) => ({ target: `/key?api_key=${other}`, headers: apiKey(key) }),
    'credential_in_url_too',
  ],
  [
    'a declared parameter with a telling name is no credential',
    'key',
    ({ key }) => ({ target: '/key?token=abc', headers: apiKey(key) }),
    'apiKey 1',
  ],
  // AUN-02: exactly one credential, unless the document asks for two.
  [
    'two lines of Authorization are refused',
    'either',
    ({ key }) => [...bearer(key), ...bearer(key)],
    'multiple_credentials',
  ],
  [
    'two lines of a key header are refused',
    'key',
    ({ key }) => [...apiKey(key), ...apiKey(key)],
    'multiple_credentials',
  ],
  ['a cookie twice is refused', 'session', () => cookie('sid=1; sid=2'), 'multiple_credentials'],
  [
    'a key in the query twice is refused',
    'pass',
    () => ({ target: '/pass?pass=1&pass=2' }),
    'multiple_credentials',
  ],
  [
    'key and token where one is asked for are refused',
    'either',
    ({ key, token }) => [...apiKey(key), ...bearer(token)],
    'multiple_credentials',
  ],
  [
    'a key twice, in both places, is refused',
    'key',
    ({ key }) => [...apiKey(key), ...bearer(key)],
    'multiple_credentials',
  ],
  [
    'key and cookie where one is asked for are refused',
    'keyOrSession',
    ({ key }) => [...apiKey(key), ...cookie('sid=1')],
    'multiple_credentials',
  ],
  [
    'a cookie that nobody reads is no credential',
    'key',
    ({ key }) => [...apiKey(key), ...cookie('ad=1')],
    'apiKey 1',
  ],
  [
    'a field with two tokens is malformed',
    'either',
    () => ['Authorization', 'Bearer a, Bearer b'],
    'malformed_credentials',
  ],
  [
    'a bearer without a token is malformed',
    'either',
    () => ['Authorization', 'Bearer'],
    'malformed_credentials',
  ],
  ['a key with a space is malformed', 'key', () => apiKey('a b'), 'malformed_credentials'],
  // OR and AND, exactly as the document says.
  ['OR takes the first', 'either', ({ token }) => bearer(token), 'jwt 1'],
  ['OR takes the second', 'either', ({ key }) => apiKey(key), 'apiKey 1'],
  ['OR is not met by neither', 'either', () => [], 'missing'],
  ['AND takes both', 'both', ({ key, token }) => [...apiKey(key), ...bearer(token)], 'jwt 1'],
  ['AND is not met by the key alone', 'both', ({ key }) => apiKey(key), 'missing'],
  ['AND is not met by the token alone', 'both', ({ token }) => bearer(token), 'missing'],
  [
    'AND is not met by a wrong token',
    'both',
    ({ key, forged }) => [...apiKey(key), ...bearer(forged)],
    'token_signature',
  ],
  [
    'AND of two keys takes two',
    'twoKeys',
    ({ key, other }) => [...apiKey(key), 'X-User-Key', other],
    'apiKey 1',
  ],
  [
    'AND of two keys is not met by one in Authorization',
    'twoKeys',
    ({ key }) => bearer(key),
    'missing',
  ],
  [
    'AND of two keys takes one of them in Authorization',
    'twoKeys',
    ({ key, other }) => [...bearer(key), 'X-User-Key', other],
    'apiKey 1',
  ],
  [
    'AND of two schemes in one field takes one token',
    'twoBearers',
    ({ token }) => bearer(token),
    'jwt 1',
  ],
  ['one or two: one is enough', 'oneOrTwo', ({ key }) => apiKey(key), 'apiKey 1'],
  [
    'one or two: two are met twice',
    'oneOrTwo',
    ({ key, token }) => [...apiKey(key), ...bearer(token)],
    'jwt 2',
  ],
  [
    'one or two: a wrong second is not overlooked',
    'oneOrTwo',
    ({ key, forged }) => [...apiKey(key), ...bearer(forged)],
    'token_signature',
  ],
  // DESIGN 3, upstream.
  ['a cookie for the API is passed on', 'session', () => cookie('a=b; sid=1'), 'upstream 1'],
  ['an empty cookie is none', 'session', () => cookie('sid='), 'missing'],
  ['Basic for the API is passed on', 'basic', () => ['Authorization', 'Basic YTpi'], 'upstream 1'],
  ['another scheme is not Basic', 'basic', () => bearer('YTpi'), 'wrong_scheme'],
  [
    'a key of the API in Authorization may follow any scheme',
    'raw',
    () => ['Authorization', 'Token abc'],
    'upstream 1',
  ],
  [
    'a key of the API in Authorization may stand alone',
    'raw',
    () => ['Authorization', 'abc'],
    'upstream 1',
  ],
  [
    'a key of the API in the query is passed on',
    'pass',
    () => ({ target: '/pass?pass=1' }),
    'upstream 1',
  ],
  [
    'a key of ours in the query of the API is burnt',
    'pass',
    ({ key }) => ({ target: `/pass?pass=${key}` }),
    'credential_in_url_too',
  ],
  [
    'a token that only the API knows is passed on beside an issuer',
    'legacy',
    () => bearer('opaque'),
    'upstream 1',
  ],
  [
    'a token of the issuer is proven where the API takes its own too',
    'legacy',
    ({ token }) => bearer(token),
    'jwt 2',
  ],
  [
    'a token in a declared header is proven',
    'tokenHeader',
    ({ token }) => ['X-Token', token],
    'jwt 1',
  ],
  [
    'a token in a declared header must hold',
    'tokenHeader',
    ({ forged }) => ['X-Token', forged],
    'token_signature',
  ],
  // Schemes.
  ['a token is taken', 'token', ({ token }) => bearer(token), 'jwt 1'],
  ['a key is no token', 'token', ({ key }) => bearer(key), 'wrong_scheme'],
  ['Basic is no token', 'token', () => ['Authorization', 'Basic YTpi'], 'wrong_scheme'],
  [
    'a token of DPoP is not taken without its proof',
    'token',
    ({ token }) => ['Authorization', `DPoP ${token}`],
    'token_bound',
  ],
  ['what is no token is not taken', 'token', () => bearer('a.b.c'), 'token_malformed'],
  [
    'a key with a typing mistake is not taken',
    'key',
    ({ key }) => apiKey(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`),
    'key_malformed',
  ],
]

const TOKENS: readonly [name: string, make: (nowMs: number) => string, reason: string][] = [
  [
    'of another algorithm',
    (now) => forge({ ...HEADER, alg: 'HS256' }, claimsAt(now), 'hmacPem'),
    'token_alg',
  ],
  [
    'without a signature',
    (now) => forge({ ...HEADER, alg: 'none' }, claimsAt(now), 'none'),
    'token_malformed',
  ],
  ['of an unknown key', (now) => forge({ ...HEADER, kid: 'x' }, claimsAt(now)), 'token_key'],
  ['with another signature', (now) => forge(HEADER, claimsAt(now), 'evil'), 'token_signature'],
  ['that is expired', (now) => forge(HEADER, claimsAt(now - 3_600_000)), 'token_expired'],
  [
    'that is not yet good',
    (now) => forge(HEADER, claimsAt(now, { nbf: now / 1000 + 600 })),
    'token_not_yet',
  ],
  [
    'that lives too long',
    (now) => forge(HEADER, claimsAt(now, { exp: now / 1000 + 86_400 })),
    'token_lifetime',
  ],
  [
    'of another issuer',
    (now) => forge(HEADER, claimsAt(now, { iss: 'https://evil.example' })),
    'token_issuer',
  ],
  [
    'for another API',
    (now) => forge(HEADER, claimsAt(now, { aud: 'https://other.example' })),
    'token_audience',
  ],
  ['of another type', (now) => forge({ ...HEADER, typ: 'JWT' }, claimsAt(now)), 'token_type'],
  ['without a subject', (now) => forge(HEADER, claimsAt(now, { sub: undefined })), 'token_claims'],
  [
    'that is bound to a key',
    (now) => forge(HEADER, claimsAt(now, { cnf: { jkt: 'x' } })),
    'token_bound',
  ],
]

const KEYS: readonly [name: string, make: (bench: Bench) => Promise<string>, reason: string][] = [
  [
    'that never was',
    async ({ keys }) => keys.format.format(keys.format.generate('sk', 'live')),
    'key_unknown',
  ],
  [
    'with another secret',
    async (bench) => {
      const key = bench.keys.format.parse((await bench.key()).text) ?? assert.fail()
      return bench.keys.format.format({ ...key, secret: 'A'.repeat(43) })
    },
    'key_wrong_secret',
  ],
  [
    'that is expired',
    async (bench) => {
      const { text } = await bench.key({ expiresAtMs: bench.clock.nowMs() + DAY_MS })
      bench.clock.advance(DAY_MS)
      return text
    },
    'key_expired',
  ],
  [
    'that was not used for long',
    async (bench) => {
      const { text } = await bench.key({ expiresAtMs: bench.clock.nowMs() + 300 * DAY_MS })
      bench.clock.advance(90 * DAY_MS)
      return text
    },
    'key_idle',
  ],
  [
    'that is revoked',
    async (bench) => {
      const { text, id } = await bench.key()
      await bench.keys.admin.revoke(id, 'test', bench.clock.nowMs())
      return text
    },
    'key_revoked',
  ],
  [
    'in quarantine',
    async (bench) => {
      const { text, id } = await bench.key()
      await bench.keys.admin.quarantine(id, 'test', bench.clock.nowMs())
      return text
    },
    'key_quarantined',
  ],
]

const STATUS = new Map([
  ['multiple_credentials', 400],
  ['credential_in_url_too', 400],
  ['key_store_unavailable', 503],
  ['token_keys_unavailable', 503],
  ['token_time_unknown', 503],
])

async function call(
  bench: Bench,
  operation: string,
  parts: RequestParts | readonly string[],
): Promise<{ refusal: Refusal | undefined; outcome: string }> {
  const exchange = exchangeOf('length' in parts ? { headers: parts } : parts)
  const refusal = await bench.guard(authenticate, operation).request(exchange)
  const outcome =
    refusal?.denial.reason ?? `${exchange.principal.kind} ${String(exchange.met.length)}`
  return { refusal, outcome }
}

suite('authenticate', () => {
  for (const [name, operation, parts, expected] of ROWS) {
    test(name, async () => {
      const bench = benchOf()
      const { refusal, outcome } = await call(bench, operation, parts(await thingsOf(bench)))
      assert.equal(outcome, expected)
      assert.equal(statusOf(refusal), refusal && (STATUS.get(outcome) ?? 401))
      const challenge = valueOf(refusal?.denial.headers, 'WWW-Authenticate')
      assert.equal(challenge !== undefined, statusOf(refusal) === 401)
    })

    test(`${name}, also where the token is known already`, async () => {
      const bench = benchOf()
      const things = await thingsOf(bench)
      await call(bench, 'token', bearer(things.token))
      const known = things.token !== '' && bench.tokens.hasField(`Bearer ${things.token}`)
      assert.equal(known, true)
      const { outcome } = await call(bench, operation, parts(things))
      assert.equal(outcome, expected)
    })
  }

  test('a token that is known ends all the same, and its field is known in one spelling only', async () => {
    const bench = benchOf()
    const { token } = await thingsOf(bench)
    assert.equal((await call(bench, 'token', bearer(token))).outcome, 'jwt 1')
    assert.equal(bench.tokens.hasField(`bearer ${token}`), false)
    const twice = [...bearer(token), ...bearer(token)]
    assert.equal((await call(bench, 'token', twice)).outcome, 'multiple_credentials')
    bench.clock.advance(3_600_000)
    assert.equal((await call(bench, 'token', bearer(token))).outcome, 'token_expired')
    assert.equal(bench.tokens.hasField(`Bearer ${token}`), false)
  })

  for (const [name, make, reason] of TOKENS) {
    test(`refuses a token ${name}`, async () => {
      const bench = benchOf()
      const { refusal } = await call(bench, 'token', bearer(make(bench.clock.nowMs())))
      assertRefused(refusal, reason, 401)
    })
  }

  for (const [name, make, reason] of KEYS) {
    test(`refuses a key ${name}`, async () => {
      const bench = benchOf()
      assertRefused((await call(bench, 'key', apiKey(await make(bench)))).refusal, reason, 401)
    })
  }

  test('every wrong key gets the same answer, to the letter [AUN-04]', async () => {
    const answers = new Set<string>()
    for (const [, make] of [...KEYS, ['malformed', async () => 'nonsense'] as const]) {
      const bench = benchOf()
      const { refusal } = await call(bench, 'key', apiKey(await make(bench)))
      const { status, problem, title } = refusal?.spec ?? assert.fail()
      answers.add(JSON.stringify([status, problem, title, refusal?.denial.headers]))
    }
    assert.equal(answers.size, 1)
  })

  test('use of a revoked key is critical', async () => {
    const bench = benchOf()
    const { text, id } = await bench.key()
    await bench.keys.admin.revoke(id, 'test', bench.clock.nowMs())
    const exchange = exchangeOf({ headers: apiKey(text) })
    await bench.guard(authenticate, 'key').request(exchange)
    assert.deepEqual(
      exchange.events.map(({ name, level }) => [name, level]),
      [['authn_token_reuse', 'critical']],
    )
  })

  const away: readonly [
    name: string,
    kit: (kit: Kit) => Kit,
    headers: (things: Things) => string[],
    reason: string,
  ][] = [
    [
      'the store of keys',
      (kit) => {
        const records = new MemoryRecords()
        records.keys.get = () => {
          throw new StoreError('unavailable', 'stopped')
        }
        return { ...kit, keys: new KeyService({ records, secrets: ephemeralSecrets() }) }
      },
      ({ key }) => apiKey(key),
      'key_store_unavailable',
    ],
    [
      'the issuer',
      (kit) => ({
        ...kit,
        tokens: new TokenService({
          issuers: [{ iss: ISS, audience: [AUD] }],
          source: () => () => Promise.reject(new Error('stopped')),
        }),
      }),
      ({ token }) => bearer(token),
      'token_keys_unavailable',
    ],
    [
      'the time',
      (kit) => ({ ...kit, tokenClock: { nowMs: () => undefined } }),
      ({ token }) => bearer(token),
      'token_time_unknown',
    ],
  ]
  for (const [name, kitOf, headers, reason] of away) {
    test(`answers 503 with Retry-After while ${name} is away`, async () => {
      const bench = benchOf()
      const exchange = exchangeOf({ headers: headers(await thingsOf(bench)) })
      const guard = bench.guard(
        authenticate,
        'either',
        { auth: { schemes: SCHEMES } },
        kitOf(bench.kit),
      )
      const refusal = await guard.request(exchange)
      assertRefused(refusal, reason, 503)
      assert.deepEqual(refusal?.denial.headers, ['Retry-After', '5'])
    })
  }

  test('a token that was verified before is 503 too while the time is unknown', async () => {
    const bench = benchOf()
    const things = await thingsOf(bench)
    const headers = bearer(things.token)
    assert.equal((await call(bench, 'token', headers)).refusal, undefined)
    const kit = { ...bench.kit, tokenClock: { nowMs: () => undefined } }
    const guard = bench.guard(authenticate, 'token', { auth: { schemes: SCHEMES } }, kit)
    const refusal = await guard.request(exchangeOf({ headers }))
    assertRefused(refusal, 'token_time_unknown', 503)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      authenticate,
      [...ROWS, ...TOKENS, ...KEYS, ...away]
        .map((row) => row.at(-1) as string)
        // Of wrapped tokens: `wrapped.test.ts`.
        .concat('token_raw', 'token_forged', 'token_logged_out')
        .filter((outcome) => !/^(?:none|apiKey|jwt|upstream) \d$/.test(outcome)),
    ))
})

suite('challenges [AUN-03]', () => {
  const cases: readonly [operation: string, missing: string, wrong: string, send: string[]][] = [
    ['unsaid', 'ApiKey realm="shop"', 'ApiKey realm="shop"', apiKey('x')],
    ['token', 'Bearer realm="shop"', 'Bearer realm="shop", error="invalid_token"', bearer('x')],
    [
      'either',
      'Bearer realm="shop", ApiKey realm="shop"',
      'Bearer realm="shop", error="invalid_token", ApiKey realm="shop"',
      apiKey('x'),
    ],
    ['basic', 'Basic realm="shop"', 'Basic realm="shop"', bearer('x')],
    ['digest', 'Digest realm="shop"', 'Digest realm="shop"', bearer('x')],
    ['raw', 'ApiKey realm="shop"', 'ApiKey realm="shop"', ['Authorization', 'a, b']],
    ['session', 'ApiKey realm="shop"', 'ApiKey realm="shop"', bearer(',')],
  ]
  for (const [operation, missing, wrong, send] of cases) {
    test(`${operation}: every scheme, strongest first, no error where nothing was sent`, async () => {
      const bench = benchOf()
      const without = await call(bench, operation, [])
      const after = await call(bench, operation, send)
      assert.deepEqual(
        [without, after].map(({ refusal }) => valueOf(refusal?.denial.headers, 'WWW-Authenticate')),
        [missing, wrong],
      )
    })
  }
})

suite('who it is', () => {
  test('the key is handed on, with its owner', async () => {
    const bench = benchOf()
    const { key } = await thingsOf(bench)
    const exchange = exchangeOf({ headers: apiKey(key) })
    await bench.guard(authenticate, 'key').request(exchange)
    assert.equal(exchange.principal.subject, 'ann')
    assert.equal(exchange.keys[0]?.principal, exchange.principal)
  })

  test('the scopes that the document asks for stand beside each proof', async () => {
    const bench = benchOf()
    const exchange = exchangeOf({ headers: bearer(bench.token()) })
    await bench.guard(authenticate, 'token').request(exchange)
    assert.deepEqual(
      exchange.met[0]?.proofs.map(({ scopes }) => scopes),
      [['orders:read']],
    )
  })

  test('callers of the API are told apart by their credential, without naming it', async () => {
    const ids = await Promise.all(
      ['Token a', 'Token b', 'a', 'b'].map(async (text) => {
        const exchange = exchangeOf({ headers: ['Authorization', text] })
        await benchOf().guard(authenticate, 'raw').request(exchange)
        return exchange.principal.id
      }),
    )
    assert.equal(new Set(ids).size, 4)
    assert.ok(ids.every((id) => /^upstream:[0-9a-f]{16}$/.test(id)))
  })
})

suite('credentials that only the API can judge', () => {
  const answered = async (bench: Bench, credential: string, status: number): Promise<boolean> => {
    const guard = bench.guard(authenticate, 'raw')
    const exchange = exchangeOf({ headers: ['Authorization', credential] })
    await guard.request(exchange)
    await guard.response(exchange, status)
    return exchange.countsAsAddress
  }
  const ROWS: readonly [name: string, statuses: readonly number[], countsAsAddress: boolean][] = [
    ['count as their address at first', [], true],
    ['count alone once the API has taken them', [200], false],
    ['count as their address while the API refuses them', [401, 403, 404, 500], true],
    ['count as their address again when the API takes them no more', [200, 401], true],
    ['count alone whatever else the API answers', [204, 404, 500], false],
  ]
  for (const [name, statuses, expected] of ROWS) {
    test(name, async () => {
      const bench = benchOf()
      for (const status of statuses) await answered(bench, 'Token a', status)
      assert.equal(await answered(bench, 'Token a', 500), expected)
      assert.equal(await answered(bench, 'Token made-up', 500), true)
    })
  }

  test('those of others are not asked about', async () => {
    const bench = benchOf()
    const { text } = await bench.key()
    const exchange = exchangeOf({ headers: ['X-API-Key', text] })
    await bench.guard(authenticate, 'key').request(exchange)
    assert.equal(exchange.principal.kind, 'apiKey')
    assert.equal(exchange.countsAsAddress, false)
  })
})

suite('keys in URLs', () => {
  for (const [name, operation, status] of [
    ['where a credential is asked for', 'key', 401],
    ['where none is', 'public', undefined],
  ] as const) {
    test(`a key of ours in the URL is marked ${name}`, async () => {
      const bench = benchOf()
      const { text, id } = await bench.key()
      const exchange = exchangeOf({ target: `/x?q=${text}` })
      const refusal = await bench.guard(authenticate, operation).request(exchange)
      assert.equal(statusOf(refusal), status)
      assert.equal(exchange.events[0]?.name, 'sp_credential_in_url')
      assert.ok(!JSON.stringify([exchange.events, refusal]).includes(text))
      // Marking works on in the background.
      await new Promise((resolve) => setImmediate(resolve))
      assert.notEqual((await bench.keys.admin.show(id))?.exposedAtMs, undefined)
    })
  }

  for (const target of ['/public', '/public?token=1&api_key=2', '/public?sp_x=1']) {
    test(`a public operation has nothing against ${target}`, async () => {
      const exchange = exchangeOf({ target })
      assert.equal(await benchOf().guard(authenticate, 'public').request(exchange), undefined)
      assert.deepEqual(exchange.events, [])
    })
  }
})

suite('what cannot be met', () => {
  for (const [operation, types] of [
    ['mutual', /mutualTLS/],
    ['cookieKey', /Cookie \(apiKey\)/],
  ] as const) {
    test(`${operation} stops the start`, () => {
      assert.throws(() => benchOf().guard(authenticate, operation), types)
    })
  }

  test('a token scheme without an issuer stops the start', () => {
    assert.throws(() => benchOf(false).guard(authenticate, 'token'), /no credential can meet/)
  })

  test('an alternative that cannot be met is left out where another can', async () => {
    const bench = benchOf(false)
    const { key } = await thingsOf(bench)
    assert.equal((await call(bench, 'either', apiKey(key))).outcome, 'apiKey 1')
    assert.equal((await call(bench, 'either', [])).outcome, 'missing')
  })

  test('requests that have no operation are not its business', () =>
    assert.equal(benchOf().guard(authenticate).guard, undefined))
})
