import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { BodyPieces } from './body-pieces.ts'

test('a body in one piece is that piece', () => {
  const pieces = new BodyPieces()
  const piece = Buffer.from('all')
  pieces.add(piece)
  assert.equal(pieces.take(), piece)
})

test('no body is an empty one', () => {
  assert.equal(new BodyPieces().take().length, 0)
})

test('a body that comes byte by byte costs little more than its bytes', () => {
  const pieces = new BodyPieces()
  for (let i = 0; i < 100_000; i++) pieces.add(Buffer.from([i & 255]))
  assert.ok(pieces.count <= 26, `${pieces.count} buffers`)
  assert.equal(pieces.take().length, 100_000)
  assert.equal(pieces.count, 0)
})

test('what comes out is what went in, however it was cut', () => {
  const lengths = fc.array(fc.oneof(fc.nat(20), fc.nat(9_000), fc.constantFrom(4_095, 4_096)), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(lengths, (all) => {
      const pieces = new BodyPieces()
      const parts = all.map((length, index) => Buffer.alloc(length, index + 1))
      for (const part of parts) pieces.add(part)
      assert.ok(pieces.take().equals(Buffer.concat(parts)))
    }),
  )
})
