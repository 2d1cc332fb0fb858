import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { literalScan, patternScan } from './literal-scan.ts'

const LITERALS = ['rror', 'xception', 'sql', 'Sql', 'msg', 'tack']

const cases: [name: string, text: string, has: boolean][] = [
  ['finds nothing in nothing', '', false],
  ['finds a literal that is the whole text', 'sql', true],
  ['finds one at the front', 'sqlite', true],
  ['finds one at the very end', `${'x'.repeat(40)}msg`, true],
  ['finds one of eight characters', `${'x'.repeat(13)}exception`, true],
  ['does not find the front of one', 'an exceptio', false],
  ['does not find one that a zero byte goes through', 'sq\u0000l', false],
  ['tells capitals from others', 'SQL', false],
  ['does not take the letters of two literals for one', 'sqg msl tror', false],
  ['looks over letters that need two bytes', 'üüüüüüüüüüüüüüü stack', true],
  ['finds one where two pieces meet', `${'x'.repeat(0x80000 - 2)}xception`, true],
  ['finds one at the end of the last piece', `${'x'.repeat(0x180000)}sql`, true],
  ['finds none in many pieces', 'sq'.repeat(0x80000), false],
]
for (const [name, text, has] of cases)
  test(name, () => assert.equal(literalScan(LITERALS)(Buffer.from(text)), has))

test('finds one at every place of a vector', () => {
  const scan = literalScan(LITERALS)
  for (let at = 0; at < 64; at += 1) {
    const text = 'q'.repeat(at) + 'rror' + 'q'.repeat(64 - at)
    assert.equal(scan(Buffer.from(text)), true, `at ${at}`)
    assert.equal(scan(Buffer.from(text.replace('rror', 'rrOr'))), false, `not at ${at}`)
  }
})

test('nothing of a text is found in the next one', () => {
  const scan = literalScan(LITERALS)
  assert.equal(scan(Buffer.from('no error here')), true)
  assert.equal(scan(Buffer.from('no er')), false)
})

test('refuses literals it cannot look for', () => {
  for (const literal of ['ab', 'ninechars', 'früh', 'a\u0000bc'])
    assert.throws(() => literalScan([literal]), RangeError)
})

test('agrees with the regular expression', () => {
  const [scan, twin] = [literalScan(LITERALS), patternScan(LITERALS)]
  const parts = fc.constantFrom(
    ...LITERALS,
    'rro',
    'xceptio',
    'sq',
    'ms',
    'tac',
    '"',
    'é',
    '\0',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 40 }), (pieces) => {
      const cut = Buffer.from(
        pieces.map((piece) => piece.slice(0, 1 + (pieces.length % 8))).join(''),
      )
      assert.equal(scan(cut), twin(cut))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(scan(Buffer.from(bytes)), twin(Buffer.from(bytes)))
    }),
  )
})
