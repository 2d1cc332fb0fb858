import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { compileCondition } from './condition.ts'
import { exchangeWith, SCOPE } from './condition-fixture.ts'
import type { Facts } from './condition-fixture.ts'
import type { Need } from './scope.ts'
import { STRING } from './value-type.ts'

const AT = 'authorize.operations.patchUser'
const compile = (text: string): ReturnType<typeof compileCondition> =>
  compileCondition(text, SCOPE, AT)

const ANN: Facts['principal'] = {
  id: 'https://id.example.com|ann',
  kind: 'jwt',
  subject: 'ann',
  roles: ['agent', 'reader'],
  groups: ['support'],
  scopes: new Set(['orders:read']),
  claims: {
    accounts: ['a1', 'a2'],
    numbers: [7],
    level: 3,
    tenant: 't1',
    acr: 'urn:mfa',
    amr: ['otp'],
  },
}
// 2026-11-22 is a Sunday.
const SUNDAY_NOON = Date.parse('2026-11-22T12:00:00Z')

type Row = [name: string, text: string, facts: Facts, verdict: boolean | undefined]

/** What the gateway knows of clients where it is set up to. */
function clientRows(): readonly Row[] {
  const certificate = {
    subject: 'CN=device-7',
    issuer: 'CN=Example CA',
    san: ['dns:device-7.example', 'uri:spiffe://example/device-7'],
    fingerprint: 'ab12',
  }
  const inBerlin = { place: { country: 'DE', region: 'DE-BE' } }
  return [
    ['knows a certificate', 'certificate.subject == "CN=device-7"', { certificate }, true],
    ['knows another', 'certificate.fingerprint == "ff"', { certificate }, false],
    [
      'finds a name in it',
      '"uri:spiffe://example/device-7" in certificate.san',
      { certificate },
      true,
    ],
    ['finds no other', '"dns:device" in certificate.san', { certificate }, false],
    ['knows nothing without one', 'certificate.issuer != "CN=Evil"', {}, undefined],
    ['can ask for one', 'has(certificate.subject)', {}, false],
    ['knows the country', 'network.country in ["DE", "FR"]', inBerlin, true],
    ['knows the region', 'network.region == "DE-HH"', inBerlin, false],
    [
      'has no country for an unknown place',
      'network.country != "XX"',
      { place: { country: '', region: '' } },
      undefined,
    ],
    ['nor where nobody looks', '!(network.country == "XX")', {}, undefined],
  ]
}
const judged: Row[] = [
  [
    'finds the caller in the path',
    'path.userId == subject.id',
    { principal: ANN, path: { userId: 'ann' } },
    true,
  ],
  ...clientRows(),
  [
    'finds another in the path',
    'path.userId == subject.id',
    { principal: ANN, path: { userId: 'bob' } },
    false,
  ],
  [
    'does not take nobody for nobody',
    'path.userId == subject.id',
    { path: { userId: 'anonymous' } },
    undefined,
  ],
  [
    'does not take two empty names for one',
    'body.owner == body.card.holder',
    { body: { owner: '', card: { holder: '' } } },
    undefined,
  ],
  [
    'does not take two absent values for one',
    'body.owner == subject.claims.none',
    { principal: ANN, body: {} },
    undefined,
  ],
  [
    'does not take two nulls for one',
    'body.owner == subject.claims.no',
    { principal: { ...ANN, claims: { no: null } }, body: { owner: null } },
    undefined,
  ],
  ['does not hold because a value is missing', 'path.userId != "root"', {}, undefined],
  [
    'does not hold because a value has another type',
    'body.owner != "root"',
    { body: { owner: 7 } },
    undefined,
  ],
  [
    'compares a number as text where that is said',
    'string(path.number) == "7"',
    { path: { number: 7 } },
    true,
  ],
  [
    'has no text for a number that is not exact',
    'string(subject.claims.n) == "9007199254740992"',
    { principal: { ...ANN, claims: { n: 9_007_199_254_740_992 } } },
    undefined,
  ],
  [
    'does not compare numbers that are not exact',
    'body.count == subject.claims.n',
    { principal: { ...ANN, claims: { n: 2 ** 53 } }, body: { count: 2 ** 53 } },
    undefined,
  ],
  [
    'compares numbers',
    'body.price < 10.5 && body.count >= 2',
    { body: { price: 10.25, count: 2 } },
    true,
  ],
  [
    'finds a value in a claim',
    'body.owner in subject.accounts',
    { principal: ANN, body: { owner: 'a2' } },
    true,
  ],
  [
    'finds a value in a claim written out',
    'body.owner in subject.claims.accounts',
    { principal: ANN, body: { owner: 'a3' } },
    false,
  ],
  [
    'finds no text among numbers',
    'path.userId in subject.claims.numbers',
    { principal: ANN, path: { userId: '7' } },
    undefined,
  ],
  [
    'is not sure that a text is not among numbers',
    '!(path.userId in subject.claims.numbers)',
    { principal: ANN, path: { userId: '7' } },
    undefined,
  ],
  [
    'finds no member in a single claim',
    'path.userId in subject.claims.tenant',
    { principal: ANN, path: { userId: 't' } },
    undefined,
  ],
  ['finds a role', '"agent" in subject.roles', { principal: ANN }, true],
  ['finds no role that only begins alike', '"age" in subject.roles', { principal: ANN }, false],
  [
    'finds a group and a scope',
    '"support" in subject.groups && "orders:read" in subject.scopes',
    { principal: ANN },
    true,
  ],
  [
    'finds a value in a list that is written out',
    'subject.kind in ["jwt", "apiKey"]',
    { principal: ANN },
    true,
  ],
  [
    'knows the tenant',
    'header["x-tenant"] == subject.tenant',
    { principal: ANN, header: { 'x-tenant': 't1' } },
    true,
  ],
  ['knows how the caller was proven', 'acr == "urn:mfa" && "otp" in amr', { principal: ANN }, true],
  [
    'knows the network',
    'network.ip in ["10.0.0.0/8", "2001:db8::/32"]',
    { address: '10.9.8.7' },
    true,
  ],
  [
    'knows the network by its mapped spelling',
    'network.ip in ["10.0.0.0/8"]',
    { address: '::ffff:10.9.8.7' },
    true,
  ],
  ['knows other networks', 'network.ip in ["10.0.0.0/8"]', { address: '203.0.113.7' }, false],
  [
    'is not sure of the network without an address',
    '!(network.ip in ["10.0.0.0/8"])',
    {},
    undefined,
  ],
  [
    'knows the hour of a place',
    'now.getHours("Europe/Berlin") == 13',
    { nowMs: SUNDAY_NOON },
    true,
  ],
  ['knows the day of the week', 'now.getDayOfWeek() in [0, 6]', { nowMs: SUNDAY_NOON }, true],
  ['knows what is over', 'now < timestamp("2026-01-01T00:00:00Z")', { nowMs: SUNDAY_NOON }, false],
  [
    'knows the connection',
    'tls.version == "TLSv1.3"',
    { tls: { protocol: 'TLSv1.3', cipher: '', servername: undefined } },
    true,
  ],
  ['is not sure of no connection', 'tls.version != "TLSv1"', {}, undefined],
  [
    'an error beside true does not matter',
    'subject.claims.none == "x" || subject.kind == "jwt"',
    { principal: ANN },
    true,
  ],
  [
    'an error beside false does not matter',
    'subject.claims.none == "x" && subject.kind == "none"',
    { principal: ANN },
    false,
  ],
  [
    'an error beside what holds is an error',
    'subject.claims.none == "x" && subject.kind == "jwt"',
    { principal: ANN },
    undefined,
  ],
  [
    'asks for the presence of what has a dash',
    '!has(header["x-tenant"]) || header["x-tenant"] == subject.tenant',
    {},
    true,
  ],
  [
    'asks for presence',
    'has(subject.claims.level) && !has(subject.claims.none)',
    { principal: ANN },
    true,
  ],
  ['null is not there', 'has(body.owner)', { body: { owner: null } }, false],
  ['is not sure of what is inside nothing', '!has(body.card.holder)', { body: {} }, undefined],
  [
    'looks at the beginning of a text',
    'path.userId.startsWith("an") && path.userId.endsWith("n")',
    { path: { userId: 'ann' } },
    true,
  ],
  ['matches a pattern', 'path.userId.matches("^a[a-z]+$")', { path: { userId: 'ann' } }, true],
  [
    'does not match very long texts',
    'path.userId.matches("a")',
    { path: { userId: 'a'.repeat(1001) } },
    undefined,
  ],
  [
    'goes through a list',
    'body.items.all(item, item.owner == subject.id)',
    { principal: ANN, body: { items: [{ owner: 'ann' }, { owner: 'ann' }] } },
    true,
  ],
  [
    'finds the one that differs',
    'body.items.all(item, item.owner == subject.id)',
    { principal: ANN, body: { items: [{ owner: 'ann' }, { owner: 'bob' }] } },
    false,
  ],
  [
    'does not go through endless lists',
    'body.items.all(item, item == 1)',
    { body: { items: Array.from({ length: 1001 }, () => 1) } },
    undefined,
  ],
  [
    'calculates',
    'body.count + 1 == 8 && size(subject.roles) == 2',
    { principal: ANN, body: { count: 7 } },
    true,
  ],
  [
    'chooses',
    'body.count > 5 ? subject.kind == "jwt" : false',
    { principal: ANN, body: { count: 7 } },
    true,
  ],
  ['reads open objects', 'body.free.anything == "x"', { body: { free: { anything: 'x' } } }, true],
  [
    'reads own members only',
    'has(subject.claims.constructor)',
    { principal: { ...ANN, claims: {} } },
    false,
  ],
  [
    'reads no members of a prototype',
    'body.free.constructor == "x" || !has(body.free.toString)',
    { body: { free: {} } },
    true,
  ],
]

