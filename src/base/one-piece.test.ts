import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { inOnePiece } from './one-piece.ts'

test('latin1 text stays what it is', () => {
  const text = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) })
  fc.assert(fc.property(text, text, (a, b) => assert.equal(inOnePiece(a + b), a + b)))
})

test('so does text of any length', () => {
  for (const length of [0, 1, 4095, 4096, 4097, 100_000]) {
    const text = 'é'.repeat(length)
    assert.equal(inOnePiece(text), text, String(length))
  }
})
