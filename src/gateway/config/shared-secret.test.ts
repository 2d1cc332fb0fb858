import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pack, unpack } from '../threads/portable.ts'
import { faultsOf, MINIMAL, settingsOf } from './config-fixture.ts'

const STRONG = 'Zq3vH8kYp1WcN6xJt0LrB5mSdG9fUeA2oI7hTnQyXlEw4Kj7'
const issuer = (text: string): string => `auth: { jwt: { issuers: { shop: { ${text} } } } }\n`
const env = { STRONG, WEAK: 'secret', HEX: '00112233'.repeat(8) }

const faulty: [name: string, text: string, expected: string][] = [
  [
    'a secret in the file itself',
    'secret: hunter2hunter2',
    'auth.jwt.issuers.shop.secret: is not a reference',
  ],
  [
    'one that is not set',
    'secret: env:NONE',
    'auth.jwt.issuers.shop.secret: the environment variable NONE is not set',
  ],
  [
    'a common one',
    'secret: env:WEAK',
    'auth.jwt.issuers.shop.secret: the secret is in every list of guesses',
  ],
  [
    'one that repeats itself',
    'secret: env:HEX',
    'auth.jwt.issuers.shop.secret: the secret has too few different characters',
  ],
  [
    'keys beside it',
    'secret: env:STRONG, jwks: "https://a.example/k"',
    'auth.jwt.issuers.shop.secret: stands beside jwks',
  ],
  [
    'an algorithm of public keys',
    'secret: env:STRONG, algs: [HS256, RS256]',
    'auth.jwt.issuers.shop.algs: RS256 takes a public key',
  ],
  [
    'an HMAC without it',
    'audience: a, jwks: "https://a.example/k", algs: [HS256]',
    'auth.jwt.issuers.shop.algs: HS256 needs a secret',
  ],
  [
    'public keys without an audience',
    'jwks: "https://a.example/k"',
    'auth.jwt.issuers.shop.audience: is missing',
  ],
]

suite('an issuer that shares a secret', () => {
  for (const [name, text, expected] of faulty)
    test(`does not start with ${name}`, async (t) => {
      const faults = await faultsOf(t, MINIMAL + issuer(text), { env })
      assert.deepEqual(
        faults.map(({ path, message }) => `${path}: ${message}`),
        [expected],
      )
      assert.equal(JSON.stringify(faults).includes(STRONG), false)
    })

  test('is verified with HS256 and takes plain JWTs unless said', async (t) => {
    const { auth } = await settingsOf(t, issuer('secret: env:STRONG'), { env })
    const [shop] = auth.issuers
    assert.deepEqual([shop?.algs, shop?.typ, shop?.audiences], [['HS256'], ['at+jwt', 'jwt'], []])
    assert.equal(JSON.stringify(shop).includes(STRONG), false)
    assert.ok(shop?.jwks.kind === 'secret')
    assert.equal(shop.jwks.secret.reveal().toString(), STRONG)
  })

  test('travels to other threads as it is', async (t) => {
    const { auth } = await settingsOf(t, issuer('secret: env:STRONG'), { env })
    const [shop] = unpack(structuredClone(pack(auth.issuers))) as typeof auth.issuers
    assert.ok(shop?.jwks.kind === 'secret')
    assert.equal(shop.jwks.secret.reveal().toString(), STRONG)
  })

  test('may write its key as base64 or in a file with a line end', async (t) => {
    const key = Buffer.from(
      'f1c8a5d20b7e4963f1d8c5a2907b4e6314d7fa28c9be50613a72d4e8f95b0c1d',
      'hex',
    )
    const files = { 'key.txt': `${key.toString('base64')}\n` }
    const text = issuer('secret: file:key.txt, secretEncoding: base64')
    const { auth } = await settingsOf(t, text, { files })
    const jwks = auth.issuers[0]?.jwks
    assert.ok(jwks?.kind === 'secret')
    assert.deepEqual(jwks.secret.reveal(), key)
  })
})
