import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Unparsed } from './unparsed.ts'

test('every byte is left once and in order, although lent memory is written over', () => {
  const step = fc.record({
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    isLent: fc.boolean(),
    taken: fc.nat({ max: 30 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const all: number[] = []
      const seen: number[] = []
      const left = new Unparsed()
      const memory = Buffer.alloc(20)
      for (const { bytes, isLent, taken } of steps) {
        all.push(...bytes)
        memory.set(bytes)
        left.add(isLent ? memory.subarray(0, bytes.length) : Buffer.from(bytes), isLent)
        const rest = left.rest ?? Buffer.alloc(0)
        const owned = left.owned(rest.subarray(0, taken))
        left.taken(left.at + Math.min(taken, rest.length))
        left.keep()
        memory.fill(0)
        seen.push(...owned)
      }
      assert.deepEqual([...seen, ...(left.rest ?? [])], all)
    }),
  )
})

test('nothing is left once it was cleared, nor once all was taken', () => {
  const left = new Unparsed()
  assert.equal(left.rest, undefined)
  left.add(Buffer.from('abc'), false)
  left.taken(3)
  assert.equal(left.chunk, undefined)
  left.add(Buffer.from('d'), true)
  left.clear()
  left.keep()
  assert.equal(left.rest, undefined)
})
