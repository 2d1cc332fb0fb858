import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { MAX_PATTERN_STEPS } from './pattern-work.ts'
import { compileParts } from './regex-parts.ts'
import { parseRegex } from './regex-syntax.ts'

/** What is said of texts; `undefined` for patterns that have no such parts. */
function judgeOf(source: string): ((text: string) => boolean | undefined) | undefined {
  const regex = parseRegex(source, true)
  assert.ok(regex !== undefined)
  const judge = compileParts(regex, true)
  return judge && ((text) => judge(text, { left: MAX_PATTERN_STEPS }))
}

const rows: [name: string, source: string, text: string, verdict: boolean | undefined][] = [
  ['a password', '^(?=.*[A-Z])(?=.*[0-9])[!-~]{8,128}$', 'correctHorse1', true],
  ['a password without a digit', '^(?=.*[A-Z])(?=.*[0-9])[!-~]{8,128}$', 'correctHorse', false],
  ['a password that is too short', '^(?=.*[A-Z])(?=.*[0-9])[!-~]{8,128}$', 'Horse1', false],
  ['a bound in front', '(?=^.{2,100}$)(?!.*\\s)[a-z]+', 'ab', true],
  ['a space that must not be', '(?=^.{2,100}$)(?!.*\\s)[a-z]+', 'ab c', false],
  ['a bound, and nothing else', '^(?=.{2,100}$)', 'a', false],
  ['two bounds', '^(?=.{2,100}$)[^b]{1,90}$', 'ab', false],
  ['a text beyond ASCII', '^(?=.{2,100}$)[^b]{1,90}$', 'ünder', undefined],
  ['steps that greed alone does not tell', '^(?!x)[a-z]{1,100}z$', 'abcz', undefined],
]

suite('parts of a pattern', () => {
  for (const [name, source, text, verdict] of rows)
    test(`judge ${name}`, () => assert.equal(judgeOf(source)?.(text), verdict))

  test('are those that count, from the beginning, beside others', () => {
    for (const source of [
      '^[a-z]{1,100}$',
      '(?=.{2,100}$)[a-z]',
      '^(?=a)[a-z]{1,9}$',
      '^(?=a)[a-z]*$',
      '^(?<=a)[a-z]{1,100}$',
      '^(?!.{2,100}$)a*$',
      '(?!^.{2,100}$)[a-z]',
      'a(?=^.{2,100}$)',
      '^(?=a)b|^.{2,100}$',
      '^(?=a^b{1,70}$)a',
    ])
      assert.equal(judgeOf(source), undefined, source)
  })

  test('say nothing but what the native engine says', () => {
    const body = fc.constantFrom(
      '.{0,100}$',
      '^.{2,64}$',
      '[^b]{1,80}$',
      '[a-c]{64}$',
      'a{1,70}b?$',
      'a^b{1,70}$',
      '(?=^a).{1,99}$',
      '.*b',
      'ab',
      '.*\\s',
      '^',
      '',
    )
    const look = fc
      .tuple(fc.constantFrom('(?=', '(?=', '(?!', '(?<=', '(?<!'), body)
      .map(([sign, one]) => `${sign}${one})`)
    const front = fc.array(fc.oneof(fc.constantFrom('^', '^'), look), {
      minLength: 1,
      maxLength: 4,
    })
    const texts = fc
      .array(fc.constantFrom('a', 'b', 'c', ' ', '\n', 'aaaa', 'a'.repeat(60)), { maxLength: 6 })
      .map((pieces) => pieces.join(''))
    const seen = { yes: 0, no: 0 }
    fc.assert(
      fc.property(front, body, texts, (looks, last, text) => {
        const source = looks.join('') + last
        const verdict = judgeOf(source)?.(text)
        if (verdict === undefined) return
        assert.equal(verdict, new RegExp(source, 'u').test(text), `${source} ${text}`)
        seen[verdict ? 'yes' : 'no'] += 1
      }),
      { numRuns: 5000 },
    )
    assert.ok(seen.yes > 50 && seen.no > 50, JSON.stringify(seen))
  })
})
