import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { ANONYMOUS, PrincipalNotes } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { KEY_PERIOD_MS, SigningKeys } from '../../identity/signing/signing-keys.ts'
import { ephemeralSecrets } from '../../store/secrets-file.ts'
import { LIFE_SECONDS, Minter, REUSE_MS, TOKEN_TYPE } from './minter.ts'

const NOW = 1_800_000_000_000
const ISS = 'https://id.example.com'
const keys = new SigningKeys(ephemeralSecrets())

function minterOf(maxCallers = 100): Minter {
  return new Minter({ iss: 'sallyport', aud: 'orders', keys, maxCallers })
}

function principalOf(parts: Partial<Principal>): Principal {
  return { ...ANONYMOUS, ...parts }
}

const KEY = principalOf({
  id: 'key:abcdefghijkl',
  kind: 'apiKey',
  subject: 'partner',
  credentialId: 'abcdefghijkl',
  scopes: new Set(['orders:read', 'orders:write']),
  roles: ['agent'],
})
const ALICE = principalOf({
  id: `${ISS}|alice`,
  kind: 'jwt',
  subject: 'alice',
  issuer: ISS,
  groups: ['auditors'],
  claims: { client_id: 'app', act: { sub: 'robot' }, email: 'alice@example.com' },
})

/** Checks a token as an API would, with a library that is not ours. */
async function verified(token: string, nowMs: number): Promise<JWTPayload> {
  const set = JSON.parse(keys.keySetText(nowMs)) as JSONWebKeySet
  const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
    issuer: 'sallyport',
    audience: 'orders',
    typ: TOKEN_TYPE,
    algorithms: ['ES256'],
    requiredClaims: ['exp', 'iat', 'jti'],
    currentDate: new Date(nowMs),
  })
  return payload
}

const CALLERS: readonly [name: string, principal: Principal, claims: JWTPayload][] = [
  [
    'tells of a key with its owner and grants',
    KEY,
    {
      caller: 'key',
      sub: 'key:abcdefghijkl',
      sub_id: { format: 'opaque', id: 'abcdefghijkl' },
      owner: 'partner',
      scope: 'orders:read orders:write',
      roles: ['agent'],
    },
  ],
  [
    'tells of a token with its issuer, application and delegation, and of no other claim',
    ALICE,
    {
      caller: 'token',
      sub: `${ISS}|alice`,
      sub_id: { format: 'iss_sub', iss: ISS, sub: 'alice' },
      client_id: 'app',
      act: { sub: 'robot' },
      groups: ['auditors'],
    },
  ],
  [
    'leaves out an application and a delegation that are none',
    principalOf({
      id: 'i|s',
      kind: 'jwt',
      subject: 's',
      issuer: 'i',
      claims: { client_id: 1, act: 'x' },
    }),
    { caller: 'token', sub: 'i|s', sub_id: { format: 'iss_sub', iss: 'i', sub: 's' } },
  ],
  [
    'leaves out a scope that would be two on the other side',
    principalOf({ ...KEY, scopes: new Set(['a b', 'c', '']), roles: [] }),
    {
      caller: 'key',
      sub: 'key:abcdefghijkl',
      sub_id: { format: 'opaque', id: 'abcdefghijkl' },
      owner: 'partner',
      scope: 'c',
    },
  ],
  ['says that nobody was verified', ANONYMOUS, { caller: 'none' }],
  [
    'vouches for nobody whose credential the API itself checks',
    principalOf({ id: 'upstream:x', kind: 'upstream', subject: 'x' }),
    { caller: 'none' },
  ],
]

suite('an identity token', () => {
  for (const [name, principal, claims] of CALLERS) {
    test(name, async () => {
      const { iss, aud, iat, exp, jti, ...caller } = await verified(
        minterOf().token(principal, NOW),
        NOW,
      )
      assert.deepEqual(caller, claims)
      assert.deepEqual([iss, aud], ['sallyport', 'orders'])
      assert.equal(iat, NOW / 1000)
      assert.equal(Number(exp) - iat, LIFE_SECONDS)
      assert.match(String(jti), /^[\w-]{16,}$/)
    })
  }

  test('can be read by whoever knows the keys, for any name of a caller', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (sub) => {
        const principal = principalOf({ id: `i|${sub}`, kind: 'jwt', subject: sub, issuer: 'i' })
        const token = minterOf().token(principal, NOW)
        assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]{86}$/)
        assert.equal((await verified(token, NOW)).sub, `i|${sub}`)
      }),
      { numRuns: 50 },
    )
  })

  test('is refused a minute later', async () => {
    const token = minterOf().token(KEY, NOW)
    await assert.rejects(verified(token, NOW + LIFE_SECONDS * 1000), { code: 'ERR_JWT_EXPIRED' })
  })

  test('is good to its end although the key was changed meanwhile', async () => {
    const turnMs = Math.ceil(NOW / KEY_PERIOD_MS) * KEY_PERIOD_MS
    const token = minterOf().token(KEY, turnMs - 1000)
    assert.equal((await verified(token, turnMs + 30_000)).sub, KEY.id)
  })
})

