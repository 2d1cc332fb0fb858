import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { buildJson } from './json-build.ts'

const texts: [name: string, text: string][] = [
  ['white space everywhere', ' \t{ "a" : [ 1 , 2 ] , "b" : { } }\n'],
  ['every escape', '["\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"]'],
  ['escapes between characters', '["a\\nb\\u0000c\\ud83d\\ude00d\\\\"]'],
  ['an escaped name', '{"\\u0061\\"":1}'],
  ['numbers of all forms', '[0,-0,1,-1,15e2,1E-3,0.5,123456789012345678,1e308]'],
  ['literals', '[true,false,null]'],
  ['a number alone', '42'],
]
for (const [name, text] of texts)
  for (const many of ['texts', 'shapes'] as const)
    test(`reads ${name} where there are many ${many}`, () =>
      assert.equal(JSON.stringify(buildJson(text, many)), JSON.stringify(JSON.parse(text))))

test('gives objects no prototype where they have many shapes', () => {
  assert.equal(Object.getPrototypeOf(buildJson('{"a":1}', 'shapes')), null)
})

test('gives objects nothing but what the text says', () => {
  for (const many of ['texts', 'shapes'] as const) {
    const value = Object(buildJson('{"__proto__":{"a":1}}', many))
    assert.deepEqual(Object.keys(value), ['__proto__'])
    assert.equal('a' in value || 'toString' in value, false)
  }
})

test('keeps the sign of zero', () => {
  assert.ok(Object.is(buildJson('-0', 'texts'), -0))
})

test('reads strings with escapes as JSON.parse does', () => {
  const piece = fc.oneof(
    fc.constantFrom('\\n', '\\"', '\\\\', '\\/', '\\t', '\\b', '\\f', '\\r', 'a', 'é', '\u{1f600}'),
    fc.nat(0xffff).map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
    fc.nat(0xffff).map((unit) => `\\u${unit.toString(16).padStart(4, '0').toUpperCase()}`),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = `"${pieces.join('')}"`
      assert.equal(buildJson(text, 'texts'), JSON.parse(text))
    }),
    { numRuns: 1000 },
  )
})

test('agrees with JSON.parse', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.constantFrom(undefined, 1, '\t'),
      fc.constantFrom('texts', 'shapes'),
      (json, indent, many) => {
        const text = JSON.stringify(JSON.parse(json), undefined, indent)
        assert.equal(JSON.stringify(buildJson(text, many)), JSON.stringify(JSON.parse(text)))
      },
    ),
    { numRuns: 1000 },
  )
})
