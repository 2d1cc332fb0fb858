import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANONYMOUS } from '../principal.ts'
import { TokenCache } from './token-cache.ts'
import type { KnownToken } from './token-cache.ts'

const named = (id: string): KnownToken => ({
  principal: { ...ANONYMOUS, id, expiresAtMs: 7 },
  toleranceMs: 3,
})
const [ann, bob] = [named('ann'), named('bob')]
// The characters of the signature that make the fingerprint are the same, what stands before is not.
const ANN = 'h.ann.xxxxABCDEF'
const BOB = 'h.bob.yyyyABCDEF'

/** A text of its own, as a parser cuts it out of a message. */
const cut = (text: string): string => `>${text}`.slice(1)

test('of two tokens with one fingerprint the last is known, and nobody is taken for the other', () => {
  const cache = new TokenCache()
  cache.set(ANN, ann)
  assert.equal(cache.get(cut(BOB), 1), undefined)
  assert.equal(cache.hasField(`Bearer ${BOB}`), false)
  cache.set(BOB, bob)
  assert.equal(cache.get(cut(ANN), 1), undefined)
  assert.equal(cache.get(cut(BOB), 1)?.principal, bob.principal)
  assert.equal(cache.ofField(cut(`Bearer ${ANN}`), 1), undefined)
  assert.equal(cache.ofField(cut(`Bearer ${BOB}`), 1)?.principal, bob.principal)
})

test('a field is known as it was spelled, and only behind its scheme', () => {
  const cache = new TokenCache()
  cache.set(ANN, ann)
  for (const other of [ANN, `bearer ${ANN}`, `Bearer  ${ANN}`, `Basic ${ANN}`, `Bearer ${ANN} `])
    assert.equal(cache.hasField(cut(other)), false, other)
  assert.equal(cache.hasField(cut(`Bearer ${ANN}`)), true)
  assert.equal(cache.get(cut(`Bearer ${ANN}`), 1), undefined)
})

test('what was asked for last is not known any longer than the rest', () => {
  const field = `Bearer ${ANN}`
  const cache = new TokenCache()
  const fill = (): void => {
    cache.set(ANN, ann)
    assert.equal(cache.hasField(field), true)
  }
  fill()
  assert.equal(cache.ofField(field, 9)?.principal, ann.principal)
  assert.equal(cache.ofField(field, 10), undefined)
  assert.equal(cache.ofField(field, 9), undefined)
  fill()
  cache.clear()
  assert.equal(cache.ofField(field, 1), undefined)
  fill()
  assert.equal(cache.ofField(`Bearer ${BOB}`, 1), undefined)
})
