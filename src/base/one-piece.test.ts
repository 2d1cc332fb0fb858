import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { inOnePiece } from './one-piece.ts'

test('latin1 text stays what it is', () => {
  const text = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) })
  fc.assert(fc.property(text, text, (a, b) => assert.equal(inOnePiece(a + b), a + b)))
})
