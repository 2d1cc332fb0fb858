import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { looksLikeUrl } from './url-likeness.ts'

/** What `looksLikeUrl` says, as one expression. */
const PLAIN = /^[\s\0-\x1f]{0,64}(?:[a-z][a-z0-9+.-]{0,31}:|[\\/]{2}|(?<=[\s\0-\x1f]{64}))/i

const cases: [name: string, text: string, isUrl: boolean][] = [
  ['a scheme', 'http://a', true],
  ['a scheme in upper case', 'HTTP:', true],
  ['a scheme of one letter', 'a:', true],
  ['a scheme of 32 characters', `${'a'.repeat(32)}:`, true],
  ['nothing so long', `${'a'.repeat(33)}:`, false],
  ['a scheme of every character', 'a+.-9:', true],
  ['nothing that begins with a digit', '9a:', false],
  ['two slashes of any kind', '\\/a', true],
  ['not one slash', '/a', false],
  ['what stands behind white space', '\t\u00a0\0 //a', true],
  ['so much white space that it may hide anything', ' '.repeat(64), true],
  ['not the empty text', '', false],
  ['not a letter that only looks like one', 'ſ:', false],
  ['not words', 'hello there: a', false],
]
for (const [name, text, isUrl] of cases)
  test(`takes for a URL: ${name}`, () => {
    assert.equal(looksLikeUrl(text), isUrl)
    assert.equal(PLAIN.test(text), isUrl)
  })

test('says what the plain expression says', () => {
  const piece = fc.constantFrom(
    ...'azAZ09+.-:/\\ \t\n\0\x7f\u00a0\ufeffſK@é'.split(''),
    'a'.repeat(30),
    ' '.repeat(63),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece).map((parts) => parts.join('')),
        fc.string(),
      ),
      (text) => {
        assert.equal(looksLikeUrl(text), PLAIN.test(text))
      },
    ),
    { numRuns: 2000 },
  )
})
