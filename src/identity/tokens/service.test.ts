import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../base/clock.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import type { TokenReason } from './claims.ts'
import type { IssuerRequest } from './issuer-settings.ts'
import { parseKeySet } from './key-set.ts'
import type { KeySet } from './key-set.ts'
import { TokenService } from './service.ts'
import {
  AUD,
  HEADER,
  ISS,
  PAIRS,
  claimsAt,
  encode,
  forge,
  jwk,
  keySetDocument,
} from './testing/token-forge.ts'

const NOW = new FakeClock().nowMs()
const OTHER = 'https://other.example.com'

function keySet(document: unknown = keySetDocument()): KeySet {
  const set = parseKeySet(document)
  assert.ok(set !== undefined)
  return set
}

function setUp(
  part: Partial<IssuerRequest> = {},
  source: () => Promise<KeySet> = async () => keySet(),
) {
  const clock = new FakeClock()
  const faults: unknown[] = []
  const service = new TokenService({
    issuers: [
      { iss: ISS, audience: [AUD], ...part },
      { iss: OTHER, audience: [AUD] },
    ],
    claimPaths: { roles: ['realm', 'roles'], groups: ['groups'] },
    onKeyFault: (_iss, cause) => faults.push(cause),
    source: () => source,
  })
  const tell = async (token: string): Promise<string> => {
    const outcome = await service.verify(token, clock.nowMs())
    return 'reason' in outcome ? outcome.reason : 'ok'
  }
  return { clock, service, tell, faults }
}

const C = (part: Record<string, unknown> = {}): Record<string, unknown> => claimsAt(NOW, part)
const S = NOW / 1000
const good = forge(HEADER, C())
const [h = '', p = '', s = ''] = good.split('.')
type Row = [name: string, token: string, expected: TokenReason | 'ok']

const SHAPES: Row[] = [
  ['takes RS256', good, 'ok'],
  ['takes ES256', forge({ ...HEADER, alg: 'ES256', kid: 'ec-1' }, C(), 'es256'), 'ok'],
  ['takes EdDSA', forge({ ...HEADER, alg: 'EdDSA', kid: 'ed-1' }, C(), 'eddsa'), 'ok'],
  [
    'takes a token without kid when one key fits',
    forge({ alg: 'ES256', typ: 'at+jwt' }, C(), 'es256'),
    'ok',
  ],
  ['takes the long spelling of typ', forge({ ...HEADER, typ: 'application/AT+JWT' }, C()), 'ok'],
  ['refuses nothing at all', '', 'token_malformed'],
  ['refuses two parts', `${h}.${p}`, 'token_malformed'],
  ['refuses four parts', `${good}.x`, 'token_malformed'],
  ['refuses a token without signature', `${h}.${p}.`, 'token_malformed'],
  ['refuses padding', `${h}=.${p}.${s}`, 'token_malformed'],
  ['refuses white space', `${h}. ${p}.${s}`, 'token_malformed'],
  ['refuses the other base64 alphabet', `${h}.${p}.+${s.slice(1)}`, 'token_malformed'],
  ['refuses stray bits at the end', good.slice(0, -1) + nextChar(good.at(-1)), 'token_malformed'],
  [
    'refuses JSON serialization',
    JSON.stringify({ payload: p, protected: h, signature: s }),
    'token_malformed',
  ],
  ['refuses more than 8 KiB', forge(HEADER, C({ pad: 'x'.repeat(9000) })), 'token_malformed'],
  ['refuses a byte order mark', forge(`\ufeff${JSON.stringify(HEADER)}`, C()), 'token_malformed'],
  [
    'refuses a repeated header member',
    forge('{"alg":"none","alg":"RS256","kid":"rsa-1"}', C()),
    'token_malformed',
  ],
  [
    'refuses a repeated claim',
    forge(HEADER, JSON.stringify(C()).replace('{', '{"sub":"admin",')),
    'token_malformed',
  ],
  [
    'refuses bytes that are no UTF-8',
    forge(HEADER, Buffer.from('{"a":"\xff"}', 'latin1')),
    'token_malformed',
  ],
  ['refuses claims that are a list', forge(HEADER, '[]'), 'token_malformed'],
  ['refuses __proto__', forge(HEADER, `{"__proto__":${JSON.stringify(C())}}`), 'token_malformed'],
  [
    'refuses deep claims',
    forge(HEADER, `{"a":${'['.repeat(600)}${']'.repeat(600)}}`),
    'token_malformed',
  ],
  ['refuses crit', forge({ ...HEADER, crit: ['exp'] }, C()), 'token_malformed'],
  ['refuses an empty crit', forge({ ...HEADER, crit: [] }, C()), 'token_malformed'],
  ['refuses b64', forge({ ...HEADER, b64: true }, C()), 'token_malformed'],
  ['refuses zip', forge({ ...HEADER, zip: 'DEF' }, C()), 'token_malformed'],
  ['refuses a token inside a token', forge({ ...HEADER, cty: 'JWT' }, good), 'token_type'],
]

