import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { didYouMean, editDistance, suggest } from './suggest.ts'

const KEYS = ['openapi', 'upstream', 'listen', 'limits', 'logs', 'auth', 'authorize', 'waf']
const cases: [name: string, word: string, expected: string | undefined][] = [
  ['finds a missing letter', 'opnapi', 'openapi'],
  ['finds an extra letter', 'upsstream', 'upstream'],
  ['finds swapped neighbors', 'lisetn', 'listen'],
  ['finds a wrong letter', 'limots', 'limits'],
  ['ignores case', 'OpenAPI', 'openapi'],
  ['prefers the nearer one', 'limit', 'limits'],
  ['finds what begins with the word', 'upst', 'upstream'],
  ['takes the shortest beginning', 'aut', 'auth'],
  ['asks more of short words', 'wxy', undefined],
  ['finds nothing far away', 'database', undefined],
  ['finds nothing for nothing', '', undefined],
  ['does not work on long words', 'a'.repeat(65), undefined],
]
for (const [name, word, expected] of cases)
  test(name, () => assert.equal(suggest(word, KEYS), expected))

test('phrases the suggestion', () => {
  assert.equal(didYouMean('wafs', KEYS), 'did you mean "waf"?')
  assert.equal(didYouMean('zzzzzz', KEYS), undefined)
})

test('distance is symmetric, zero only for equal texts, and at most the longer length', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })
  fc.assert(
    fc.property(word, word, (left, right) => {
      const distance = editDistance(left, right)
      assert.equal(distance, editDistance(right, left))
      assert.equal(distance === 0, left === right)
      assert.ok(distance <= Math.max(left.length, right.length, 3))
    }),
  )
})
