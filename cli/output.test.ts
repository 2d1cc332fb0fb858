import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { count, shown } from './output.ts'
import { showFailures, showRate, showSize, showSpan } from './show-units.ts'
import { parseDuration, parseFailureLimit, parseRate, parseSize } from '../src/base/units.ts'

const rows: [name: string, text: string, expected: string][] = [
  ['plain text as it is', 'GET /a', 'GET /a'],
  ['no escape sequences', 'a\u001b[31mb', 'a\\u{1b}[31mb'],
  ['one line', 'a\r\nb', 'a\\u{d}\\u{a}b'],
  ['no turned text', 'a\u202eb', 'a\\u{202e}b'],
  ['an end', 'x'.repeat(300), `${'x'.repeat(200)}…`],
]
for (const [name, text, expected] of rows) {
  test(`what is shown has ${name}`, () => assert.equal(shown(text), expected))
}

test('nothing that is shown steers a terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(shown(text), /[\p{Cc}\p{Cf}\u2028\u2029]/u)
    }),
  )
})

test('one thing is one, two are several', () => {
  assert.deepEqual([count(1, 'fault'), count(2, 'fault')], ['1 fault', '2 faults'])
})

test('units are shown as configurations write them', () => {
  const span = fc.integer({ min: 1, max: 10_000_000_000 })
  fc.assert(fc.property(span, (ms) => assert.equal(parseDuration(showSpan(ms), ''), ms)))
  fc.assert(fc.property(span, (bytes) => assert.equal(parseSize(showSize(bytes), ''), bytes)))
  for (const text of ['20/s burst 100', '5/min', '60/5min', '1000/d burst 2000'])
    assert.equal(showRate(parseRate(text, '')), text)
  assert.equal(showFailures(parseFailureLimit('10/5min ban 15min', '')), '10/5min ban 15min')
})