/** The base64url character with the next value: for a last character, other stray bits or another last byte. */
function nextChar(char = 'A'): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[(alphabet.indexOf(char) + 1) % 64] ?? 'A'
}

const KEYS: Row[] = [
  ['refuses alg none', forge({ ...HEADER, alg: 'none' }, C(), 'none'), 'token_malformed'],
  ['refuses alg none with a signature', forge({ ...HEADER, alg: 'nOnE' }, C()), 'token_alg'],
  ['refuses an alg that is a list', forge({ ...HEADER, alg: ['RS256'] }, C()), 'token_alg'],
  ['refuses an alg of every object', forge({ ...HEADER, alg: 'constructor' }, C()), 'token_alg'],
  [
    'refuses HMAC with the public key',
    forge({ ...HEADER, alg: 'HS256' }, C(), 'hmacPem'),
    'token_alg',
  ],
  [
    'refuses an algorithm that is not configured',
    forge({ ...HEADER, alg: 'RS512' }, C(), 'rs512'),
    'token_alg',
  ],
  [
    'refuses another algorithm than the key names',
    forge({ ...HEADER, alg: 'PS256' }, C(), 'ps256'),
    'token_key',
  ],
  ['refuses a key of another type', forge({ ...HEADER, alg: 'ES256' }, C(), 'es256'), 'token_key'],
  ['refuses a weak RSA key', forge({ ...HEADER, kid: 'weak-1' }, C(), 'weak'), 'token_key'],
  ['refuses an unknown kid', forge({ ...HEADER, kid: '../../dev/null' }, C(), 'evil'), 'token_key'],
  [
    'refuses a kid of every object',
    forge({ ...HEADER, kid: '__proto__' }, C(), 'evil'),
    'token_key',
  ],
  ['refuses a kid that is a number', forge({ ...HEADER, kid: 1 }, C()), 'token_key'],
  ['refuses a long kid', forge({ ...HEADER, kid: 'k'.repeat(300) }, C()), 'token_key'],
  [
    'refuses a key in the header',
    forge({ ...HEADER, jwk: jwk(PAIRS.evil, {}) }, C(), 'evil'),
    'token_signature',
  ],
  ['refuses another key under an honest kid', forge(HEADER, C(), 'evil'), 'token_signature'],
  [
    'refuses a flipped signature',
    `${h}.${p}.${s.startsWith('A') ? 'B' : 'A'}${s.slice(1)}`,
    'token_signature',
  ],
  [
    'refuses other claims under the signature',
    `${h}.${encode(C({ sub: 'admin' }))}.${s}`,
    'token_signature',
  ],
  [
    'refuses ECDSA of zeros',
    forge({ ...HEADER, alg: 'ES256', kid: 'ec-1' }, C(), 'zeros'),
    'token_signature',
  ],
  [
    'refuses ECDSA in DER',
    forge({ ...HEADER, alg: 'ES256', kid: 'ec-1' }, C(), 'es256der'),
    'token_signature',
  ],
]

