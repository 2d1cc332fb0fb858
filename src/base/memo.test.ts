import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { memo } from './memo.ts'

function counted(bounds: { maxEntries: number; maxChars: number }): {
  find: (text: string) => string | undefined
  made: string[]
} {
  const made: string[] = []
  const make = (text: string): string | undefined => {
    made.push(text)
    return text === 'none' ? undefined : text.toUpperCase()
  }
  return { find: memo(make, bounds), made }
}

test('makes a text once', () => {
  const { find, made } = counted({ maxEntries: 4, maxChars: 8 })
  assert.deepEqual([find('a'), find('a'), find('b')], ['A', 'A', 'B'])
  assert.deepEqual(made, ['a', 'b'])
})

test('remembers that nothing came of a text', () => {
  const { find, made } = counted({ maxEntries: 4, maxChars: 8 })
  assert.deepEqual([find('none'), find('none')], [undefined, undefined])
  assert.deepEqual(made, ['none'])
})

test('does not keep long texts', () => {
  const { find, made } = counted({ maxEntries: 4, maxChars: 2 })
  assert.deepEqual([find('abc'), find('abc'), find('ab'), find('ab')], ['ABC', 'ABC', 'AB', 'AB'])
  assert.deepEqual(made, ['abc', 'abc', 'ab'])
})

test('forgets everything when one more comes than it may hold', () => {
  const { find, made } = counted({ maxEntries: 2, maxChars: 8 })
  for (const text of ['a', 'b', 'a', 'c', 'a']) find(text)
  assert.deepEqual(made, ['a', 'b', 'c', 'a'])
})

test('gives what the function gives, whatever comes in whatever order', () => {
  const texts = fc.array(fc.string({ maxLength: 4 }), { maxLength: 60 })
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 5 }), (all, maxEntries) => {
      const { find } = counted({ maxEntries, maxChars: 3 })
      for (const text of all)
        assert.equal(find(text), text === 'none' ? undefined : text.toUpperCase())
    }),
  )
})
