import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Pattern } from './pattern.ts'
import { compilePattern } from './pattern.ts'
import { compileStepped } from './regex-match.ts'
import { toLeanNative } from './regex-write.ts'
import { parseRegex } from './regex-syntax.ts'
import { trim } from './regex-trim.ts'

const SAMPLE: readonly (readonly [string, string])[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/vectors/patterns/sample.json'), 'utf8'),
)

function compiled(source: string): Pattern {
  const pattern = compilePattern(source)
  if ('fault' in pattern) assert.fail(`${source} ${pattern.fault}`)
  return pattern
}

function native(source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch {
    return new RegExp(source)
  }
}

/** Milliseconds of the quicker of two runs: the first may pay for compilation or a garbage collection. */
function duration(run: () => unknown): number {
  const times = [0, 1].map(() => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return Math.min(...times)
}

describe('choice of the engine', () => {
  for (const [engine, source] of SAMPLE) {
    test(`${engine} for ${source}`, () => {
      const pattern = compiled(source)
      assert.equal(pattern.isForeign ? 'foreign' : pattern.engine, engine)
    })
  }

  const faults = ['(', '[z-a]', '(?<=a', 'a{2,1}']
  for (const source of faults) {
    test(`refuses ${source}`, () => assert.ok('fault' in compilePattern(source)))
  }
})

const meanings: [name: string, source: string, text: string, matches: boolean][] = [
  ['does not anchor', 'b', 'abc', true],
  ['ends at the end, not at a line', '^a$', 'a\n', false],
  ['ends at the end with RE2', '^(a+)+$', 'aa\n', false],
  ['reads unicode escapes with RE2', '(\\u0061+)+\\u{1F600}$', 'aa😀', true],
  ['reads control escapes with RE2', '(\\cA+)+$', '\u0001', true],
  ['reads large repeats with RE2', '^(a{1001}b?)+$', 'a'.repeat(1001), true],
  ['refuses one round too few with RE2', '^(a{1001}b?)+$', 'a'.repeat(1000), false],
  ['knows digits as ASCII with RE2', '^(\\d+)+$', '٣', false],
  ['knows spaces beyond ASCII with RE2', '^(\\s+)+$', '\u00a0\u2003', true],
  ['does not let a dot match a line end with RE2', '^(.+)+$', 'a\u2028b', false],
  ['reads properties', '^\\p{Lu}+$', 'ÄÖ', true],
  ['looks ahead', '^(?=.*[A-Z])(?=.*\\d).{4,}$', 'aB1x', true],
  ['refuses by looking ahead', '^(?=.*[A-Z])(?=.*\\d).{4,}$', 'ab1x', false],
  ['refers back', '^(a+)-\\1$', 'aa-aa', true],
  ['refuses by referring back', '^(a+)-\\1$', 'aa-a', false],
  ['refers back by name around a loop', '^(?:(?<q>["\'])x*\\k<q>)+$', '"xx"\'x\'', true],
  ['looks behind around a loop', '^((?:a|ab)*(?<!-)\\.)+$', 'aab.', true],
  ['reads flags of RE2', '(?i)^abc$', 'ABC', true],
  ['reads anchors of RE2', '\\Aabc\\Z', 'abc', true],
]

describe('meaning of patterns', () => {
  for (const [name, source, text, matches] of meanings) {
    test(name, () => assert.equal(compiled(source).test(text), matches))
  }
})

const EVIL = [
  '(a+)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(x+x+)+y',
  '^\\s*(\\w+\\s*)*$',
  '^(a|a)*$',
  '.*.*=.*',
]
const LOOKING = ['^(?=(a+)+$)b', '^(a+)+(?!b)$', '(\\w*)*\\1b', '^(?!-)(([a-z]*)*\\.)+$']

describe('hostile texts', () => {
  for (const source of [...EVIL, ...LOOKING]) {
    for (const letter of ['a', 'x', ' ', '=']) {
      test(`${source} on 50,000 times ${JSON.stringify(letter)}`, () => {
        const pattern = compiled(source)
        const text = `${letter.repeat(50_000)}!`
        assert.ok(duration(() => pattern.test(text)) < 3000)
      })
      test(`${source} on 2,000 times ${JSON.stringify(letter)}`, () => {
        const pattern = compiled(source)
        assert.ok(duration(() => pattern.test(`${letter.repeat(2000)}!`)) < 3000)
      })
    }
  }

  test('patterns of real documents answer quickly', () => {
    for (const [, source] of SAMPLE) {
      const pattern = compiled(source)
      for (const part of ['a', '0', '-', 'a.', 'arn:', ' ']) {
        const text = `${part.repeat(20_000 / part.length)}\n`
        assert.ok(duration(() => pattern.test(text)) < 200, `${source} on ${part}`)
      }
    }
  })
})

/** Small patterns over a small alphabet, so that random texts often match. */
const { source: sources } = fc.letrec<{ source: string }>((tie) => ({
  source: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '\\w',
      '\\d',
      '^',
      '$',
      '\\b',
      '-',
      '[\\w-]',
      'é',
    ),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => a + b),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('source'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}', '*?', '+?'))
      .map(([a, quantifier]) => `(${a})${quantifier}`),
  ),
}))
const looking = fc
  .tuple(sources, sources, sources, fc.constantFrom('(?=', '(?!', '(?<=', '(?<!'))
  .map(([a, b, c, look]) => `${a}${look}${b})${c}`)
