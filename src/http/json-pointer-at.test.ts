import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { jsonPointerAt } from './json-pointer-at.ts'

const BIG = '9007199254740993'
const cases: [name: string, text: string, pointer: string][] = [
  ['finds the whole', BIG, ''],
  ['finds a member', `{"a":1,"b":${BIG}}`, '/b'],
  ['finds an array element', `[0, [1, 2], ${BIG}]`, '/2'],
  ['finds a nested value', `{"x":[{"y":1},{"id":[${BIG}]}]}`, '/x/1/id/0'],
  ['counts on behind a closed container', `{"a":{"b":[1,2]},"c":${BIG}}`, '/c'],
  ['escapes tilde and slash', `{"a/b~c":${BIG}}`, '/a~1b~0c'],
  ['unescapes keys', `{"\\u0061\\"":${BIG}}`, '/a"'],
  [
    'is not misled by brackets, commas and colons in strings',
    `{"a":"[,{:\\"","b,[":${BIG}}`,
    '/b,[',
  ],
]
for (const [name, text, pointer] of cases) {
  test(name, () => assert.equal(jsonPointerAt(Buffer.from(text), text.indexOf(BIG)), pointer))
}

function lookUp(value: unknown, pointer: string): unknown {
  const parts = pointer.split('/').slice(1)
  return parts.reduce<unknown>(
    (at, part) => (at as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')],
    value,
  )
}

test('points at the value that stands there', () => {
  const marker = '\u2400mark'
  const key = fc.string({ maxLength: 4 }).filter((text) => text !== '__proto__')
  const leaf = fc.oneof(
    fc.constant(marker),
    fc.integer(),
    fc.string({ maxLength: 4 }),
    fc.boolean(),
  )
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(tree, (value) => {
      const bytes = Buffer.from(JSON.stringify(value))
      const at = bytes.indexOf(JSON.stringify(marker))
      if (at >= 0) assert.equal(lookUp(value, jsonPointerAt(bytes, at)), marker)
    }),
    { numRuns: 1000 },
  )
})