suite('what has to be configured', () => {
  const { clients: _, ...without } = SCOPE
  const rows: [name: string, text: string, message: RegExp][] = [
    ['certificates', '"dns:a" in certificate.san', /no client is asked for a certificate/],
    ['a country', 'network.country == "DE"', /needs a database of countries/],
    ['a region', 'network.region in ["DE-BE"]', /needs a database of countries/],
  ]
  for (const [name, text, message] of rows)
    test(`refuses ${name} where it is not`, () => {
      assert.throws(
        () => compileCondition(text, without, AT),
        (error) => error instanceof ConfigError && message.test(error.message),
      )
      assert.equal(compile(text).needs, 'head')
    })
})

suite('conditions', () => {
  for (const [name, text, facts, verdict] of judged) {
    test(name, () => {
      const condition = compile(text)
      assert.equal(condition.judge(exchangeWith(facts)), verdict)
      assert.equal(condition.holds(exchangeWith(facts)), verdict === true)
    })
  }

  test('a hostile value does not make a pattern slow', () => {
    const condition = compile('path.userId.matches("^(a+)+$")')
    const started = performance.now()
    condition.holds(exchangeWith({ path: { userId: `${'a'.repeat(999)}!` } }))
    assert.ok(performance.now() - started < 200)
  })

  test('a value that cannot be read makes nothing hold', () => {
    const body = {
      get owner(): never {
        throw new Error('no')
      },
    }
    assert.equal(compile('body.owner == "x" || true').holds(exchangeWith({ body })), false)
  })

  test('reads the response where it may be named', () => {
    const scope = {
      ...SCOPE,
      response: { kind: 'object', fields: new Map([['ownerId', STRING]]), isOpen: false } as const,
    }
    const condition = compileCondition('response.ownerId == subject.id', scope, AT)
    const exchange = exchangeWith({ principal: ANN })
    assert.equal(condition.needs, 'response')
    assert.equal(condition.holds(exchange, { ownerId: 'ann' }), true)
    for (const response of [{ ownerId: 'bob' }, { ownerId: null }, {}, null, undefined, [], 'ann'])
      assert.equal(condition.holds(exchange, response), false)
  })
})

