import assert from 'node:assert/strict'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError, formatFault } from '../../base/config-error.ts'
import { checkInput } from './check-input.ts'
import type { FixtureOptions } from './config-fixture.ts'
import { DOCUMENT, faultsOf, loadText, makeFolder, MINIMAL, settingsOf } from './config-fixture.ts'
import { configFromFlags, loadConfig } from './load-config.ts'
import { Report } from './report.ts'
import { Resolver } from './resolve/resolver.ts'
import { resolveSettings } from './resolve/settings.ts'

test('three lines give the documented defaults', async (t) => {
  const settings = await settingsOf(t, 'listen: { https: 8443, tls: auto }\n')
  const { blocks, listen } = settings
  assert.equal(settings.apis[0]?.name, 'api')
  assert.equal(settings.apis[0]?.upstream.timeoutMs, 15_000)
  assert.equal(settings.apis[0]?.upstream.connectMs, 2000)
  assert.deepEqual(blocks.limits.ip, { count: 20, windowMs: 1000, burst: 100 })
  assert.deepEqual(blocks.limits.principal, { count: 600, windowMs: 60_000, burst: 100 })
  assert.deepEqual(blocks.limits.failures, { count: 10, windowMs: 300_000, banMs: 900_000 })
  assert.deepEqual(blocks.limits.errors, { count: 60, windowMs: 60_000, burst: 60 })
  assert.equal(blocks.validate.request, 'strict')
  assert.equal(blocks.validate.response, 'filter')
  assert.equal(blocks.validate.maxBodyBytes, 1_048_576)
  assert.equal(blocks.validate.maxDepth, 32)
  assert.equal(blocks.data.errors, 'generic')
  assert.equal(blocks.mode, 'enforce')
  assert.equal(listen.https, 8443)
  assert.equal(listen.plain, 'redirect')
  assert.equal(listen.hstsSeconds, 31_536_000)
  assert.equal(listen.address, '127.0.0.1')
  assert.deepEqual(settings.auth.apiKey, {
    prefix: 'sp',
    expiresMs: 90 * 86_400_000,
    overlapMs: 86_400_000,
  })
  assert.match(settings.secretsFile, /\/sallyport\.secrets$/)
  assert.match(settings.admin.socket, /\/sallyport\.sock$/)
  assert.equal(settings.store.kind, 'sqlite')
  assert.equal(settings.profile, undefined)
})

test('without ports the gateway takes 8443 with its own certificate', async (t) => {
  const { listen } = await settingsOf(t, '')
  assert.equal(listen.https, 8443)
  assert.equal(listen.http, undefined)
  assert.deepEqual(listen.tls, { kind: 'auto' })
})

test('every limit can be off, also all operations at once', async (t) => {
  const { blocks } = await settingsOf(
    t,
    'limits: { ip: off, principal: off, failures: off, errors: off, operations: off }\n',
  )
  const { ip, principal, failures, errors, operationsOff } = blocks.limits
  assert.deepEqual([ip, principal, failures, errors], [undefined, undefined, undefined, undefined])
  assert.equal(operationsOff, true)
})

