import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CanonicalQuery } from '../http/query.ts'
import { urlCredentialRules } from '../identity/url-credentials.ts'
import { TargetNotes } from '../pipeline/target-notes.ts'
import { isCleanTarget } from './clean-target.ts'
import { exchangeOf } from './testing/exchange.ts'

const RULES = urlCredentialRules('sp')
const NOTHING: ReadonlySet<string> = new Set()
const QUIET: CanonicalQuery = { text: 'a=b', pairs: [['a', 'b', 'b']] }
const TOKEN: CanonicalQuery = { text: 'token=b', pairs: [['token', 'b', 'b']] }

const ROWS: readonly [name: string, path: string, query: CanonicalQuery, isClean: boolean][] = [
  ['a target without anything telling is clean', '/items/7', QUIET, true],
  ['one with a telling name is not', '/items/7', TOKEN, false],
  ['one with a key of ours in its path is not', '/items/sp_abc', QUIET, false],
]
for (const [name, path, query, isClean] of ROWS)
  test(`${name}, noted or not, however often it comes`, () => {
    for (const notes of [undefined, new TargetNotes(path, query)])
      for (let time = 0; time < 3; time++) {
        const exchange = Object.assign(exchangeOf(), { path, query, targetNotes: notes })
        assert.equal(isCleanTarget(exchange, NOTHING, RULES), isClean)
      }
  })

test('what is declared for one operation is not declared for another on the same path', () => {
  const notes = new TargetNotes('/items', TOKEN)
  const exchange = Object.assign(exchangeOf(), {
    path: '/items',
    query: TOKEN,
    targetNotes: notes,
  })
  for (let time = 0; time < 2; time++) {
    assert.equal(isCleanTarget(exchange, new Set(['token']), RULES), true)
    assert.equal(isCleanTarget(exchange, NOTHING, RULES), false)
  }
})

test('a target with other values in its place is looked at anew', () => {
  const notes = new TargetNotes('/items', QUIET)
  const exchange = Object.assign(exchangeOf(), {
    path: '/items',
    query: QUIET,
    targetNotes: notes,
  })
  assert.equal(isCleanTarget(exchange, NOTHING, RULES), true)
  assert.equal(isCleanTarget(Object.assign(exchange, { query: TOKEN }), NOTHING, RULES), false)
  const other = Object.assign(exchange, { path: '/items/sp_abc', query: QUIET })
  assert.equal(isCleanTarget(other, NOTHING, RULES), false)
})