const needs: [text: string, need: Need, reads: readonly string[]][] = [
  ['"a" in subject.roles && network.ip in ["::1"]', 'head', ['subject.roles', 'network.ip']],
  ['path.userId == subject.accounts', 'parameters', ['path.userId', 'subject.claims.accounts']],
  ['has(query.tags) || header["x-tenant"] == "a"', 'parameters', ['query.tags', 'header.x-tenant']],
  ['body.items.exists(item, item == path.userId)', 'body', ['body.items', 'path.userId']],
]

suite('what a condition needs', () => {
  for (const [text, need, reads] of needs) {
    test(text, () => {
      const condition = compile(text)
      assert.equal(condition.needs, need)
      assert.deepEqual([...condition.reads], reads)
    })
  }
})

const faults: [name: string, text: string, message: RegExp][] = [
  ['an empty text', '  ', /is empty/],
  ['half a text', 'path.userId ==', /character/],
  ['a text without end', `"${'x'.repeat(5000)}" == "a"`, /5\d\d\d characters/],
  ['deep nesting', `${'('.repeat(60)}true${')'.repeat(60)}`, /depth/i],
  ['an unknown first word', 'subjct.id == "a"', /did you mean "subject"/],
  [
    'an unknown parameter',
    'path.userID == subject.id',
    /declares no path.userID \(did you mean "userId"/,
  ],
  [
    'an unknown field inside the body',
    'body.card.holdr == "a"',
    /declares no body.card.holdr \(did you mean "holder"/,
  ],
  ['a place that has no names', 'cookie.sid == "a"', /declares no cookie.sid/],
  ['a known word with a mistake', 'subject.role == "a"', /did you mean "roles"/],
  ['a part of a text', 'path.userId.length == 3', /is a string/],
  ['a number beside a text', 'path.number == subject.id', /write string\(…\)/],
  ['a number beside a text inside the body', 'body.count == body.owner', /write string\(…\)/],
  ['a text among numbers', 'path.userId in body.ids', /string/],
  ['a text alone', 'path.userId', /neither true nor false/],
  ['a claim alone', 'subject.claims.level', /neither true nor false/],
  ['null', 'subject.id == null', /null is no value/],
  ['a map', '{"a": 1} == {"a": 1}', /map/i],
  ['a number that no double holds', 'path.number == 9007199254740993', /too large/],
  ['an address that is none', 'network.ip in ["10.0.0.300"]', /not an address block/],
  ['networks that are not written out', 'network.ip in subject.claims.nets', /list of blocks/],
  ['a network inside a loop', 'body.items.all(i, network.ip in ["::1"])', /cannot stand inside/],
  ['a pattern from outside', 'path.userId.matches(body.owner)', /written out/],
  ['a pattern with look-around', 'path.userId.matches("(?=a)b")', /RE2/],
  ['a pattern inside a loop', 'body.items.all(i, i.matches("a"))', /cannot stand inside/],
  ['a loop inside a loop', 'body.items.all(i, i.all(j, j == 1))', /inside another/],
  ['an item that hides a name', 'body.items.all(body, body == 1)', /does not name/],
  ['the response', 'response.id == subject.id', /not available yet/],
  ['a country by another word', 'country == "DE"', /there is no country.*write network.country/s],
  ['a part that no certificate has', 'certificate.serial == "a"', /declares no certificate.serial/],
  [
    'a time zone inside a loop',
    'body.items.all(i, now.getHours("UTC") > 1)',
    /cannot stand inside/,
  ],
  ['has of something else', 'has(body.items[0])', /cannot stand inside/],
  [
    'presence with brackets inside a loop',
    'body.items.all(i, has(header["x-tenant"]))',
    /cannot stand inside/,
  ],
  ['a moment that is none', 'now < timestamp("2026")', /is no moment/],
  ['a time zone that is none', 'now.getHours("Europe/Atlantis") > 8', /no time zone/],
  ['a function that is not there', 'eval("1")', /eval/],
]

suite('refuses at load', () => {
  for (const [name, text, message] of faults) {
    test(name, () => {
      assert.throws(
        () => compile(text),
        (error) =>
          error instanceof ConfigError &&
          error.faults.every((fault) => fault.path.startsWith(AT)) &&
          message.test(error.message),
      )
    })
  }

  test('the body where the operation takes none', () => {
    const scope = { ...SCOPE, body: undefined }
    assert.throws(() => compileCondition('body.owner == "a"', scope, AT), /declares no body/)
  })
})
