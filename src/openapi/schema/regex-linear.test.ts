import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { compilePattern } from './pattern.ts'
import { MAX_PATTERN_STEPS } from './pattern-work.ts'
import { compileLinear } from './regex-linear.ts'
import type { Linear } from './regex-linear.ts'
import { compileStepped } from './regex-match.ts'
import { parseRegex } from './regex-syntax.ts'

function linear(source: string, flags: 'u' | '' = 'u'): Linear {
  const regex = parseRegex(source, flags === 'u')
  assert.ok(regex !== undefined)
  const found = compileLinear(regex, flags === 'u')
  assert.ok(found !== undefined, source)
  return found
}

/** Answer and steps of one text. */
function run(engine: Linear, text: string): readonly [boolean | undefined, number] {
  const work = { left: MAX_PATTERN_STEPS }
  return [engine.test(text, work), MAX_PATTERN_STEPS - work.left]
}

const cases: [name: string, source: string, yes: readonly string[], no: readonly string[]][] = [
  ['looks ahead in a loop', '^((?!-)[a-z-]*[a-z]\\.)+[a-z]+$', ['a-b.c'], ['-b.c', 'a-.c', 'a']],
  ['looks ahead twice', '^(?=.*\\d)(?!.*--)[\\w-]+$', ['a-1'], ['a', '1--a']],
  ['looks ahead in a look ahead', '^(?!a(?!b))[a-c]*$', ['ab', 'b'], ['a', 'ac']],
  ['looks behind at one character', '^[a-z-]+(?<!-)$', ['a-b'], ['a-']],
  ['looks behind at the start', '(?<!a)b', ['b', 'cb'], ['ab']],
  ['finds words', '\\bcat\\b', ['a cat.', 'cat'], ['concat', 'cats']],
  ['counts rounds', '^(a{2,3}b?){2}$', ['aabaaa', 'aaaa'], ['aaa', 'aaaaaaa']],
  [
    'counts beyond the length of short texts',
    '^(?:[a-c]/?){3,70}$',
    ['abc', 'a'.repeat(70)],
    ['ab'],
  ],
  ['counts exactly where texts are long', '^(?:a/?){3,70}$', ['a/'.repeat(70)], ['a'.repeat(71)]],
  ['asks for more rounds than fit', '^(?:a|b){100}$', ['a'.repeat(100)], ['a'.repeat(99)]],
  ['reads pairs as one character', '^(?:.){2}$', ['😀a'], ['😀', '😀😀a']],
  ['reads properties', '^(?:\\p{Lu}|\\p{Nd})+$', ['Ä1'], ['ä', '']],
  ['takes the empty text', '^(?:a|b)*$', ['', 'ab'], ['c']],
  ['ends a loop around nothing', '^(?:(?:a*)*)*$', ['', 'aa'], ['b']],
]
describe('the linear engine', () => {
  for (const [name, source, yes, no] of cases) {
    test(name, () => {
      const engine = linear(source)
      for (const text of yes) assert.equal(engine.test(text, { left: 1e6 }), true, text)
      for (const text of no) assert.equal(engine.test(text, { left: 1e6 }), false, text)
    })
  }

  const foreign = ['(a)\\1', '(?<=ab)c']
  for (const source of foreign) {
    test(`leaves ${source} to others`, () => {
      const regex = parseRegex(source, true)
      assert.ok(regex !== undefined)
      assert.equal(compileLinear(regex, true), undefined)
    })
  }

  test('says how long texts may be where the exact pattern is too large', () => {
    assert.equal(linear('^(?:[a-z]+/?){3,4000}$').maxLength, 512)
    assert.equal(linear('^(?:[a-z]+/?){3,40}$').maxLength, Infinity)
  })
})

const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '^', '$', '\\b', '\\B', 'é')
const { source: sources } = fc.letrec<{ source: string }>((tie) => ({
  source: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    atom,
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => a + b),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('source'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}', '*?', '{2,}'))
      .map(([a, quantifier]) => `(?:${a})${quantifier}`),
    fc
      .tuple(fc.constantFrom('(?=', '(?!'), tie('source'), tie('source'))
      .map(([look, a, b]) => `${look}${a})${b}`),
    fc
      .tuple(fc.constantFrom('(?<=', '(?<!'), fc.constantFrom('a', '[ab]', '\\W'), tie('source'))
      .map(([look, a, b]) => `${look}${a})${b}`),
  ),
}))
const texts = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', '\n', 'é'), maxLength: 9 })

test('the linear engine agrees with the native one', () => {
  fc.assert(
    fc.property(sources, texts, fc.constantFrom('u', '' as const), (source, text, flags) => {
      const [found] = run(linear(source, flags === 'u' ? 'u' : ''), text)
      assert.equal(found, new RegExp(source, flags).test(text))
    }),
    { numRuns: 4000 },
  )
})

// The native engine of V8 14 is no judge of pairs: see pattern.test.ts.
const wide = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '中', '😀', '\ud83d'), maxLength: 9 })

