import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { ConfigPath } from './paths.ts'
import { formatPath, isWithin, parsePath, valueAt, withoutPath } from './paths.ts'

const texts: [path: ConfigPath, text: string][] = [
  [[], ''],
  [['limits', 'ip'], 'limits.ip'],
  [['listen', 'trustedProxies', 2], 'listen.trustedProxies[2]'],
  [['auth', 'jwt', 'issuers', 'https://a.b', 'algs', 0], 'auth.jwt.issuers["https://a.b"].algs[0]'],
]
for (const [path, text] of texts) {
  test(`a path is written as ${text || 'nothing'}`, () => assert.equal(formatPath(path), text))
}

test('every path reads back', () => {
  const step = fc.oneof(fc.string(), fc.nat(99_999))
  fc.assert(
    fc.property(fc.array(step), (path) => {
      assert.deepEqual(parsePath(formatPath(path)), path)
    }),
  )
})

test('any text is a path or nothing', () => {
  fc.assert(fc.property(fc.string(), (text) => void parsePath(text)))
  assert.equal(parsePath('GET /orders'), undefined)
})

test('taking a value away leaves the rest and the original', () => {
  const data = { a: { b: 1, c: 2 }, list: [{ x: 1, y: 2 }, 3] }
  assert.deepEqual({ ...(withoutPath(data, ['a']) as object) }, { list: data.list })
  assert.equal(valueAt(withoutPath(data, ['a', 'b']), ['a', 'b']), undefined)
  assert.equal(valueAt(withoutPath(data, ['a', 'b']), ['a', 'c']), 2)
  assert.equal(valueAt(data, ['a', 'b']), 1)
})

test('taking an item away takes its list, taking a part of it does not', () => {
  const data = { list: [{ x: 1, y: 2 }, 3] }
  assert.equal(valueAt(withoutPath(data, ['list', 1]), ['list']), undefined)
  assert.equal(valueAt(withoutPath(data, ['list', 0, 'x']), ['list', 0, 'y']), 2)
  assert.equal(valueAt(withoutPath(data, ['list', 0, 'x']), ['list', 1]), 3)
})

test('a value is looked for among own keys only', () => {
  assert.equal(valueAt({}, ['constructor']), undefined)
})

test('a path lies within its beginnings', () => {
  assert.equal(isWithin(['a', 'b'], ['a']), true)
  assert.equal(isWithin(['a'], ['a', 'b']), false)
  assert.equal(isWithin(['ab'], ['a']), false)
})