const EVERY_KEY = `
apis:
  orders:
    openapi: ./openapi.yaml
    overlays: [./security.overlay.yaml]
    upstream:
      urls: [https://orders.internal/v1/, { url: https://orders-2.internal/v1, weight: 3 }]
      timeout: 5s
      protocol: h2
      connectTimeout: 1s
      ca: file:tls.pem
      allowPlain: false
      retry: 0
      breaker: 25% of 40
      health: { path: /healthz?deep=1, every: 1s, timeout: 500ms }
      identity: { audience: orders-api, issuer: https://api.example.com }
    basePath: /orders
profile: { name: adopt, until: 2026-12-06, graduated: [listOrders, orders:getOrder] }
mode: monitor
listen:
  https: 8443
  http: 8080
  plain: refuse
  tls: { cert: file:tls.pem, key: env:TLS_KEY, min: 1.3 }
  hsts: off
  trustedProxies: [10.0.0.0/8, "2001:db8::/32"]
  forwardedHeader: forwarded
  cors: [https://app.example.com]
  hosts: [API.Example.com, "*.example.com", "[::1]"]
  health: 127.0.0.1:9090
  address: "::"
workers: auto
transport: node
auth:
  apiKey: { prefix: acme, expires: 30d, overlap: 1h }
  jwt:
    issuers:
      https://id.example.com:
        { audience: [orders, shop], algs: [ES256], maxAge: 5m, skew: 30s, jwks: file:jwks.json, typ: [JWT, at+jwt] }
  schemes: { PartnerKey: apiKey, session: upstream, token: jwt }
  roles: claims.realm_access.roles
  groups: claims["https://example.com/groups"]
  mode: enforce
authorize:
  roles: { admin: ["*"], agent: ["orders:*", op:listOrders] }
  acl: { listAudit: { roles: [admin], groups: [auditors], subjects: [ann] } }
  mode: monitor
validate:
  { request: schema, response: observe, maxBody: 2mb, maxDepth: 8, urlHosts: [cdn.example.com], mode: monitor }
data: { errors: pass, mode: off }
limits:
  ip: 1/s
  principal: off
  failures: 3/min ban 1h
  errors: 9/min
  policies: { tenant: "6000/min by tenant" }
  plans: { free: 1k/day, pro: [quota 1m/month, 100/s burst 200] }
  plan: claims.tier
  concurrency: { total: adaptive, principal: 20 }
  penalties: { score: 200/5min, boxes: [1min, 10min], forgive: 2h, exempt: [10.0.0.0/8] }
  operations: { login: "5/min by ip, body.email", search: { cost: 10 }, export: { concurrency: 4, flow: 3/day by body.card }, get: { rate: 1/s, by: [principal] }, put: off }
  headers: { aliases: [X-Rate-Limit-*], reset: epoch }
  whenStoreFails: local
  mode: monitor
rules:
  - { api: orders, operation: a, operations: [b], path: /x, paths: [/y/*], tag: t, tags: [u], method: get, methods: [POST],
      mode: enforce, auth: { mode: enforce }, authorize: { mode: enforce }, validate: { maxBody: 1kb }, data: { errors: generic },
      limits: { principal: 1/s, operation: { rate: 1/s, by: ip, cost: 2 }, mode: enforce },
      relax: { validate: monitor, waf: off }, why: T-412, until: 2027-03-01 }
logs: { redact: auto, sinks: [stdout, stderr, "file:logs/a.log"], reserve: 1mb, whenFull: closed }
admin: { listen: "unix:./admin.sock" }
secrets: file:./s.secrets
store: "memory:"
counters: memory
`
const EVERY_FILE: FixtureOptions = {
  files: { 'security.overlay.yaml': '', 'tls.pem': 'PEM', 'jwks.json': '{}' },
  env: { TLS_KEY: 'the key' },
}

