import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { hasControl } from './chars.ts'

/** RFC 9110 section 5.5, written down another way. */
const CONTROL = /[^\t\u0020-\u007e\u0080-\u00ff]/

const VALUES: readonly [name: string, value: string, isBad: boolean][] = [
  ['an empty value is fine', '', false],
  ['a tab is fine', 'a\tb', false],
  ['a byte above ASCII is fine', 'caf\u00e9', false],
  ['a line feed is not', 'a\nb', true],
  ['a carriage return is not', 'a\r', true],
  ['a zero is not', '\0', true],
  ['DEL is not', 'a\u007f', true],
  ['a character that has no single byte is not', 'a\u0100', true],
]

suite('control characters in field values', () => {
  for (const [name, value, isBad] of VALUES) {
    test(name, () => assert.equal(hasControl(value), isBad))
    test(`${name}, at the end of a long value`, () =>
      assert.equal(hasControl('x'.repeat(100) + value), isBad))
  }

  test('are found in values of any length', () => {
    const unit = fc.integer({ min: 0, max: 0x120 }).map((code) => String.fromCharCode(code))
    const plain = fc.string({ minLength: 0, maxLength: 100 })
    fc.assert(
      fc.property(plain, fc.array(unit, { maxLength: 3 }), plain, (before, units, after) => {
        const value = before + units.join('') + after
        assert.equal(hasControl(value), CONTROL.test(value))
      }),
    )
  })
})