const CLAIMS: [name: string, part: Record<string, unknown>, expected: TokenReason | 'ok'][] = [
  ['takes an audience in a list', { aud: ['x', AUD] }, 'ok'],
  ['takes a fraction of a second', { exp: S + 899.5 }, 'ok'],
  ['takes unknown claims', { foo: { bar: 1 } }, 'ok'],
  ['takes a clock that is 10 s ahead', { iat: S + 10, exp: S + 910 }, 'ok'],
  ['takes a token that expired 9 s ago', { iat: S - 100, exp: S - 9 }, 'ok'],
  ['takes no scope at all', { scope: undefined }, 'ok'],
  ['refuses 10 s after expiry', { iat: S - 100, exp: S - 10 }, 'token_expired'],
  ['refuses a token without exp', { exp: undefined }, 'token_claims'],
  ['refuses an exp that is text', { exp: String(S + 100) }, 'token_claims'],
  ['refuses a negative exp', { exp: -1 }, 'token_claims'],
  ['refuses a token without iat', { iat: undefined }, 'token_claims'],
  ['refuses an exp before iat', { iat: S + 5, exp: S + 5 }, 'token_claims'],
  ['refuses 24 hours of life', { exp: S + 86_400 }, 'token_lifetime'],
  ['refuses a token from the future', { iat: S + 11, exp: S + 100 }, 'token_not_yet'],
  ['refuses a token that is not valid yet', { nbf: S + 11 }, 'token_not_yet'],
  ['refuses an nbf that is text', { nbf: 'x' }, 'token_claims'],
  ['refuses an unknown issuer', { iss: 'https://evil.example' }, 'token_issuer'],
  ['refuses an issuer with a slash more', { iss: `${ISS}/` }, 'token_issuer'],
  ['refuses an issuer in a list', { iss: [ISS] }, 'token_issuer'],
  ['refuses another audience', { aud: 'https://other.test' }, 'token_audience'],
  ['refuses an audience that only begins right', { aud: `${AUD}.evil.test` }, 'token_audience'],
  ['refuses an empty audience', { aud: [] }, 'token_audience'],
  ['refuses an audience that is an object', { aud: { 0: AUD } }, 'token_claims'],
  ['refuses a list with a hole of another type', { aud: [AUD, null] }, 'token_claims'],
  ['refuses a token without sub', { sub: undefined }, 'token_claims'],
  ['refuses a sub with a line end', { sub: 'a\nb' }, 'token_claims'],
  ['refuses a token without client_id', { client_id: undefined }, 'token_claims'],
  ['refuses a scope that is a list', { scope: ['a'] }, 'token_claims'],
  ['refuses a token with a nonce: an ID token', { nonce: 'n' }, 'token_type'],
  ['refuses a logout token', { events: {} }, 'token_type'],
  [
    'refuses a token bound to a certificate',
    { cnf: { 'x5t#S256': 'A'.repeat(43) } },
    'token_bound',
  ],
  ['refuses a token bound to a DPoP key', { cnf: { jkt: 'A'.repeat(43) } }, 'token_bound'],
  ['refuses a binding of no known kind', { cnf: {} }, 'token_bound'],
]

const TYPES: [name: string, typ: unknown][] = [
  ['JWT', 'JWT'],
  ['none', undefined],
  ['a logout token', 'logout+jwt'],
  ['a DPoP proof', 'dpop+jwt'],
  ['a number', 1],
]

const all: Row[] = [
  ...SHAPES,
  ...KEYS,
  ...CLAIMS.map(([name, part, expected]): Row => [name, forge(HEADER, C(part)), expected]),
  ...TYPES.map(([name, typ]): Row => [
    `refuses the type ${name}`,
    forge({ ...HEADER, typ }, C()),
    'token_type',
  ]),
]
for (const [name, token, expected] of all)
  test(name, async () => assert.equal(await setUp().tell(token), expected))

test('a checked token becomes a principal with issuer and subject, scopes, roles and claims', async () => {
  const { service } = setUp()
  const part = { scp: ['more'], realm: { roles: ['admin'] }, groups: 'staff' }
  const outcome = await service.verify(forge(HEADER, C(part)), NOW)
  assert.ok('principal' in outcome)
  const { claims, scopes, notes: _ofOthers, ...rest } = outcome.principal
  assert.deepEqual(rest, {
    id: `${ISS}|user-1`,
    kind: 'jwt',
    subject: 'user-1',
    issuer: ISS,
    credentialId: 'j-1',
    roles: ['admin'],
    groups: ['staff'],
    operations: undefined,
    expiresAtMs: NOW + 900_000,
  })
  assert.deepEqual([...scopes], ['orders:read', 'orders:write', 'more'])
  assert.equal(Object.getPrototypeOf(claims), null)
  assert.equal(claims['client_id'], 'app')
})

test('roles of a shape that is not expected grant nothing', async () => {
  const { service } = setUp()
  for (const realm of [{ roles: [1] }, { roles: { admin: true } }, 'admin', ['roles'], null]) {
    const outcome = await service.verify(forge(HEADER, C({ realm })), NOW)
    assert.ok('principal' in outcome)
    assert.deepEqual(outcome.principal.roles, [])
  }
})

test('a token without jti is called by a hash, never by its text', async () => {
  const token = forge(HEADER, C({ jti: undefined }))
  const outcome = await setUp().service.verify(token, NOW)
  assert.ok('principal' in outcome)
  assert.match(outcome.principal.credentialId, /^sha256:[\w-]{16}$/)
})

test('the same subject of another issuer is somebody else', async () => {
  const { service } = setUp()
  const ids = [ISS, OTHER].map(async (iss) => {
    const outcome = await service.verify(forge(HEADER, C({ iss })), NOW)
    return 'principal' in outcome ? outcome.principal.id : outcome.reason
  })
  assert.deepEqual(await Promise.all(ids), [`${ISS}|user-1`, `${OTHER}|user-1`])
})

