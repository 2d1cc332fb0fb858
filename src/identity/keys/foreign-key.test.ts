import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ephemeralSecrets } from '../../store/secrets-file.ts'
import { foreignIds, foreignSecret, foreignWeakness } from './foreign-key.ts'

const cases: [name: string, text: string, isWeak: boolean][] = [
  ['a word', 'secret', true],
  ['words and a year', 'acme-partner-key-2026', true],
  ['words in camel case', 'myPartnerApiKeyForProduction1', true],
  ['many words', 'the-shop-backend-of-acme-in-frankfurt-and-munich', true],
  ['one character again and again', 'a'.repeat(64), true],
  ['a number', '4007000000000027', true],
  ['15 random characters', 'q8Zr2Lx0Vn5Tb1W', true],
  ['a UUID that counts', '00000000-0000-0000-0000-000000000017', true],
  ['a text with a blank', 'q8Zr2Lx0Vn5Tb1WdKp3s Qw7Ye', true],
  ['a key of this gateway', `sp_sk_live_aaaaaaaaaaaa_${'q8Zr2Lx0Vn'.repeat(4)}`, true],
  ['more than 256 characters', createHash('sha512').update('x').digest('hex').repeat(3), true],
  ['a key as Kong makes them', 'mR4tYb7QkX2nVd9LwZ5sJh8PcF3gTe6A', false],
  ['a UUID', '6f1c2f5e-93a7-4b0d-8d7e-2b6c1a90f3e4', false],
  ['16 bytes of hex', '6b1f0d3c5a7e9284b6c8d0e2f4a61830', false],
  ['random text behind words', 'acme_live_mR4tYb7QkX2nVd9LwZ5sJh8P', false],
]

suite('foreignWeakness', () => {
  for (const [name, text, isWeak] of cases)
    test(`${name} is ${isWeak ? 'refused' : 'taken'}`, () =>
      assert.equal(foreignWeakness(text, 'sp') !== undefined, isWeak))

  test('takes 99 of 100 random keys of 20 bytes in every usual spelling', () => {
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      let refused = 0
      for (let n = 0; n < 2000; n++) {
        const random = createHash('sha1').update(`${form} ${n}`).digest()
        if (foreignWeakness(random.toString(form), 'sp') !== undefined) refused++
      }
      assert.ok(refused <= 20, `${form}: ${refused} of 2000 refused`)
    }
  })

  test('never throws, and never shows the text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 400 }), (text) => {
        assert.ok(!(foreignWeakness(text, 'sp') ?? '').includes(text))
      }),
    )
  })
})

test('an id tells nothing to who has no pepper, and is none of another pepper', () => {
  const secret = foreignSecret('ab'.repeat(32))
  const [one, other] = [ephemeralSecrets(), ephemeralSecrets()]
  assert.deepEqual(foreignIds(secret, one), foreignIds(secret, one))
  assert.notDeepEqual(foreignIds(secret, one), foreignIds(secret, other))
  assert.match(foreignIds(secret, one)[0] ?? '', /^[a-z2-7]{12}$/)
})
