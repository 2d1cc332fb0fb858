import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { GenerationMap } from './generation-map.ts'

test('never holds more than its bound and never gives a wrong value', () => {
  const script = fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 300 })
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), script, (bound, steps) => {
      const map = new GenerationMap<string>(bound)
      for (const [key, isWrite] of steps) {
        if (isWrite) map.set(`k${key}`, `v${key}`)
        const value = map.get(`k${key}`)
        assert.ok(value === undefined || value === `v${key}`)
        assert.ok(map.size <= bound, `${map.size} of ${bound}`)
      }
    }),
  )
})

test('an entry that is read survives a flood of others', () => {
  const map = new GenerationMap<number>(10)
  map.set('kept', 1)
  for (let i = 0; i < 1000; i++) {
    map.set(`k${i}`, i)
    assert.equal(map.get('kept'), 1)
  }
})

test('deletes and clears in both generations', () => {
  const map = new GenerationMap<number>(4)
  for (const key of ['a', 'b', 'c']) map.set(key, 1)
  map.delete('a')
  map.delete('c')
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [undefined, 1, undefined])
  map.clear()
  assert.deepEqual([map.get('b'), map.size], [undefined, 0])
})
