import assert from 'node:assert/strict'
import { test } from 'node:test'
import { candidates, parseKeySet } from './key-set.ts'
import { PAIRS, jwk } from './testing/token-forge.ts'

const LEFT_OUT: [name: string, key: unknown][] = [
  ['a key for encryption', jwk(PAIRS.rsa, { use: 'enc' })],
  ['a key for other operations', jwk(PAIRS.rsa, { key_ops: ['encrypt'] })],
  ['a private key', PAIRS.rsa.privateKey.export({ format: 'jwk' })],
  ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
  ['a key of an unknown type', { kty: 'XYZ', x: 'AAAA' }],
  ['a key that is only a certificate', { kty: 'RSA', x5c: ['AAAA'] }],
  ['a point that is not on its curve', jwk(PAIRS.ec, { x: jwk(PAIRS.ec, {})['y'] })],
  ['an alg that is no string', jwk(PAIRS.rsa, { alg: 1 })],
  ['no object', 'key'],
]
for (const [name, key] of LEFT_OUT)
  test(`leaves out ${name}, and keeps the others`, () => {
    const set = parseKeySet({ keys: [key, jwk(PAIRS.ec, { kid: 'good' })] })
    assert.deepEqual(
      set?.keys.map((each) => each.kid),
      ['good'],
    )
  })

for (const document of [undefined, null, [], 'x', {}, { keys: {} }, Object.create({ keys: [] })])
  test(`takes ${JSON.stringify(document) ?? 'nothing'} for no JWK Set`, () =>
    assert.equal(parseKeySet(document), undefined))

test('reads a hundred keys of a huge set, and tries four for one token', () => {
  const set = parseKeySet({ keys: Array.from({ length: 500 }, () => jwk(PAIRS.ec, {})) })
  assert.equal(set?.keys.length, 100)
  assert.equal(set && candidates(set, 'ES256', undefined).length, 4)
})

const FITS: [alg: string, pair: keyof typeof PAIRS, fits: boolean][] = [
  ['RS256', 'rsa', true],
  ['PS512', 'rsa', true],
  ['RS256', 'weak', false],
  ['RS256', 'ec', false],
  ['ES256', 'ec', true],
  ['ES256', 'ec384', false],
  ['ES384', 'ec384', true],
  ['EdDSA', 'ed', true],
  ['EdDSA', 'ec', false],
  ['HS256', 'rsa', false],
  ['none', 'rsa', false],
]
for (const [alg, pair, fits] of FITS)
  test(`${alg} ${fits ? 'fits' : 'does not fit'} the key ${pair}`, () => {
    const set = parseKeySet({ keys: [jwk(PAIRS[pair], {})] })
    assert.equal(set && candidates(set, alg, undefined).length, fits ? 1 : 0)
  })
