import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalQuery } from './query.ts'

const accepted: [name: string, raw: string | undefined, text: string, pairs: string[][]][] = [
  ['reads no query', undefined, '', []],
  ['reads an empty query', '', '', []],
  [
    'reads plain parameters',
    'a=1&b=2',
    'a=1&b=2',
    [
      ['a', '1', '1'],
      ['b', '2', '2'],
    ],
  ],
  [
    'keeps duplicates in order',
    'a=2&a=1',
    'a=2&a=1',
    [
      ['a', '2', '2'],
      ['a', '1', '1'],
    ],
  ],
  [
    'keeps a name without value',
    'a&b=',
    'a&b=',
    [
      ['a', '', ''],
      ['b', '', ''],
    ],
  ],
  ['splits at the first equals sign', 'a=b=c', 'a=b=c', [['a', 'b=c', 'b=c']]],
  ['keeps plus and reads it as space', 'q=a+b%2Bc', 'q=a+b%2Bc', [['q', 'a b+c', 'a+b%2Bc']]],
  ['decodes unreserved characters', '%61=%7e', 'a=~', [['a', '~', '~']]],
  ['writes hexadecimal digits in upper case', 'a=%c3%bc', 'a=%C3%BC', [['a', 'ü', '%C3%BC']]],
  ['encodes brackets', 'a[b]=1', 'a%5Bb%5D=1', [['a[b]', '1', '1']]],
  [
    'encodes a semicolon so that nobody splits on it',
    'a=1;a=2',
    'a=1%3Ba=2',
    [['a', '1;a=2', '1%3Ba=2']],
  ],
  [
    'drops empty pieces',
    '&a=1&&b=2&',
    'a=1&b=2',
    [
      ['a', '1', '1'],
      ['b', '2', '2'],
    ],
  ],
  [
    'keeps an encoded ampersand and comma apart',
    'a=1%262&b=x%2Cy,z',
    'a=1%262&b=x%2Cy,z',
    [
      ['a', '1&2', '1%262'],
      ['b', 'x,y,z', 'x%2Cy,z'],
    ],
  ],
  [
    'accepts exactly 100 parameters',
    'a&'.repeat(100),
    'a&'.repeat(100).slice(0, -1),
    Array.from({ length: 100 }, () => ['a', '', '']),
  ],
]
for (const [name, raw, text, pairs] of accepted) {
  test(name, () => assert.deepEqual(canonicalQuery(raw), { text, pairs }))
}

const refused: [name: string, raw: string, fault: string][] = [
  ['refuses 101 parameters', 'a&'.repeat(101), 'too_many_parameters'],
  ['refuses a percent sign alone', 'q=100%', 'bad_percent'],
  ['refuses invalid UTF-8', 'q=%ff', 'invalid_utf8'],
  ['refuses overlong UTF-8', 'q=%c0%ae', 'invalid_utf8'],
  ['refuses raw control bytes', 'q=a\u0001', 'control'],
  ['refuses raw non-ASCII', 'q=\u00e9', 'non_ascii'],
  ['refuses a raw space', 'q=a b', 'illegal_character'],
  ['refuses prototype access in brackets', 'a[__proto__][x]=1', 'dangerous_name'],
  ['refuses an encoded prototype name', '%5f_proto__=1', 'dangerous_name'],
  ['refuses constructor behind a dot', 'a.constructor=1', 'dangerous_name'],
]
for (const [name, raw, fault] of refused) {
  test(name, () => assert.deepEqual(canonicalQuery(raw), { fault }))
}

test('accepts a literally declared name', () => {
  assert.equal('fault' in canonicalQuery('constructor=ferrari', new Set(['constructor'])), false)
})

const raw = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
  fc.webQueryParameters(),
  fc
    .array(fc.constantFrom('a', '=', '&', '+', '%20', '%2', '[', ';', '%C3%BC', '%c3'), {
      maxLength: 12,
    })
    .map((p) => p.join('')),
)

test('is idempotent, never throws, and its text decodes to what was sent', () => {
  fc.assert(
    fc.property(raw, (query) => {
      const first = canonicalQuery(query)
      if ('fault' in first) return
      assert.deepEqual(canonicalQuery(first.text), first)
      const reference = (text: string): string[][] => [...new URLSearchParams(`&${text}`)]
      assert.deepEqual(reference(first.text), reference(query))
      assert.deepEqual(
        first.pairs.map(([name, value]) => [name, value]),
        reference(query),
      )
    }),
    { numRuns: 3000 },
  )
})
