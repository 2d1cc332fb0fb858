import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { jsonText, jsonTexts } from './json-text.ts'

test('any text comes back from JSON.parse and stays printable ASCII without markup', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = jsonText(text)
      assert.match(json, /^[\x20-\x7e]*$/)
      assert.ok(!json.includes('<'))
      assert.equal(JSON.parse(json), text)
    }),
  )
})

test('a cut text is valid, within its bound, and a prefix', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.integer({ min: 3, max: 40 }),
      (text, max) => {
        const json = jsonText(text, max)
        assert.ok(json.length <= max + 2, json)
        const back = JSON.parse(json) as string
        assert.ok(back === text || (back.endsWith('...') && text.startsWith(back.slice(0, -3))))
      },
    ),
  )
})

const cases: [name: string, text: string, max: number, json: string][] = [
  ['keeps plain text', 'curl/8.1 (x86; +)', 64, '"curl/8.1 (x86; +)"'],
  ['keeps a text of exactly the bound', 'abcde', 5, '"abcde"'],
  ['cuts one that is longer', 'abcdef', 5, '"ab..."'],
  ['escapes quote and backslash', '"\\', 64, '"\\"\\\\"'],
  ['escapes a line end', '\r\n', 64, '"\\u000d\\u000a"'],
  ['escapes delete and C1', '\u007f\u009b', 64, '"\\u007f\\u009b"'],
]
for (const [name, text, max, json] of cases)
  test(name, () => assert.equal(jsonText(text, max), json))

test('a list is bounded', () => assert.equal(jsonTexts(['a', 'b', 'c'], 2, 9), '["a","b"]'))