test('the linear engine agrees with the native one about long runs', () => {
  const sources = [
    '^(?!d-)([\\da-zA-Z]+)([-]*[\\da-zA-Z])*$',
    '^(?:a|b|[c-e])*f',
    'x[^y]*z',
    '\\b[a-e]+\\b-',
    '^(?!.*--)[a-z-]+$',
    '^(\\d{2}|\\d{3})*$',
    '^[^a]|[b-d]+(?![x-z])$',
  ]
  const engines = sources.map((source) => [linear(source), new RegExp(source, 'u')] as const)
  const piece = fc
    .tuple(
      fc.constantFrom('a', 'b', 'ab', '-', 'x', 'y', 'z', '1', 'A', '\0', '~', 'é'),
      fc.nat(14),
    )
    .map(([chars, times]) => chars.repeat(times))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('')
      for (const [engine, native] of engines)
        assert.equal(engine.test(text, { left: 1e7 }), native.test(text), native.source)
    }),
    { numRuns: 4000 },
  )
})

test('the linear engine agrees with the native one about first characters it has not met', () => {
  const ascii = Array.from({ length: 128 }, (_, unit) => String.fromCharCode(unit))
  for (const source of ['^(?!a)(?:[b-d]|[e-g]|[h-j])*$', '(?<![k-m])n|^[^o]p', '^(?:q|[^r]s)t?$'])
    for (const rest of ['', 'b', 'bn', 'n', 'p', 's', 'st', 'hhhhhhhhhh']) {
      const [engine, native] = [linear(source), new RegExp(source, 'u')]
      for (const first of [...ascii, ...ascii])
        assert.equal(engine.test(first + rest, { left: 1e7 }), native.test(first + rest), source)
    }
})

test('the linear engine reads other scripts as the engine that counts steps does', () => {
  fc.assert(
    fc.property(sources, fc.array(wide, { minLength: 1, maxLength: 3 }), (source, parts) => {
      const regex = parseRegex(source, true)
      assert.ok(regex !== undefined)
      const [engine, stepped] = [linear(source), compileStepped(regex)]
      // Several texts for one engine: the later ones go where the earlier ones have been.
      for (const text of parts) assert.equal(run(engine, text)[0], stepped(text), text)
    }),
    { numRuns: 2000 },
  )
})

test('the linear engine makes room for classes as it meets them', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')
  const engine = linear(`(?<=z)(?:${letters.join('|')})+\\b!$`)
  for (const letter of letters) assert.equal(run(engine, `z${letter}!`)[0], true, letter)
  for (const letter of letters) assert.equal(run(engine, `-${letter}!`)[0], false, letter)
})

test('the linear engine has an answer for texts of any length', () => {
  const engine = linear('^(?=a*b)(?:a|b)+$')
  for (const length of [511, 512, 513, 70_000]) {
    assert.equal(run(engine, `${'a'.repeat(length)}b`)[0], true)
    assert.equal(run(engine, 'a'.repeat(length))[0], false)
  }
})

const NEAR_MISSES: [source: string, text: string][] = [
  ['^(?!svc-)[a-zA-Z0-9]+[a-zA-Z0-9-_ ]+$', `${'a'.repeat(50_000)}!`],
  [
    '.*(?!^(\\d+\\.)+\\d+$)(^(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\\.)*[a-z]$).*',
    'a'.repeat(50_000),
  ],
  ['(?!((^[ ]+.*)|(.*[:/|]+.*)|(.*[ ]+$))).+', ' '.repeat(50_000)],
  ['(a+)+$', `${'a'.repeat(50_000)}!`],
  ['^(?=(a+)+$)b', 'a'.repeat(50_000)],
]
describe('near misses cost the linear engine no steps that grow', () => {
  for (const [source, text] of NEAR_MISSES) {
    test(source, () => {
      const engine = linear(source)
      engine.test(text.slice(0, 5000), { left: MAX_PATTERN_STEPS })
      assert.equal(run(engine, text)[1], 0)
    })
  }
})

describe('what all texts of one value may cost', () => {
  test('is shared: dear texts are refused once it is used up', () => {
    const pattern = compilePattern('^(\\w*)*\\1b$')
    assert.ok(!('fault' in pattern))
    const work = { left: MAX_PATTERN_STEPS }
    let count = 0
    for (; work.left >= 0 && count < 1000; count++) pattern.test('a'.repeat(300), work)
    assert.ok(count < 100, `${count} texts`)
    assert.equal(pattern.test('b', work), false)
    assert.equal(pattern.test('b'), true)
  })

  test('is not used up by states of a large repeat', () => {
    const engine = linear(
      '^arn:[a-z]{2}[A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9/][A-Za-z0-9:_/+.-]{0,1023}$',
    )
    const text = `arn:aws:${'a'.repeat(1000)}`
    assert.equal(run(engine, text)[0], true)
    assert.equal(run(engine, text)[1], 0)
  })

  test('is charged for states that nobody has seen', () => {
    const engine = linear('^(?:[ab]{1,20}c?){2,40}$')
    let paid = 0
    let seed = 1
    const letter = (): string => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return 'abababac'[seed >> 28] ?? 'a'
    }
    for (let i = 0; i < 400 && paid === 0; i++)
      paid = run(engine, Array.from({ length: 500 }, letter).join(''))[1]
    assert.ok(paid > 0)
    assert.ok(paid < 2 * MAX_PATTERN_STEPS)
  })
})
