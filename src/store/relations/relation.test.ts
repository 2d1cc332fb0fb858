import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { parseTuple, setOf, tupleText } from './relation.ts'

suite('a tuple as it is written', () => {
  const cases: readonly [name: string, text: string, isTuple: boolean][] = [
    ['names an object, a relation and a subject', 'order:7#viewer@ann', true],
    ['may name a set', 'order:7#viewer@group:eng#member', true],
    ['may name an address as the subject', 'order:7#viewer@ann@example.com', true],
    ['may hold colons and spaces in its names', 'order:a:b c#viewer@auth0|1', true],
    ['needs a type', '7#viewer@ann', false],
    ['needs an id', 'order:#viewer@ann', false],
    ['needs a relation', 'order:7#@ann', false],
    ['needs a subject', 'order:7#viewer@', false],
    ['takes no type in capitals', 'Order:7#viewer@ann', false],
    ['takes no line end', 'order:7#viewer@ann\n', false],
    ['takes no text that turns its direction', 'order:7#viewer@\u202Eann', false],
    ['takes no set without a type', 'order:7#viewer@eng#member', false],
    ['takes no id beyond 256 characters', `order:${'7'.repeat(257)}#viewer@ann`, false],
  ]
  for (const [name, text, isTuple] of cases)
    test(name, () => assert.equal(parseTuple(text, '') !== undefined, isTuple))

  test('is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 300 }),
        fc.constantFrom('', 'order:7#viewer@'),
        (rest, start) => {
          const text = start + rest
          const found = parseTuple(text, 't')
          if (found === undefined) return
          assert.equal(tupleText(found), text)
          const set = setOf(found.subject)
          if (set !== undefined) assert.equal(`${set.object}#${set.relation}`, found.subject)
        },
      ),
    )
  })
})
