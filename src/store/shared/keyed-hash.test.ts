import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CLOSED_TAG, FREE_TAG, KeyedHash, newHashKey } from './keyed-hash.ts'

const tagsOf = (hash: KeyedHash, text: string): readonly [number, number] => {
  hash.of(text)
  return [hash.a, hash.b]
}

test('a text has the same tags whatever else was hashed since, in each thread that has the key', () => {
  const key = newHashKey()
  const worn = new KeyedHash(key)
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1 })
  fc.assert(
    fc.property(texts, (all) => {
      for (const text of [...all, ...all])
        assert.deepEqual(tagsOf(worn, text), tagsOf(new KeyedHash(key), text))
    }),
  )
})

test('more texts than are remembered, and no two with the same tags', () => {
  const hash = new KeyedHash(newHashKey())
  const texts = Array.from({ length: 20_000 }, (_, n) => `principal:https://id.example|user-${n}`)
  const first = texts.map((text) => tagsOf(hash, text))
  assert.equal(new Set(first.map(String)).size, texts.length)
  for (const [n, text] of texts.entries()) assert.deepEqual(tagsOf(hash, text), first[n])
  assert.ok(!first.flat().includes(FREE_TAG) && !first.flat().includes(CLOSED_TAG))
})
