import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Pattern } from './pattern.ts'
import { compilePattern } from './pattern.ts'
import type { PatternSet, Verdict } from './pattern-set.ts'
import { compilePatternSet } from './pattern-set.ts'

function compiled(source: string): Pattern {
  const pattern = compilePattern(source)
  if ('fault' in pattern) assert.fail(`${source} ${pattern.fault}`)
  return pattern
}

function setOf(sources: readonly string[]): PatternSet<readonly Verdict[]> {
  const set = compilePatternSet(sources.map(compiled), (verdicts) => verdicts)
  assert.ok(set !== undefined)
  return set
}

const cases: [name: string, sources: readonly string[], text: string, expected: string][] = [
  ['tells which of several match', ['^a', 'b$', 'c'], 'a-b', 'yes yes no'],
  ['finds what stands anywhere', ['a', 'b', '^b', 'a$'], 'xab', 'yes yes no no'],
  ['reads a text without any', ['^a+$', '^b+$'], 'c', 'no no'],
  ['takes the empty text', ['^a*$', 'b*', '.'], '', 'yes yes no'],
  ['looks ahead in one of them', ['^(?!x)[a-z]+$', '^[a-z]+$'], 'xa', 'no yes'],
  ['finds words', ['\\bcat\\b', 'cat'], 'concat', 'no yes'],
  ['leaves references back to others', ['^(a)\\1$', '^a', '^b'], 'aa', 'unknown yes no'],
  ['counts beyond what short texts hold', ['^a{70,}$', '^a+$'], 'a'.repeat(70), 'yes yes'],
  ['reads pairs as one character', ['^.{2}$', '^..$', '^.$'], '😀a', 'yes yes no'],
]

describe('patterns judged together', () => {
  for (const [name, sources, text, expected] of cases)
    test(name, () => assert.equal(setOf(sources).judge(text)?.join(' '), expected))

  test('are none where only one can be joined', () => {
    const patterns = ['^a', '(a)\\1'].map(compiled)
    assert.equal(
      compilePatternSet(patterns, () => 0),
      undefined,
    )
    assert.equal(
      compilePatternSet([undefined, compiled('a')], () => 0),
      undefined,
    )
  })

  test('give up on texts that lead them to ever new states, and come back', () => {
    // What stands 14 characters before the end: a machine that reads backwards has to remember them all.
    const set = setOf(['^.*a', `a.{14}b`, `c.{14}d`].map((source) => `${source}[^]*$`))
    let unknown = 0
    for (let n = 0; n < 2000; n++) {
      const text = Array.from(
        { length: 60 },
        (_, at) => 'abcd'[(n * 7919 + at * at * 31 + (n >> (at % 11))) & 3],
      ).join('')
      if (set.judge(text) === undefined) unknown++
    }
    assert.ok(unknown > 0)
    for (let n = 0; n < 20_000 && unknown > 0; n++) if (set.judge('a') !== undefined) unknown = 0
    assert.equal(unknown, 0)
  })
})

const { source: sources } = fc.letrec<{ source: string }>((tie) => ({
  source: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\d', '^', '$', '\\b', '-', 'é', '😀'),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => a + b),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('source'), fc.constantFrom('(?=', '(?!')).map(([a, look]) => `${look}${a})`),
    fc
      .tuple(tie('source'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}', '*?'))
      .map(([a, quantifier]) => `(?:${a})${quantifier}`),
  ),
}))
const texts = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', '\n', 'é'), maxLength: 8 })

test('patterns judged together say what each says alone', () => {
  const lists = fc.array(sources, { minLength: 2, maxLength: 6 })
  fc.assert(
    fc.property(lists, fc.array(texts, { minLength: 1, maxLength: 6 }), (list, all) => {
      const patterns = list.map(compiled)
      const set = compilePatternSet(patterns, (verdicts) => verdicts)
      for (const text of set === undefined ? [] : all) {
        for (const [index, verdict] of (set?.judge(text) ?? []).entries()) {
          const expected = patterns[index]?.test(text) === true ? 'yes' : 'no'
          if (verdict !== 'unknown') assert.equal(verdict, expected, String(list[index]))
        }
      }
    }),
    { numRuns: 1500 },
  )
})
