import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatHttpDate, parseHttpDate } from './http-date.ts'

const refused: [name: string, text: string][] = [
  ['refuses the RFC 850 form', 'Sunday, 06-Nov-94 08:49:37 GMT'],
  ['refuses the asctime form', 'Sun Nov  6 08:49:37 1994'],
  ['refuses the wrong weekday', 'Mon, 06 Nov 1994 08:49:37 GMT'],
  ['refuses 31 February', 'Thu, 31 Feb 1994 08:49:37 GMT'],
  ['refuses hour 24', 'Sun, 06 Nov 1994 24:00:00 GMT'],
  ['refuses second 60', 'Sun, 06 Nov 1994 08:49:60 GMT'],
  ['refuses another zone', 'Sun, 06 Nov 1994 08:49:37 CET'],
  ['refuses lower case', 'sun, 06 nov 1994 08:49:37 gmt'],
  ['refuses white space around', ' Sun, 06 Nov 1994 08:49:37 GMT'],
]
for (const [name, text] of refused) test(name, () => assert.equal(parseHttpDate(text), undefined))

test('reads the example of RFC 9110', () => {
  assert.equal(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT'), Date.UTC(1994, 10, 6, 8, 49, 37))
})

test('reads what it writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_000_000_000, max: 253_402_300_799 }), (seconds) => {
      assert.equal(parseHttpDate(formatHttpDate(seconds * 1000)), seconds * 1000)
    }),
  )
})

test('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(parseHttpDate(text), undefined)))
})
