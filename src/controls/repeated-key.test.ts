import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { mayRepeatKeys } from './repeated-key.ts'

const cases: [name: string, text: string, repeats: boolean][] = [
  ['no object has no keys', '[ 1, 2 ]', false],
  ['a compact text', '{"a":1,"b":{"a":2}}', false],
  ['a text with blanks', '{ "a": 1, "b": { "a": 2 } }', false],
  ['one name in two objects', '[ {"a":1}, {"a":1} ]', false],
  ['numbers of another spelling', '{"a":1.0,"b":1e400}', false],
  ['a long number', `{"a":${'1'.repeat(500)}}`, false],
  ['a lone surrogate', '{ "a": "\\ud800" }', false],
  ['a member named twice', '{"a":1,"a":1}', true],
  ['named twice at depth', '{"x":[{"a":{},"b":1,"a":{}}]}', true],
  ['named twice, once with an escape', '{"a":1,"\\u0061":1}', true],
  ['named twice after an odd key', '{ "constructor": 1, "a": 1, "a": 2 }', true],
  ['named twice below what is scanned', `${'[ '.repeat(600)}{"a":1,"a":2}${']'.repeat(600)}`, true],
]
for (const [name, text, repeats] of cases)
  test(`sees ${repeats ? 'a repeated key' : 'nothing'} in ${name}`, () =>
    assert.equal(mayRepeatKeys(JSON.parse(text), text), repeats))

test('never takes a text that JSON.stringify wrote for one that repeats, whatever its blanks', () => {
  const plain = fc.object({ key: fc.string().filter((key) => !ODD.has(key)) })
  fc.assert(
    fc.property(plain, fc.nat(3), (value, blanks) => {
      const text = JSON.stringify(value, undefined, blanks)
      return !mayRepeatKeys(JSON.parse(text), text)
    }),
  )
})
const ODD: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
