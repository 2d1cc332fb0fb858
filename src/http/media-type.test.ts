import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  accepts,
  isJson,
  isUtf8Charset,
  matchMediaType,
  parseAccept,
  parseMediaType,
} from './media-type.ts'

const parsed: [
  name: string,
  text: string,
  essence: string | undefined,
  parameters?: [string, string][],
][] = [
  ['reads a plain type', 'application/json', 'application/json', []],
  [
    'lowers type and parameter names',
    'Application/JSON; Charset=UTF-8',
    'application/json',
    [['charset', 'UTF-8']],
  ],
  [
    'reads a quoted parameter',
    'multipart/form-data; boundary="a;b\\"c"',
    'multipart/form-data',
    [['boundary', 'a;b"c']],
  ],
  [
    'accepts parameters without space',
    'a/b;c=d;e=f',
    'a/b',
    [
      ['c', 'd'],
      ['e', 'f'],
    ],
  ],
  ['refuses an empty text', '', undefined],
  ['refuses a type without subtype', 'application', undefined],
  ['refuses an empty subtype', 'application/', undefined],
  ['refuses two types', 'application/json, text/plain', undefined],
  ['refuses a repeated parameter', 'a/b; charset=utf-8; Charset=utf-7', undefined],
  ['refuses a parameter without value', 'a/b; charset', undefined],
  ['refuses an empty value', 'a/b; charset=', undefined],
  ['refuses space around the equals sign', 'a/b; charset = x', undefined],
  ['refuses a semicolon at the end', 'a/b;', undefined],
  ['refuses an open quote', 'a/b; c="d', undefined],
  ['refuses text behind a quoted value', 'a/b; c="d"e', undefined],
  ['refuses a leading space', ' a/b', undefined],
  ['refuses a second slash', 'a/b/c', undefined],
  ['refuses more than 512 characters', `a/${'b'.repeat(512)}`, undefined],
]
for (const [name, text, essence, parameters] of parsed) {
  test(name, () => {
    const type = parseMediaType(text)
    assert.equal(type?.essence, essence)
    if (type !== undefined) assert.deepEqual([...type.parameters], parameters)
  })
}

const charsets: [name: string, text: string, expected: boolean][] = [
  ['takes no charset as UTF-8', 'application/json', true],
  ['takes UTF-8 in any case', 'application/json; charset="uTf-8"', true],
  ['refuses UTF-7', 'application/json; charset=utf-7', false],
  ['refuses UTF-16', 'application/json; charset=utf-16', false],
]
for (const [name, text, expected] of charsets) {
  test(name, () => {
    const type = parseMediaType(text)
    assert.equal(type !== undefined && isUtf8Charset(type), expected)
  })
}

const matched: [name: string, declared: string[], actual: string, expected: string | undefined][] =
  [
    ['matches exactly', ['text/plain', 'application/json'], 'application/json', 'application/json'],
    [
      'answers the declared spelling',
      ['Application/JSON; charset=utf-8'],
      'application/json',
      'Application/JSON; charset=utf-8',
    ],
    ['prefers the exact type to ranges', ['*/*', 'image/*', 'image/png'], 'image/png', 'image/png'],
    ['prefers a type range to all', ['*/*', 'image/*'], 'image/gif', 'image/*'],
    ['falls back to all', ['image/*', '*/*'], 'text/plain', '*/*'],
    [
      'matches a suffix range',
      ['application/*', 'application/*+json'],
      'application/vnd.a+json',
      'application/*+json',
    ],
    [
      'does not take a suffix type as its base',
      ['application/json'],
      'application/vnd.a+json',
      undefined,
    ],
    ['does not match another type', ['application/json'], 'text/plain', undefined],
    ['does not match a prefix', ['application/json'], 'application/jsonx', undefined],
    ['finds nothing in an empty list', [], 'text/plain', undefined],
  ]
for (const [name, declared, actual, expected] of matched) {
  test(name, () => {
    const type = parseMediaType(actual)
    assert.equal(type && matchMediaType(declared, type), expected)
  })
}

test('knows JSON by its name and suffix', () => {
  const names = [
    'application/json',
    'application/problem+json',
    'text/json',
    'application/xml',
    'application/jsonp',
  ]
  assert.deepEqual(names.map(isJson), [true, true, true, false, false])
})

const accepted: [name: string, header: string | undefined, essence: string, expected: boolean][] = [
  ['accepts everything without the field', undefined, 'application/json', true],
  ['accepts a named type', 'text/html, application/json;q=0.5', 'application/json', true],
  ['accepts by range', 'application/*', 'application/json', true],
  ['refuses weight zero', '*/*, application/json;q=0', 'application/json', false],
  ['lets the narrower range win', 'application/*;q=0, application/json', 'application/json', true],
  ['refuses what is not named', 'text/html', 'application/json', false],
  ['leaves out malformed ranges', 'nonsense, ;;, a/b;q=7', 'a/b', false],
]
for (const [name, header, essence, expected] of accepted) {
  test(name, () => assert.equal(accepts(parseAccept(header), essence), expected))
}

test('never throws, and an essence reads back as itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      parseAccept(text)
      const type = parseMediaType(text)
      if (type !== undefined) assert.equal(parseMediaType(type.essence)?.essence, type.essence)
    }),
  )
})
