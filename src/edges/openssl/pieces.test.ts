import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Pieces } from './pieces.ts'

test('pieces that wait never lie over one another, and begin anew when none is out', () => {
  const step = fc.record({ bytes: fc.nat(60), back: fc.nat(3), extends: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pieces = new Pieces(100)
      let out: { from: number; bytes: number }[] = []
      for (const { bytes, back, extends: isMore } of steps) {
        if (!pieces.hasRoom(bytes)) {
          assert.ok(pieces.end + bytes > 100)
        } else if (isMore && out.length > 0) {
          const last = out.at(-1) ?? assert.fail()
          if (last.from + last.bytes !== pieces.end) continue
          pieces.extend(bytes)
          last.bytes += bytes
        } else {
          out.push({ from: pieces.end, bytes })
          pieces.take(bytes)
        }
        const ends = out.map((piece) => piece.from + piece.bytes)
        for (const [at, { from }] of out.entries()) assert.ok(from >= (ends[at - 1] ?? 0))
        assert.ok(Math.max(0, ...ends) <= pieces.end && pieces.end <= 100)
        for (let given = 0; given < back && out.length > 0; given++) {
          pieces.giveBack()
          out = out.slice(1)
        }
        if (out.length === 0) assert.equal(pieces.end, 0)
      }
    }),
  )
})
