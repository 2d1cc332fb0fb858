import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { secretWeakness } from './secret-strength.ts'

const cases: [name: string, secret: string, isWeak: boolean][] = [
  ['nothing', '', true],
  ['a word', 'secret', true],
  ['a word in capitals', 'SECRET\n', true],
  ['a placeholder of a tutorial', 'your-256-bit-secret', true],
  ['a placeholder, however long', `change-me-${'x7Kq9'.repeat(20)}`, true],
  ['16 random characters', 'q8Zr2Lx0Vn5Tb1Wd', true],
  ['31 bytes of hex', '6b1f0d3c5a7e9284b6c8d0e2f4a61830597b9dbfd1e3f50617293b4d5f6a7c', true],
  ['the same character again and again', 'a'.repeat(200), true],
  ['a short text again and again', 'Xk9$mP2q'.repeat(20), true],
  ['the alphabet', 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', true],
  ['a sentence', 'the quick brown fox jumps over the lazy dog every single morning', true],
  ['words in camel case', 'ShopBackendSigningKeyForProductionServersInFrankfurt', true],
  ['32 bytes of hex', '6b1f0d3c5a7e9284b6c8d0e2f4a61830597b9dbfd1e3f50617293b4d5f6a7c8e', false],
  ['43 characters of base64url', 'Zq3vH8kYp1WcN6xJt0LrB5mSdG9fUeA2oI7hTnQyXlE', false],
  [
    '12 words of a list',
    'orbit lemur canvas thrift maple quartz anvil noodle fjord silver badge tulip copper wagon hollow pepper gravel summit velvet drizzle',
    false,
  ],
]

suite('secretWeakness', () => {
  for (const [name, secret, isWeak] of cases)
    test(`${name} is ${isWeak ? 'refused' : 'taken'}`, () =>
      assert.equal(secretWeakness(Buffer.from(secret)) !== undefined, isWeak))

  test('takes every key of 32 and more random bytes, as base64, base64url, hex', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 80 })
    fc.assert(
      fc.property(bytes, (seed) => {
        // Whatever the seed, what SHA-512 makes of it looks random.
        const random = createHash('sha512').update(seed).digest().subarray(0, 48)
        assert.equal(secretWeakness(random.subarray(0, 32)), undefined)
        for (const form of ['base64', 'base64url', 'hex'] as const)
          assert.equal(secretWeakness(Buffer.from(random.toString(form))), undefined)
      }),
    )
  })

  test('refuses whatever is shorter than 32 bytes, and says so without showing it', () => {
    const short = fc.uint8Array({ minLength: 0, maxLength: 31 })
    fc.assert(
      fc.property(short, (bytes) => {
        const weakness = secretWeakness(Buffer.from(bytes))
        assert.ok(weakness !== undefined)
      }),
    )
  })
})