test('every key of the reference is accepted and read', async (t) => {
  const { settings } = await loadText(t, EVERY_KEY, EVERY_FILE)
  const { listen, blocks, auth, rules } = settings
  assert.deepEqual(
    { ...settings.apis[0]?.upstream },
    {
      origin: 'https://orders.internal',
      origins: [
        { origin: 'https://orders.internal', weight: 1 },
        { origin: 'https://orders-2.internal', weight: 3 },
      ],
      path: '/v1',
      protocol: 'h2',
      timeoutMs: 5000,
      connectMs: 1000,
      ca: 'PEM',
      clientCertificate: undefined,
      retries: false,
      breaker: { failureRatio: 0.25, minimum: 40, windowMs: 10_000, openMs: 15_000, probes: 3 },
      health: { path: '/healthz?deep=1', everyMs: 1000, timeoutMs: 500 },
      identity: { iss: 'https://api.example.com', aud: 'orders-api', isStated: true },
    },
  )
  assert.equal(settings.profile?.untilMs, Date.UTC(2026, 11, 6))
  assert.deepEqual(listen.hosts, ['api.example.com', '*.example.com', '::1'])
  assert.deepEqual(listen.health, { port: 9090, address: '127.0.0.1' })
  assert.equal(listen.hstsSeconds, 0)
  assert.ok(listen.tls.kind === 'given')
  assert.equal(listen.tls.key.reveal(), 'the key')
  assert.equal(listen.tls.minVersion, 'TLSv1.3')
  const { jwks, ...issuer } = auth.issuers[0]!
  assert.deepEqual(issuer, {
    issuer: 'https://id.example.com',
    audiences: ['orders', 'shop'],
    algs: ['ES256'],
    maxAgeMs: 300_000,
    skewMs: 30_000,
    typ: ['jwt', 'at+jwt'],
  })
  assert.ok(jwks.kind === 'file' && jwks.path.endsWith('/jwks.json'))
  assert.deepEqual(blocks.auth.rolesClaim, ['realm_access', 'roles'])
  assert.deepEqual(blocks.auth.groupsClaim, ['https://example.com/groups'])
  assert.deepEqual(blocks.limits.headerAliases, ['X-Rate-Limit-'])
  assert.deepEqual(
    blocks.modes,
    new Map([
      ['auth', 'enforce'],
      ['authorize', 'monitor'],
      ['validate', 'monitor'],
      ['data', 'off'],
      ['limits', 'monitor'],
    ]),
  )
  assert.deepEqual(blocks.operationLimits.get('search'), { rate: undefined, by: [], cost: 10 })
  assert.equal(blocks.operationLimits.get('put'), undefined)
  const DAY_MS = 86_400_000
  assert.deepEqual(blocks.operationLimits.get('export'), {
    rate: undefined,
    by: [],
    cost: 1,
    concurrency: 4,
    flows: [
      { rate: { count: 3, windowMs: DAY_MS, burst: 3 }, by: [{ from: 'body', name: 'card' }] },
    ],
  })
  const { plans, policies, planClaim, concurrency, penalties, resetsAtMoment } = blocks.limits
  const monthly = { count: 1_000_000, windowMs: 30 * DAY_MS, burst: 1_000_000, kind: 'quota' }
  assert.deepEqual(
    [...plans],
    [
      ['free', [{ count: 1000, windowMs: DAY_MS, burst: 1000, kind: 'quota' }]],
      ['pro', [monthly, { count: 100, windowMs: 1000, burst: 200 }]],
    ],
  )
  assert.deepEqual(policies.get('tenant')?.by, [{ from: 'tenant' }])
  assert.deepEqual([planClaim, resetsAtMoment], [['tier'], true])
  assert.deepEqual(concurrency, { total: 'adaptive', principal: 20 })
  assert.deepEqual(penalties, {
    score: { count: 200, windowMs: 300_000, burst: 200 },
    stepsMs: [60_000, 600_000],
    forgiveMs: 7_200_000,
    exempt: ['10.0.0.0/8'],
  })
  assert.deepEqual(rules[0]?.select, {
    api: 'orders',
    operations: ['a', 'b'],
    paths: ['/x', '/y/*'],
    tags: ['t', 'u'],
    methods: ['GET', 'POST'],
  })
  assert.deepEqual(settings.store, { kind: 'memory' })
  assert.equal(settings.logs.whenFull, 'closed')
  assert.deepEqual(settings.logs.room, { maxBytes: 8_388_608, reserveBytes: 1_048_576 })
})

