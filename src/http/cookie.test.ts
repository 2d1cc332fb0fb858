import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { duplicateCookie, parseCookies, parseSetCookie } from './cookie.ts'

const cases: [name: string, fields: string[], pairs: string[][]][] = [
  [
    'reads pairs in order',
    ['a=1; b=2'],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  [
    'joins several fields',
    ['a=1', 'b=2'],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  [
    'keeps duplicates',
    ['a=1; a=2'],
    [
      ['a', '1'],
      ['a', '2'],
    ],
  ],
  [
    'accepts a missing space',
    ['a=1;b=2'],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  ['keeps equals signs and quotes in values', ['a="x=y"'], [['a', '"x=y"']]],
  ['keeps empty values', ['a='], [['a', '']]],
  ['leaves out pieces without a name', ['=1; x; ; b=2'], [['b', '2']]],
  ['leaves out names that are no tokens', ['a b=1; c=2'], [['c', '2']]],
  ['reads nothing from nothing', [], []],
]
for (const [name, fields, pairs] of cases)
  test(name, () => assert.deepEqual(parseCookies(fields), pairs))

test('stops at 100 cookies', () =>
  assert.equal(parseCookies(['a=1;'.repeat(90), 'b=1;'.repeat(90)]).length, 100))

test('finds the name that came twice', () => {
  assert.equal(
    duplicateCookie([
      ['a', '1'],
      ['b', ''],
      ['a', '1'],
    ]),
    'a',
  )
  assert.equal(
    duplicateCookie([
      ['a', '1'],
      ['A', '1'],
    ]),
    undefined,
  )
})

test('reads a cookie that a server sets', () => {
  const cookie = parseSetCookie('sid=a=b; Path=/; HttpOnly; SameSite=Lax; path=/x')
  assert.deepEqual([cookie?.name, cookie?.value], ['sid', 'a=b'])
  assert.deepEqual(
    [...(cookie?.attributes ?? [])],
    [
      ['path', '/x'],
      ['httponly', ''],
      ['samesite', 'Lax'],
    ],
  )
})

test('refuses a set cookie without a name', () => {
  assert.deepEqual(['', '=x', 'x', 'a b=c'].map(parseSetCookie), [
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const [name] of parseCookies([text])) assert.match(name, /^[^\s;=]+$/)
      parseSetCookie(text)
    }),
  )
})
