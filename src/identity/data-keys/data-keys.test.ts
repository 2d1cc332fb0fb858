import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Secret } from '../../base/secret.ts'
import { derivedFrom } from '../../store/secrets-file.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import { DataKeys } from './data-keys.ts'
import { decryptFf1, encryptFf1, fitsFf1 } from './ff1.ts'

const DIGITS = '0123456789'
const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz'

// NIST, "Examples with Intermediate Values" for SP 800-38G, FF1 samples 1 to 3 (AES-128) and 7 to 9 (AES-256).
const K128 = '2b7e151628aed2a6abf7158809cf4f3c'
const K256 = '2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94'
const vectors: [key: string, alphabet: string, tweak: string, plain: string, cipher: string][] = [
  [K128, DIGITS, '', '0123456789', '2433477484'],
  [K128, DIGITS, '39383736353433323130', '0123456789', '6124200773'],
  [K128, LETTERS, '3737373770717273373737', '0123456789abcdefghi', 'a9tv40mll9kdu509eum'],
  [K256, DIGITS, '', '0123456789', '6657667009'],
  [K256, DIGITS, '39383736353433323130', '0123456789', '1001623463'],
  [K256, LETTERS, '3737373770717273373737', '0123456789abcdefghi', 'xs8a0azh2avyalyzuwd'],
]

suite('format-preserving encryption', () => {
  for (const [key, alphabet, tweak, plain, cipher] of vectors) {
    test(`agrees with NIST on ${plain} (${key.length * 4} bits, tweak ${tweak || 'empty'})`, () => {
      const ff1 = { key: Buffer.from(key, 'hex'), tweak: Buffer.from(tweak, 'hex'), alphabet }
      assert.equal(encryptFf1(plain, ff1), cipher)
      assert.equal(decryptFf1(cipher, ff1), plain)
    })
  }

  test('is refused for fewer values than a million', () => {
    assert.equal(fitsFf1(DIGITS, 5), false)
    assert.equal(fitsFf1(DIGITS, 6), true)
  })
})

const secretsWith = (...fills: readonly number[]): Secrets => {
  const keys = new Map(fills.map((fill, index) => [index + 1, new Secret(Buffer.alloc(32, fill))]))
  return {
    pepper: () => undefined,
    currentPepperVersion: 1,
    sealingKey: (version) => keys.get(version),
    ...derivedFrom((version) => keys.get(version)),
    currentSealingVersion: fills.length,
  }
}

suite('keys of tenants', () => {
  const keys = new DataKeys(secretsWith(1))

  test('the same text has the same token and hash, and opens again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, tenant) => {
        const own = keys.current(tenant)
        const token = own.tokenize(text)
        assert.equal(own.tokenize(text), token)
        assert.equal(own.hash(text), own.hash(text))
        assert.equal(keys.open(tenant, token), text)
      }),
    )
  })

  test('another tenant has another token, and opens none of the first', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 2 }),
        (text, [a = '', b = '']) => {
          const token = keys.current(a).tokenize(text)
          assert.notEqual(keys.current(b).tokenize(text), token)
          assert.notEqual(keys.current(b).hash(text), keys.current(a).hash(text))
          assert.equal(keys.open(b, token), undefined)
        },
      ),
    )
  })

  test('a token with any character changed opens to nothing', () => {
    const token = keys.current('a').tokenize('078-05-1120')
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      const opened = keys.open('a', changed)
      // The last character of base64url may carry bits that say nothing.
      assert.ok(opened === undefined || at === token.length - 1, changed)
    }
  })

  test('random texts open to nothing', () => {
    fc.assert(fc.property(fc.string(), (text) => keys.open('a', `tok_1_${text}`) === undefined))
    assert.equal(keys.open('a', ''), undefined)
  })

  test('tokens of an older sealing key still open', () => {
    const before = new DataKeys(secretsWith(1)).current('a').tokenize('x')
    const after = new DataKeys(secretsWith(1, 2))
    assert.equal(after.open('a', before), 'x')
    assert.notEqual(after.current('a').tokenize('x'), before)
    assert.equal(after.open('a', before.replace('tok_1', 'tok_9')), undefined)
  })

  test('digits become other digits in the same places, and come back', () => {
    const own = keys.current('a')
    fc.assert(
      fc.property(fc.stringMatching(/^\d{3}-\d{2}-\d{4}$/), (text) => {
        const token = own.tokenizeForm(text) ?? ''
        assert.match(token, /^\d{3}-\d{2}-\d{4}$/)
        assert.equal(own.openForm(token), text)
      }),
    )
    assert.equal(own.tokenizeForm('12345'), undefined)
  })

  test('without a sealing key there are none', () => {
    assert.throws(() => new DataKeys(secretsWith()).current('a'), /no sealing key/)
  })
})