test('a faulty spelling of any key of the reference is found', async (t) => {
  const keys = EVERY_KEY.matchAll(/(?<=[\s{])([a-z][A-Za-z]+):(?= )/g)
  const own = new Set([
    'orders',
    'admin',
    'agent',
    'login',
    'search',
    'tenant',
    'free',
    'pro',
    'export',
    'get',
    'put',
    'session',
    'token',
  ])
  let count = 0
  for (const match of keys) {
    if (own.has(match[1] ?? '')) continue
    const at = match.index + 1
    const text = `${EVERY_KEY.slice(0, at)}Q${EVERY_KEY.slice(at)}`
    const faults = await faultsOf(t, text, EVERY_FILE)
    const line = EVERY_KEY.slice(0, at).split('\n').length
    const isFound = faults.some((fault) => fault.line === line && /unknown key/.test(fault.message))
    const isData = /acl|relax|schemes/.test(EVERY_KEY.split('\n')[line - 1] ?? '')
    assert.ok(isFound || isData, `${match[0]} on line ${line}`)
    count++
  }
  assert.ok(count > 60)
})

/** One row: what is written after the two lines (which are lines 1 and 2), and the faults in full. */
const golden: [name: string, text: string, faults: readonly string[]][] = [
  [
    'names an unknown key with its place and the likely one',
    'listen:\n  htps: 8443\n',
    ['FILE:4:3 listen.htps: unknown key "htps" (did you mean "https"?)'],
  ],
  [
    'lists the known keys where none is near',
    'logs: { zzzzzz: 1 }\n',
    ['FILE:3:9 logs.zzzzzz: unknown key "zzzzzz" (known here: redact, sinks, reserve, whenFull)'],
  ],
  [
    'finds a key that is written twice, and goes on',
    'mode: enforce\nworkers: none\nmode: enforce\n',
    [
      'FILE:4:10 workers: "none" is not one of auto',
      'FILE:5:1: duplicate key mode (write it once)',
    ],
  ],
  [
    'proposes the word that was meant',
    'mode: monitr\n',
    ['FILE:3:7 mode: "monitr" is not one of enforce, monitor, off (did you mean "monitor"?)'],
  ],
  [
    'wants a unit',
    'validate:\n  maxBody: 5\n',
    ['FILE:4:12 validate.maxBody: must be a size with its unit, such as 1mb, not 5'],
  ],
  [
    'shows how a rate is written',
    'limits:\n  ip: 20 per second\n',
    [
      'FILE:4:7 limits.ip: "20 per second" is not a rate (write COUNT/WINDOW, with or without a burst: 20/s burst 100, 5/min, 10/5min)',
    ],
  ],
  [
    'bounds the depth',
    'validate: { maxDepth: 1000 }\n',
    ['FILE:3:23 validate.maxDepth: must be at most 256, not 1000'],
  ],
  [
    'bounds what the log may hold in memory',
    'logs: { reserve: 2gb }\n',
    ['FILE:3:18 logs.reserve: "2gb" is out of bounds (at least 64kb, at most 1gb)'],
  ],
  [
    'bounds the life of tokens [TOK-05]',
    'auth: { jwt: { issuers: { "https://i.example.com": { audience: a, maxAge: 2h } } } }\n',
    [
      'FILE:3:75 auth.jwt.issuers["https://i.example.com"].maxAge: "2h" is out of bounds (at least 1s, at most 1h)',
    ],
  ],
  [
    'bounds the life of keys [KEY-04]',
    'auth: { apiKey: { expires: 2y } }\n',
    ['FILE:3:28 auth.apiKey.expires: "2y" is out of bounds (at least 1m, at most 365d)'],
  ],
  [
    'bounds the clock skew [TOK-05]',
    'auth: { jwt: { issuers: { "https://i.example.com": { audience: a, skew: 5m } } } }\n',
    [
      'FILE:3:73 auth.jwt.issuers["https://i.example.com"].skew: "5m" is out of bounds (at least 0s, at most 60s)',
    ],
  ],
  [
    'wants an audience',
    'auth: { jwt: { issuers: { "https://i.example.com": {} } } }\n',
    ['FILE:3:27 auth.jwt.issuers["https://i.example.com"].audience: is missing'],
  ],
  [
    'takes no issuer without keys',
    'auth: { jwt: { issuers: { "urn:me": { audience: a } } } }\n',
    [
      'FILE:3:27 auth.jwt.issuers["urn:me"]: the keys of this issuer cannot be found by discovery (that needs an https URL (http only on loopback); else write jwks: file:PATH or an https URL)',
    ],
  ],
  [
    'fetches keys in clear only from this machine [ADM-03]',
    'auth: { jwt: { issuers: { a: { audience: a, jwks: "http://10.0.0.1/k" } } } }\n',
    [
      'FILE:3:51 auth.jwt.issuers.a.jwks: "http://10.0.0.1/k" is no place for keys (write an https URL, an http URL on loopback, or file:PATH)',
    ],
  ],
  [
    'maps a scheme to jwt only with an issuer',
    'auth: { schemes: { t: jwt } }\n',
    [
      'FILE:3:23 auth.schemes.t: jwt needs an issuer, and none is configured (write auth.jwt.issuers)',
    ],
  ],
  [
    'refuses a wildcard origin [RTE-03]',
    'listen: { cors: ["*", "null", "https://a.example.com/", "https://ok.example.com"] }\n',
    ['"*"', '"null"', '"https://a.example.com/"'].map(
      (value, i) =>
        `FILE:3:${[18, 23, 31][i]} listen.cors[${i}]: ${value} is not an origin (write scheme, host and port exactly as browsers send them, such as https://app.example.com)`,
    ),
  ],
  [
    'refuses plain HTTP to the network [TRN-02]',
    'listen: { http: 80, plain: serve, address: 0.0.0.0 }\n',
    [
      'FILE:3:28 listen.plain: plain: serve would carry credentials in clear over the network (write address: 127.0.0.1, or name the balancer that ends TLS in trustedProxies)',
    ],
  ],
  [
    'refuses a gateway that could serve nothing',
    'listen: { http: 80 }\n',
    [
      'FILE:3:17 listen.http: nothing could be served: plain HTTP gets plain: redirect, and there is no HTTPS port (add https: 8443, or write plain: serve)',
    ],
  ],
  [
    'refuses one port for two things',
    'listen: { https: 8443, health: 8443 }\n',
    ['FILE:3:32 listen.health: port 8443 is taken by listen.https'],
  ],
  [
    'has no public certificates yet',
    'listen: { hosts: [api.internal, api.example.com] }\n',
    [
      'FILE:3:33 listen.hosts[1]: tls: auto for the public name api.example.com (ACME) is not available yet (write tls: { cert: file:…, key: file:… })',
    ],
  ],
  [
    'takes no literal secret, and does not repeat it [ADM-04]',
    'listen: { tls: { cert: file:openapi.yaml, key: hunter2 } }\n',
    [
      'FILE:3:48 listen.tls.key: is not a reference (write env:NAME or file:PATH, never the secret itself)',
    ],
  ],
  [
    'finds a secret that is not set',
    'listen: { tls: { cert: file:openapi.yaml, key: env:NOWHERE } }\n',
    ['FILE:3:48 listen.tls.key: the environment variable NOWHERE is not set'],
  ],
  [
    'finds a secret file that is not there',
    'listen: { tls: { cert: file:openapi.yaml, key: file:no.pem } }\n',
    ['FILE:3:48 listen.tls.key: file not found: FOLDER/no.pem'],
  ],
  [
    'wants a reason and an end for every relaxation',
    'rules:\n  - { operation: a, relax: { validate: monitor } }\n',
    [
      'FILE:4:21 rules[0].relax: relax needs why (add why: REASON)',
      'FILE:4:21 rules[0].relax: relax needs until (add until: DATE, when it ends by itself)',
    ],
  ],
  [
    'knows that February has no 30th',
    'profile: { name: adopt, until: 2026-02-30 }\n',
    [
      'FILE:3:32 profile.until: "2026-02-30" is not a date (write a day such as 2026-12-06 (it ends when that day begins, UTC) or 2026-12-06T08:00:00Z)',
    ],
  ],
  [
    'refuses a rule that selects nothing',
    'rules:\n  - { mode: monitor }\n',
    [
      'FILE:4:5 rules[0]: selects nothing (name an operation, a path, a tag or a method; what holds for all belongs to the top)',
    ],
  ],
  [
    'refuses a rule that changes nothing',
    'rules:\n  - { operation: a }\n',
    [
      'FILE:4:5 rules[0]: changes nothing (write authorize, validate, data, limits, network, mode or relax)',
    ],
  ],
  [
    'refuses until without relax',
    'rules:\n  - { operation: a, mode: monitor, until: 2027-01-01 }\n',
    ['FILE:4:43 rules[0].until: until belongs to relax (write relax: { BLOCK: monitor })'],
  ],
  [
    'has one place for limits that are counted before the operation is known',
    'rules:\n  - { operation: a, limits: { ip: 1/s } }\n',
    [
      'FILE:4:31 rules[0].limits.ip: unknown key "ip" (known here: principal, operation, priority, sensitivity, mode)',
    ],
  ],
  [
    'refuses an empty access list',
    'authorize: { acl: { a: {} } }\n',
    ['FILE:3:21 authorize.acl.a: lets nobody in (name roles, groups or subjects)'],
  ],
  [
    'refuses a special key of JavaScript',
    'limits: { operations: { __proto__: 5/min } }\n',
    ['FILE:3:25 limits.operations.__proto__: unknown key "__proto__" (leave it out)'],
  ],
  [
    'refuses apis beside the short form',
    'apis: { a: { openapi: ./openapi.yaml, upstream: "http://127.0.0.1:1" } }\n',
    [
      'FILE:1:10 openapi: openapi stands beside apis (move it into the entry of its API)',
      'FILE:2:11 upstream: upstream stands beside apis (move it into the entry of its API)',
    ],
  ],
  [
    'names what is wrong with an upstream of several origins',
    'apis: { a: { openapi: ./openapi.yaml, upstream: { urls: [https://a/v1, https://b/v2, http://c/v1], cert: file:x.pem } }, b: { openapi: ./openapi.yaml, upstream: { timeout: 1s } }, c: { openapi: ./openapi.yaml, upstream: { url: https://a, breaker: half, health: x } } }\n',
    [
      'FILE:1:10 openapi: openapi stands beside apis (move it into the entry of its API)',
      'FILE:2:11 upstream: upstream stands beside apis (move it into the entry of its API)',
      'FILE:3:248 apis.c.upstream.breaker: "half" is not a share of a number of requests (write 50% of 20: half of at least twenty answers within 10 s)',
      'FILE:3:262 apis.c.upstream.health: "x" is not a path (write a path that begins with a slash, such as /healthz)',
      'FILE:3:72 apis.a.upstream.urls[1]: has another path than the first (let all serve one path)',
      'FILE:3:86 apis.a.upstream.urls[2]: plain http to c, which is not this machine (use https, or write upstream: { url: …, allowPlain: true } if the network in between is yours)',
      'FILE:3:39 apis.a.upstream: key is missing (write cert and key, or neither)',
      'FILE:3:152 apis.b.upstream: names no url (write url, or urls for several places that serve alike)',
    ],
  ],
  [
    'says once what replaces a key that is not available yet',
    'data: { seal: { string: nine }, errors: pass }\n',
    ['FILE:3:9 data.seal: data.seal is not available yet (leave it out)'],
  ],
  [
    'shows the faults of different blocks together',
    'waf: { paranoia: 1 }\nmode: on\nlimits: { ip: x }\nlisten: { tls: { cert: file:a, key: file:b } }\n',
    [
      'FILE:3:1 waf: waf is not available yet (leave it out)',
      'FILE:4:7 mode: "on" is not one of enforce, monitor, off',
      'FILE:5:15 limits.ip: "x" is not a rate (write COUNT/WINDOW, with or without a burst: 20/s burst 100, 5/min, 10/5min)',
      'FILE:6:24 listen.tls.cert: file not found: FOLDER/a',
      'FILE:6:37 listen.tls.key: file not found: FOLDER/b',
    ],
  ],
]
for (const [name, text, expected] of golden) {
  test(`a fault ${name}`, async (t) => {
    const faults = await faultsOf(t, MINIMAL + text)
    const shown = faults.map((fault) =>
      formatFault(fault)
        .replace(/^\S+sallyport\.yaml/, 'FILE')
        .replace(/: \/\S*\/sp-\w+/g, ': FOLDER'),
    )
    assert.deepEqual(shown, expected)
  })
}

const whole: [name: string, text: string, message: RegExp][] = [
  ['an empty file', '', /is empty/],
  ['a list', '- a\n', /must be a block of keys/],
  ['a broken text', 'a: [1\n', /yaml:2:1: Flow sequence/],
  ['two documents in one', 'a: 1\n---\nb: 2\n', /:2:1/],
  ['a tag', 'openapi: !js/function 1\n', /:1:10/],
  ['a bomb of aliases', `a: &a [x,x,x,x,x,x]\n${bomb()}`, /cannot be read/],
  ['a block that holds itself', 'rules: &a [*a]\n', /:1:1 rules: holds itself/],
  ['a block that holds itself further down', 'listen: &a { tls: { b: *a } }\n', /holds itself/],
  ['absurd nesting', `a: ${'['.repeat(100_000)}`, /cannot be read|Flow/],
  ['no document and no upstream', 'mode: enforce\n', /openapi: is missing[^]*upstream: is missing/],
  [
    'a document that is not there',
    'openapi: no.yaml\nupstream: http://[::1]:1\n',
    /:1:10 openapi: file not found/,
  ],
  [
    'credentials in the upstream',
    'openapi: openapi.yaml\nupstream: http://u:hunter2@localhost\n',
    /holds credentials/,
  ],
  [
    'plain http to the network [TRN-05]',
    'openapi: openapi.yaml\nupstream: http://10.0.0.1\n',
    /plain http to 10\.0\.0\.1/,
  ],
  [
    'an upstream that is no URL',
    'openapi: openapi.yaml\nupstream: localhost:3000\n',
    /not an http or https URL/,
  ],
]
function bomb(): string {
  const letters = 'abcdefghij'.split('')
  return letters
    .slice(1)
    .map((letter, i) => `${letter}: &${letter} [${`*${letters[i]},`.repeat(8)}*${letters[i]}]\n`)
    .join('')
}
for (const [name, text, message] of whole) {
  test(`${name} is refused`, async (t) => {
    const faults = await faultsOf(t, text)
    const shown = faults.map(formatFault).join('\n')
    assert.match(shown, message)
    assert.doesNotMatch(shown, /hunter2/)
  })
}

test('plain http to the network is taken when it is said', async (t) => {
  const text = 'openapi: openapi.yaml\nupstream: { url: http://10.0.0.1, allowPlain: true }\n'
  const loaded = await loadText(t, text)
  assert.equal(loaded.settings.apis[0]?.upstream.origin, 'http://10.0.0.1')
  assert.match(loaded.audit(0)[0]?.message ?? '', /travel in clear/)
})

test('a certificate or a host name opens the gateway to all addresses', async (t) => {
  const local = await settingsOf(t, 'listen: { hosts: [] }\n')
  const named = await settingsOf(t, 'listen: { hosts: [gw.internal] }\n')
  const given = 'listen: { tls: { cert: file:openapi.yaml, key: file:openapi.yaml } }\n'
  assert.equal(local.listen.address, '127.0.0.1')
  assert.equal(named.listen.address, undefined)
  assert.equal((await settingsOf(t, given)).listen.address, undefined)
})

test('plain HTTP may be served behind a balancer that ends TLS', async (t) => {
  const text =
    'listen: { http: 80, plain: serve, address: 0.0.0.0, trustedProxies: [10.0.0.0/8] }\n'
  assert.equal((await settingsOf(t, text)).listen.plain, 'serve')
})

for (const mode of [0o664, 0o646]) {
  test(`a file of mode ${mode.toString(8)} is refused, others could write it [ADM-04]`, async (t) => {
    const folder = makeFolder(t, { ...DOCUMENT, 'sallyport.yaml': MINIMAL })
    const file = join(folder, 'sallyport.yaml')
    chmodSync(file, mode)
    await assert.rejects(loadConfig(file, {}), /may be written by others/)
  })
}

test('a key that others could write is refused [ADM-04]', async (t) => {
  const text = `${MINIMAL}listen: { tls: { cert: file:openapi.yaml, key: file:key.pem } }\n`
  const folder = makeFolder(t, { ...DOCUMENT, 'key.pem': 'K', 'sallyport.yaml': text })
  chmodSync(join(folder, 'key.pem'), 0o666)
  await assert.rejects(loadConfig(join(folder, 'sallyport.yaml'), {}), /key\.pem may be written/)
})

test('what must be watched is named: file, document, overlay, certificate, key, key set', async (t) => {
  const { files } = await loadText(t, EVERY_KEY, EVERY_FILE)
  const names = files.map((file) => file.replace(/.*\//, '')).sort()
  assert.deepEqual(names, [
    'jwks.json',
    'openapi.yaml',
    'sallyport.yaml',
    'security.overlay.yaml',
    'tls.pem',
  ])
})

test('relative paths start at the folder of the file, not at the working directory', async (t) => {
  const loaded = await loadText(t, MINIMAL)
  const folder = loaded.file?.replace('/sallyport.yaml', '')
  assert.equal(loaded.settings.apis[0]?.openapi, `${folder}/openapi.yaml`)
  assert.equal(loaded.settings.secretsFile, `${folder}/sallyport.secrets`)
})

const TYPESCRIPT = `
import type { SallyportConfig } from '${import.meta.dirname}/define-config.ts'
import { defineConfig } from '${import.meta.dirname}/define-config.ts'
const port: number = 9443
const config: SallyportConfig = {
  openapi: './openapi.yaml', upstream: 'http://127.0.0.1:3000', listen: { https: port }, limits: { ip: false },
}
export default defineConfig(config)
`

test('a TypeScript configuration is read like YAML, and read anew when it changes', async (t) => {
  const folder = makeFolder(t, { ...DOCUMENT, 'sallyport.config.ts': TYPESCRIPT })
  const file = join(folder, 'sallyport.config.ts')
  const first = await loadConfig(file, {})
  assert.equal(first.settings.listen.https, 9443)
  assert.equal(first.settings.blocks.limits.ip, undefined)
  writeFileSync(file, TYPESCRIPT.replace('9443', '9444'))
  const second = await loadConfig(file, {})
  assert.equal(second.settings.listen.https, 9444)
  assert.notEqual(first.hash, second.hash)
})

const modules: [name: string, text: string, message: RegExp][] = [
  [
    'an unknown key',
    "export default { openapi: './openapi.yaml', upstrem: 'x' }",
    /upstrem: unknown key "upstrem" \(did you mean "upstream"\?\)/,
  ],
  ['no default export', 'export const config = {}', /no default export/],
  ['a module that throws', "throw new Error('boom')", /cannot be loaded: boom/],
  ['a function in it', 'export default { mode: () => 1 }', /cannot be loaded/],
]
for (const [name, text, message] of modules) {
  test(`a TypeScript configuration with ${name} is refused`, async (t) => {
    const folder = makeFolder(t, { ...DOCUMENT, 'sallyport.config.ts': text })
    await assert.rejects(loadConfig(join(folder, 'sallyport.config.ts'), {}), message)
  })
}

test('a file that is not there, a folder and an unknown kind are refused', async (t) => {
  const folder = makeFolder(t, { 'a.toml': '', 'b.yaml/c': '' })
  await assert.rejects(loadConfig(join(folder, 'no.yaml'), {}), /not found/)
  await assert.rejects(loadConfig(join(folder, 'a.toml'), {}), /neither YAML nor TypeScript/)
  await assert.rejects(loadConfig(join(folder, 'b.yaml'), {}), /is not a file/)
})

test('a configuration behind a symbolic link loads', async (t) => {
  const folder = makeFolder(t, { ...DOCUMENT, 'v1/sallyport.yaml': MINIMAL })
  symlinkSync(join(folder, 'v1/sallyport.yaml'), join(folder, 'sallyport.yaml'))
  const { settings } = await loadConfig(join(folder, 'sallyport.yaml'), {})
  assert.equal(settings.apis.length, 1)
})

test('a socket path that the kernel would cut is refused', async (t) => {
  const faults = await faultsOf(t, `${MINIMAL}admin: { listen: "unix:/tmp/${'x'.repeat(120)}" }\n`)
  assert.match(faults[0]?.message ?? '', /longer than 107 bytes/)
})

test('flags alone are a configuration', (t) => {
  const folder = makeFolder(t, DOCUMENT)
  const flags = { openapi: 'openapi.yaml', upstream: 'http://127.0.0.1:3000/v2', cwd: folder }
  const { settings, file } = configFromFlags(flags)
  assert.equal(file, undefined)
  assert.equal(settings.apis[0]?.openapi, join(folder, 'openapi.yaml'))
  assert.equal(settings.apis[0]?.upstream.path, '/v2')
  assert.throws(() => configFromFlags({ ...flags, openapi: 'no.yaml' }), ConfigError)
})

test('faults of other rooms get their place by their path', async (t) => {
  const loaded = await loadText(t, `${MINIMAL}listen:\n  trustedProxies: [10.0.0.0/8]\n`)
  const fault = loaded.placeFault({ path: 'listen.trustedProxies[0]', message: 'm' })
  assert.deepEqual([fault.line, fault.column], [4, 20])
})

test('any data is settings or faults, never another error', () => {
  const words = fc.constantFrom(
    'off',
    'auto',
    '5/min',
    'file:x',
    'env:X',
    '15m',
    '*',
    '/a/*',
    'GET',
    '',
  )
  const leaf = fc.oneof(fc.integer(), fc.string(), words, fc.boolean(), fc.constant(null))
  const keys = [
    'apis a openapi upstream url ca listen https http tls cert key cors hosts health address auth jwt issuers',
    'audience jwks schemes roles groups authorize acl validate maxBody caps limits ip operations rate by cost rules',
    'operation path tag relax until why logs sinks admin secrets store profile name graduated __proto__ waf',
  ]
  const key = fc.constantFrom(...keys.join(' ').split(' '))
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 5, noNullPrototype: false }),
    ),
  }))
  fc.assert(
    fc.property(tree, (data) => {
      const report = new Report()
      const input = checkInput(data, report)
      resolveSettings(input, new Resolver('/nowhere', {}, { report: report }))
      assert.ok(report.faults.length > 0, 'nothing random is a whole configuration')
    }),
    { numRuns: 1500 },
  )
})
