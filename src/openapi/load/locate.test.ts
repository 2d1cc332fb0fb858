import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { locate } from './locate.ts'

const YAML = `openapi: 3.1.0
paths:
  /a/{b}: &item
    get:
      tags:
        - one
        - "two"
      'x-~': { y: [1, {z: 2}] }
  200: *item
`
const JSON_TEXT = '{\n\t"a": {\n\t\t"b": [1,\n\t\t\t{"c": 2}]\n\t}\n}'

const cases: [name: string, text: string, pointer: string, line: number, column: number][] = [
  ['the whole', YAML, '', 1, 1],
  ['a member', YAML, '/paths', 2, 1],
  ['an escaped name', YAML, '/paths/~1a~1{b}/get', 4, 5],
  ['an item of a list', YAML, '/paths/~1a~1{b}/get/tags/1', 7, 12],
  ['flow style under a quoted name', YAML, '/paths/~1a~1{b}/get/x-~0/y/1/z', 8, 24],
  ['a number as name', YAML, '/paths/200', 9, 3],
  ['the deepest part that is there', YAML, '/paths/nope/x', 2, 1],
  ['what stands behind an alias, at the alias', YAML, '/paths/200/get', 9, 3],
  ['JSON with tabs', JSON_TEXT, '/a/b/1/c', 4, 6],
]
for (const [name, text, pointer, line, column] of cases) {
  test(`finds ${name}`, () => assert.deepEqual(locate(text, pointer), { line, column }))
}

test('says nothing about text that does not parse', () => {
  assert.equal(locate('a: [', '/a'), undefined)
})

test('finds every member of every JSON text on its own line', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(names, (list) => {
      const text = `{\n${list.map((name) => `${JSON.stringify(name)}: 1`).join(',\n')}\n}`
      for (const [index, name] of list.entries()) {
        const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
        assert.equal(locate(text, pointer)?.line, index + 2)
      }
    }),
  )
})