test('an issuer marked `any` may send JWT and azp, but still no ID token or proof', async () => {
  const { tell } = setUp({ typ: 'any' })
  const part = { client_id: undefined, azp: 'app' }
  assert.equal(await tell(forge({ ...HEADER, typ: 'JWT' }, C(part))), 'ok')
  assert.equal(await tell(forge({ ...HEADER, typ: undefined }, C(part))), 'ok')
  assert.equal(
    await tell(forge({ ...HEADER, typ: 'JWT' }, C({ ...part, nonce: 'n' }))),
    'token_type',
  )
  assert.equal(await tell(forge({ ...HEADER, typ: 'dpop+jwt' }, C(part))), 'token_type')
})

test('time travel: a cached token ends at its expiry plus tolerance', async () => {
  const { clock, service, tell } = setUp()
  const token = forge(HEADER, C())
  assert.ok(
    isPromise(service.verify(token, clock.nowMs())),
    'the first time a signature is computed',
  )
  assert.equal(await tell(token), 'ok')
  assert.ok(!isPromise(service.verify(token, clock.nowMs())), 'then the answer is there')
  clock.advance(909_999)
  assert.equal(await tell(token), 'ok')
  clock.advance(1)
  assert.equal(await tell(token), 'token_expired')
})

test('an invalid token is never cached', async () => {
  const { service } = setUp()
  const token = forge(HEADER, C(), 'evil')
  await service.verify(token, NOW)
  await service.verify(token, NOW)
  assert.equal(service.hasField(`Bearer ${token}`), false)
})

test('when the issuer changes its keys, tokens of a removed key stop working though they were cached', async () => {
  let document = keySetDocument()
  const { clock, service, tell } = setUp({ maxAgeMs: 3_600_000 }, async () => keySet(document))
  const token = forge(HEADER, C({ exp: S + 3600 }))
  assert.deepEqual([await tell(token), await tell(token)], ['ok', 'ok'])
  document = { keys: document.keys.filter((key) => key['kid'] !== 'rsa-1') }
  clock.advance(600_000)
  await tell(forge({ ...HEADER, alg: 'ES256', kid: 'ec-1' }, claimsAt(clock.nowMs()), 'es256'))
  await service.warm(clock.nowMs())
  assert.equal(await tell(token), 'token_key')
})

test('the field of a verified token is known by its whole value, as long as the token is good', async () => {
  const { service } = setUp()
  const token = forge(HEADER, C())
  const value = `Bearer ${token}`
  assert.equal(service.ofField(value, NOW), undefined, 'nothing was verified yet')
  const verified = await service.verify(token, NOW)
  assert.equal(service.ofField(value, NOW), verified)
  for (const other of [token, `bearer ${token}`, `Bearer  ${token}`, `${value} `])
    assert.equal(service.ofField(other, NOW), undefined)
  assert.equal(service.ofField(value, NOW + 909_999), verified)
  assert.equal(service.ofField(value, NOW + 910_000), undefined)
})

test('what was found well formed is judged for itself, whatever came between', async () => {
  const { service, clock } = setUp()
  await service.warm(NOW)
  const [mine, wrong] = [forge(HEADER, C()), forge(HEADER, C(), 'evil')]
  assert.deepEqual(
    [mine, wrong, 'a.b', ''].map((text) => service.isWellFormed(text)),
    [true, true, false, false],
  )
  assert.ok(service.isWellFormed(mine))
  const refused = await service.verify(wrong, clock.nowMs())
  assert.equal('reason' in refused && refused.reason, 'token_signature')
  assert.ok('principal' in (await service.verify(mine, clock.nowMs())))
  assert.ok(service.isWellFormed(mine), 'a verified one')
  assert.ok('principal' in (await service.verify(mine, clock.nowMs())))
  clock.advance(3_600_000)
  assert.ok(service.isWellFormed(mine), 'one that has expired')
  const late = await service.verify(mine, clock.nowMs())
  assert.equal('reason' in late && late.reason, 'token_expired')
})

test('clear forgets verified tokens', async () => {
  const { service } = setUp()
  const token = forge(HEADER, C())
  await service.verify(token, NOW)
  await service.verify(token, NOW)
  assert.equal(service.hasField(`Bearer ${token}`), true)
  service.clear()
  assert.equal(service.hasField(`Bearer ${token}`), false)
})

test('without keys the issuer is away, not the token wrong; it is asked again and comes back', async () => {
  let isAway = true
  const { clock, service, tell, faults } = setUp({}, async () => {
    if (isAway) throw new Error('away')
    return keySet()
  })
  await service.warm(clock.nowMs())
  assert.equal(await tell(good), 'token_keys_unavailable')
  assert.deepEqual(service.issuersWithoutKeys(clock.nowMs()), [ISS, OTHER])
  assert.equal(faults.length, 2)
  isAway = false
  assert.equal(await tell(good), 'token_keys_unavailable', 'not asked again at once')
  clock.advance(2000)
  assert.equal(await tell(good), 'ok')
})
