import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { suite, test } from 'node:test'
import { FakeClock } from '../../base/clock.ts'
import { Secret } from '../../base/secret.ts'
import type { TokenReason } from './claims.ts'
import type { IssuerRequest } from './issuer-settings.ts'
import { parseKeySet } from './key-set.ts'
import { TokenService } from './service.ts'
import {
  AUD,
  claimsAt,
  encode,
  forge,
  HEADER,
  ISS,
  keySetDocument,
  PAIRS,
} from './testing/token-forge.ts'

// TOK-02: tokens that an API signs itself, beside an issuer with public keys.

const KEY = Buffer.from('Zq3vH8kYp1WcN6xJt0LrB5mSdG9fUeA2oI7hTnQyXlEw4Kj7Rb2Vd8Ps0Gf')
const SHOP = 'shop'
const NOW = new FakeClock().nowMs()
const OWN: Record<string, unknown> = { iss: SHOP, aud: undefined, client_id: undefined }

type Hash = 'sha256' | 'sha384' | 'sha512'

function mac(header: object, claims: object, key: Buffer | string, hash: Hash = 'sha256'): string {
  const data = `${encode(header)}.${encode(claims)}`
  return `${data}.${createHmac(hash, key).update(data).digest('base64url')}`
}

const HS = { alg: 'HS256', typ: 'JWT' }
const own = (part: Record<string, unknown> = {}): Record<string, unknown> =>
  claimsAt(NOW, { ...OWN, ...part })

async function tell(token: string, part: Partial<IssuerRequest> = {}): Promise<string> {
  const service = new TokenService({
    issuers: [
      { iss: ISS, audience: [AUD] },
      { iss: SHOP, audience: [], secret: new Secret(KEY), typ: 'any', ...part },
    ],
    source: () => async () => {
      const set = parseKeySet(keySetDocument())
      assert.ok(set !== undefined)
      return set
    },
  })
  const found = await service.verify(token, NOW)
  return 'reason' in found ? found.reason : found.principal.id
}

const PEM = PAIRS.rsa.publicKey.export({ type: 'spki', format: 'pem' })
const DER = PAIRS.rsa.publicKey.export({ type: 'spki', format: 'der' })
const JWK = JSON.stringify(PAIRS.rsa.publicKey.export({ format: 'jwk' }))

const rows: [
  name: string,
  token: string,
  expected: TokenReason | 'shop|user-1',
  part?: Partial<IssuerRequest>,
][] = [
  ['takes a token of the API', mac(HS, own(), KEY), 'shop|user-1'],
  ['takes one with a kid, whatever it says', mac({ ...HS, kid: 'k' }, own(), KEY), 'shop|user-1'],
  [
    'takes HS512 where it is configured',
    mac({ ...HS, alg: 'HS512' }, own(), KEY, 'sha512'),
    'shop|user-1',
    { algs: ['HS512'] },
  ],
  [
    'takes HS384 where it is configured',
    mac({ ...HS, alg: 'HS384' }, own(), KEY, 'sha384'),
    'shop|user-1',
    { algs: ['HS384'] },
  ],
  [
    'refuses HS512 where HS256 is configured',
    mac({ ...HS, alg: 'HS512' }, own(), KEY, 'sha512'),
    'token_alg',
  ],
  ['refuses another secret', mac(HS, own(), 'secret'), 'token_signature'],
  ['refuses the empty secret', mac(HS, own(), ''), 'token_signature'],
  ['refuses a MAC cut short', mac(HS, own(), KEY).slice(0, -3), 'token_signature'],
  ['refuses a MAC of another algorithm', mac(HS, own(), KEY, 'sha512'), 'token_signature'],
  ['refuses a public-key signature in its name', forge(HEADER, own()), 'token_alg'],
  [
    'refuses an expired one',
    mac(HS, own({ iat: NOW / 1000 - 900, exp: NOW / 1000 - 60 }), KEY),
    'token_expired',
  ],
  ['refuses one without an end', mac(HS, own({ exp: undefined }), KEY), 'token_claims'],
  [
    'refuses one that names an audience, where none is configured',
    mac(HS, own({ aud: 'other' }), KEY),
    'token_audience',
  ],
  [
    'refuses one without the configured audience',
    mac(HS, own(), KEY),
    'token_claims',
    { audience: ['shop'] },
  ],
  [
    'takes one with the configured audience',
    mac(HS, own({ aud: 'shop' }), KEY),
    'shop|user-1',
    { audience: ['shop'] },
  ],
  [
    'refuses a token of no kind of ours',
    mac({ ...HS, typ: 'logout+jwt' }, own(), KEY),
    'token_type',
  ],
  // Key confusion, both ways.
  [
    'refuses the secret in the name of an issuer with public keys',
    mac({ ...HS, typ: 'at+jwt' }, claimsAt(NOW), KEY),
    'token_alg',
  ],
  [
    'refuses the PEM of its public key as a secret',
    mac({ ...HS, typ: 'at+jwt', kid: 'rsa-1' }, claimsAt(NOW), PEM),
    'token_alg',
  ],
  [
    'refuses the PEM of a public key in the name of the API',
    mac(HS, own(), PEM),
    'token_signature',
  ],
  [
    'refuses the DER of a public key in the name of the API',
    mac(HS, own(), DER),
    'token_signature',
  ],
  [
    'refuses the JWK of a public key in the name of the API',
    mac(HS, own(), JWK),
    'token_signature',
  ],
]

suite('issuers that share a secret', () => {
  for (const [name, token, expected, part] of rows)
    test(name, async () => assert.equal(await tell(token, part), expected))

  test('a symmetric key in a JWK Set is no key', () => {
    const k = KEY.toString('base64url')
    const set = parseKeySet({ keys: [{ kty: 'oct', k, alg: 'HS256', use: 'sig', kid: 'rsa-1' }] })
    assert.deepEqual(set?.keys, [])
  })
})
