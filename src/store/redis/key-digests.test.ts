import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { KeyDigests } from './key-digests.ts'

const plain = (salt: string, key: string): string =>
  hash('sha256', salt + key, 'base64url').slice(0, 22)

suite('digests of keys', () => {
  test('are those of SHA-256, whatever was asked before', () => {
    const digests = new KeyDigests('salt')
    // Few characters, so that keys come again and share slots.
    const key = fc.array(fc.constantFrom('a', 'b', 'é', '/'), { maxLength: 5 })
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), (keys) =>
        keys
          .map((parts) => parts.join(''))
          .every((one) => digests.of(one) === plain('salt', one) && digests.of(one) !== ''),
      ),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (one) => digests.of(one) === plain('salt', one)),
    )
  })

  test('more keys than are remembered are told apart', () => {
    const digests = new KeyDigests('salt')
    const keys = Array.from({ length: 30_000 }, (_, i) => `ip:10.0.${i >> 8}.${i & 255}`)
    assert.equal(new Set(keys.map((key) => digests.of(key))).size, keys.length)
    assert.ok(keys.every((key) => digests.of(key) === plain('salt', key)))
  })

  test('another secret gives others', () =>
    assert.notEqual(new KeyDigests('a').of('k'), new KeyDigests('b').of('k')))
})