suite('the tokens of an API', () => {
  const USES: readonly [name: string, later: number, isSame: boolean][] = [
    ['are used again at once', 0, true],
    ['are used again until the reuse ends', REUSE_MS - 1, true],
    ['are made anew when it ends', REUSE_MS, false],
    ['are made anew when the clock was set back', -1, false],
  ]
  for (const [name, laterMs, isSame] of USES) {
    test(name, () => {
      const minter = minterOf()
      const first = minter.token(KEY, NOW)
      assert.equal(minter.token(KEY, NOW + laterMs) === first, isSame)
    })
  }

  test('are another one as soon as the caller’s rights are', () => {
    const minter = minterOf()
    const before = minter.token(KEY, NOW)
    const after = minter.token({ ...KEY, scopes: new Set() }, NOW)
    assert.notEqual(before, after)
    assert.equal(decodeJwt(after)['scope'], undefined)
  })

  test('are one for all credentials that tell the same of a caller', () => {
    const minter = minterOf()
    const of = (jti: string): string =>
      minter.token({ ...ALICE, credentialId: jti, claims: { ...ALICE.claims, jti } }, NOW)
    assert.equal(of('one'), of('two'))
  })

  test('are another one where what is told goes on after all that was told before', () => {
    // Of any length: what is compared is cut at every third byte.
    for (const subject of ['', 'a', 'ab', 'abc', 'abcd', 'ä', '“']) {
      const minter = minterOf()
      const [plain, more] = [[], ['admin']].map((roles) => ({ ...KEY, subject, roles }))
      for (const caller of [plain, more, plain, more]) {
        const { owner, roles } = decodeJwt(minter.token({ ...KEY, ...caller }, NOW))
        assert.deepEqual({ owner, roles: roles ?? [] }, { owner: subject, roles: caller?.roles })
      }
    }
  })

  for (const [name, laterMs, isSame] of USES) {
    test(`${name}, for a caller who was remembered`, () => {
      const minter = minterOf()
      const caller = { ...KEY, notes: new PrincipalNotes() }
      const first = minter.token(caller, NOW)
      assert.equal(caller.notes.identity?.text, first)
      assert.equal(minter.token(caller, NOW + laterMs) === first, isSame)
    })
  }

  test('are another one for a copy of a caller that has other rights and the same notes', () => {
    const minter = minterOf()
    const caller = { ...KEY, notes: new PrincipalNotes() }
    const copy = { ...caller, scopes: new Set<string>() }
    const both = [minter.token(caller, NOW), minter.token(copy, NOW)]
    assert.deepEqual([minter.token(caller, NOW + 1), minter.token(copy, NOW + 1)], both)
    assert.equal(decodeJwt(both[1] ?? '')['scope'], undefined)
  })

  test('are each its own where one credential is used at two', () => {
    const [one, two] = [minterOf(), minterOf()]
    const caller = { ...ALICE, notes: new PrincipalNotes() }
    const tokens = [one.token(caller, NOW), two.token(caller, NOW)]
    assert.notEqual(tokens[0], tokens[1])
    assert.deepEqual([one.token(caller, NOW + 1), two.token(caller, NOW + 1)], tokens)
  })

  test('can be read however long they are', async () => {
    const groups = Array.from({ length: 500 }, (_, n) => `group “${n}”`)
    const { groups: told } = await verified(minterOf().token({ ...ALICE, groups }, NOW), NOW)
    assert.deepEqual(told, groups)
  })

  test('are made anew for all of them at once', () => {
    const minter = minterOf()
    const [one, two] = [{ ...ALICE }, { ...ALICE }]
    const old = minter.token(one, NOW)
    assert.equal(minter.token(two, NOW), old)
    const next = minter.token(two, NOW + REUSE_MS)
    assert.notEqual(next, old)
    assert.equal(minter.token(one, NOW + REUSE_MS), next)
  })

  test('stay what they are for two credentials of a caller with other rights', () => {
    const minter = minterOf()
    const [one, two] = [{ ...ALICE }, { ...ALICE, groups: [] }]
    const both = [minter.token(one, NOW), minter.token(two, NOW)]
    assert.deepEqual([minter.token(one, NOW + 1), minter.token(two, NOW + 1)], both)
    assert.notEqual(both[0], both[1])
  })

  test('are one for all strangers, so that none can order signatures', () => {
    const minter = minterOf()
    const tokens = ['a', 'b', 'c'].map((id) =>
      minter.token(principalOf({ id, kind: 'upstream' }), NOW),
    )
    assert.equal(new Set([...tokens, minter.token(ANONYMOUS, NOW)]).size, 1)
  })

  test('are remembered for so many callers and no more', () => {
    const minter = minterOf(10)
    const first = minter.token(KEY, NOW)
    for (let n = 0; n < 100; n += 1) minter.token({ ...ALICE, id: `i|${n}` }, NOW)
    assert.notEqual(minter.token(KEY, NOW), first)
  })
})
