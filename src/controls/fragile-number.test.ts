import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { hasFragileNumber } from './fragile-number.ts'

const cases: [name: string, json: string, expected: boolean][] = [
  ['takes a trailing zero', '[1.0]', true],
  ['takes an exponent', '{"a":1e3}', true],
  ['takes minus zero', '-0', true],
  ['takes minus zero with a fraction', '[-0.0]', true],
  ['takes an integer of 16 digits', '9007199254740993', true],
  ['takes 16 digits around the point', '12345678.12345678', true],
  ['takes less than a millionth', '0.0000001', true],
  ['leaves a millionth', '0.000001', false],
  ['leaves zero', '0', false],
  ['leaves what ends in zero before the point', '[10,-20,100.5]', false],
  ['leaves numbers in strings', '["1.0","-0","1e3","12345678901234567890"]', false],
  ['steps over escaped quotes', String.raw`["\"1.0","\\",2]`, false],
  ['sees what follows an escaped backslash', String.raw`["\\",1.0]`, true],
  ['sees what follows a string', '{"a":"b","c":1.0}', true],
]

suite('numbers that JavaScript writes in another way', () => {
  for (const [name, json, expected] of cases)
    test(name, () => assert.equal(hasFragileNumber(json), expected))
})

test('a text without one comes out of JSON.stringify with the numbers it had', () => {
  const spelled = fc.stringMatching(/^-?(?:0|[1-9]\d{0,20})(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?$/)
  const value = fc.oneof(
    spelled,
    fc.string().map((text) => JSON.stringify(text)),
  )
  let exact = 0
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), (items) => {
      const json = `[${items.join(',')}]`
      if (hasFragileNumber(json)) return
      exact += 1
      assert.equal(JSON.stringify(JSON.parse(json)), json)
    }),
    { numRuns: 2000 },
  )
  assert.ok(exact > 50)
})