// No characters beyond U+FFFF: V8 14 itself answers `/[^a]$/u.test('😀')` with false.
const texts = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', '\n', 'é'), maxLength: 8 })

describe('agreement with the native engine', () => {
  test('of what is written for it, trimmed or not', () => {
    fc.assert(
      fc.property(sources, texts, (source, text) => {
        const regex = parseRegex(source, true)
        assert.ok(regex !== undefined)
        const expected = new RegExp(source, 'u').test(text)
        for (const form of [regex, trim(regex)]) {
          const lean = toLeanNative(form)
          if (lean === undefined) continue
          assert.equal(new RegExp(lean, 'u').test(text), expected, lean)
        }
      }),
      { numRuns: 1500 },
    )
  })

  test('of the engine that counts steps', () => {
    fc.assert(
      fc.property(fc.oneof(sources, looking), texts, (source, text) => {
        const regex = parseRegex(source, true)
        assert.ok(regex !== undefined)
        const steps = { left: 20_000 }
        const holds = compileStepped(regex)(text, steps)
        // What takes too many steps holds for no text, by design.
        fc.pre(steps.left >= 0)
        assert.equal(holds, new RegExp(source, 'u').test(text))
      }),
      { numRuns: 1500 },
    )
  })

  test('of whatever engine is chosen', () => {
    fc.assert(
      fc.property(fc.oneof(sources, looking), texts, (source, text) => {
        assert.equal(compiled(source).test(text), native(source).test(text))
      }),
      { numRuns: 1500 },
    )
  })

  test('for patterns of real documents', () => {
    const real = SAMPLE.filter(([engine]) => engine !== 'foreign').map(([, source]) => source)
    const words = fc.constantFrom(
      'arn',
      ':',
      'aws',
      '-',
      '.',
      '/',
      'a',
      'Z',
      '0',
      '9',
      ' ',
      '_',
      '@',
      '\n',
      '^',
    )
    fc.assert(
      fc.property(fc.constantFrom(...real), fc.array(words, { maxLength: 12 }), (source, parts) => {
        const text = parts.join('')
        assert.equal(compiled(source).test(text), native(source).test(text))
      }),
      { numRuns: 3000 },
    )
  })

  test('never throws on any text for a pattern', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (source, text) => {
        const pattern = compilePattern(source)
        if ('fault' in pattern) return
        pattern.test(text)
      }),
    )
  })
})
