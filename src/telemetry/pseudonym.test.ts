import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Secret } from '../base/secret.ts'
import { createPseudonyms } from './pseudonym.ts'

test('names are the beginning of HMAC-SHA-256, whatever the key and the name', () => {
  const keys = fc.uint8Array({ minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(keys, fc.string({ unit: 'binary' }), (key, id) => {
      const expected = createHmac('sha256', key).update(id, 'utf8').digest('hex').slice(0, 12)
      assert.equal(createPseudonyms(new Secret(Buffer.from(key)))(id), expected)
    }),
  )
})

test('a name is the same as long as it is remembered, and afterwards', () => {
  const pseudonym = createPseudonyms(new Secret(Buffer.alloc(32, 7)))
  const first = pseudonym('first')
  assert.match(first, /^[0-9a-f]{12}$/)
  for (let i = 0; i < 10_000; i++) assert.notEqual(pseudonym(`other ${i}`), first)
  assert.equal(pseudonym('first'), first)
})
