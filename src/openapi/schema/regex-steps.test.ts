import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { asciiBytes } from './ascii-bytes.ts'
import { compilePattern } from './pattern.ts'
import { stepJudge, stepsOf } from './regex-steps.ts'
import { parseRegex } from './regex-syntax.ts'

function judgeOf(source: string): ((text: string) => boolean | undefined) | undefined {
  const regex = parseRegex(source, true)
  const steps = regex === undefined ? undefined : stepsOf(regex)
  if (steps === undefined) return undefined
  const judge = stepJudge(steps)
  return (text) => {
    const bytes = asciiBytes(text)
    assert.ok(bytes !== undefined)
    return judge(bytes, text.length)
  }
}

const rows: [name: string, source: string, text: string, verdict: boolean | undefined][] = [
  ['a run', '^[a-z]{2,5}$', 'abcde', true],
  ['too short a run, which is all there is', '^[a-z]{2,5}$', 'a', false],
  ['too long a run', '^[a-z]{2,5}$', 'abcdef', false],
  ['another character at the end', '^[a-z]{2,9}$', 'abcdefg1', false],
  ['nothing at all', '^[a-z]{0,5}$', '', true],
  ['two runs', '^[a-z]+-[0-9]{1,100}$', 'abc-123', true],
  ['what greed alone does not tell', '^[a-z]*z$', 'abcz', undefined],
  ['what does not lead to the end', '^[a-z]+-[0-9]+$', 'abc-12x', undefined],
]

suite('steps of a pattern', () => {
  for (const [name, source, text, verdict] of rows)
    test(`judge ${name}`, () => assert.equal(judgeOf(source)?.(text), verdict))

  test('are no other patterns than those of characters one after the other', () => {
    for (const source of ['[a-z]+$', '^[a-z]+', '^(a|b)$', '^(?=a)a$', '^(ab)+$', '^\\p{L}+$', 'a'])
      assert.equal(judgeOf(source), undefined, source)
  })

  test('say nothing but what the native engine says', () => {
    const set = fc.constantFrom('[a-c]', '[^b]', 'a', '[b-d]', '\\w', '.', '[aA0]')
    const count = fc.constantFrom('', '+', '*', '?', '{2}', '{1,3}', '{2,}', '{0,40}', '{1,200}?')
    const part = fc.tuple(set, count).map((pair) => pair.join(''))
    let [yes, no] = [0, 0]
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.array(fc.constantFrom('a', 'b', 'c', 'A', '0', '\n', 'aaaa', 'abcab'), {
          maxLength: 40,
        }),
        (parts, pieces) => {
          const source = `^${parts.join('')}$`
          const text = pieces.join('')
          const verdict = judgeOf(source)?.(text)
          if (verdict === undefined) return
          assert.equal(verdict, new RegExp(source, 'u').test(text))
          if (verdict) yes += 1
          else no += 1
        },
      ),
      { numRuns: 4000 },
    )
    assert.ok(yes > 100 && no > 100, `${yes} yes, ${no} no`)
  })

  test('judge long texts of counted patterns as the native engine does', () => {
    const sources = ['^[a-c]{1,100}$', '^[a-c-\\s]{1,100}$', '^a[^b]{3,4000}$', '^[a-z]{2,90}-x$']
    const patterns = sources.map((source) => {
      const pattern = compilePattern(source)
      assert.ok(!('fault' in pattern), source)
      return { pattern, native: new RegExp(source, source.includes('-\\s') ? '' : 'u') }
    })
    const piece = fc.constantFrom('a'.repeat(30), 'bca', 'b', '-x', 'é', '\u{1f600}', '\ud800', ' ')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('')
        for (const { pattern, native } of patterns)
          assert.equal(pattern.test(text), native.test(text))
      }),
      { numRuns: 2000 },
    )
  })
})

suite('texts of ASCII as bytes', () => {
  test('are exactly those', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const bytes = asciiBytes(text)
        // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
        assert.equal(bytes !== undefined, /^[\0-\x7f]*$/.test(text))
        if (bytes !== undefined)
          assert.equal(Buffer.from(bytes).toString('latin1', 0, text.length), text)
      }),
    )
  })

  test('are not written out where they are long', () => {
    assert.ok(asciiBytes('a'.repeat(4096)) !== undefined)
    assert.equal(asciiBytes('a'.repeat(4097)), undefined)
    assert.equal(asciiBytes('é'.repeat(4096)), undefined)
  })
})
