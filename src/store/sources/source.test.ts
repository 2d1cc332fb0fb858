import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isPlainId, queryFault } from './source.ts'

suite('an id that is asked for', () => {
  const cases: readonly [name: string, id: string, isPlain: boolean][] = [
    ['may be a number', '7', true],
    ['may be a large number', '98765432109876543210', true],
    ['may be a UUID', '0b5e3c1a-7d21-4c9e-9b1f-2d7e5a6f8c01', true],
    ['may be a text with a zero in front', '0b5e3c1a', true],
    ['may be zero', '0', true],
    ['may be below zero', '-7', true],
    ['is not empty', '', false],
    ['has no zero in front', '07', false],
    ['has no sign in front', '+7', false],
    ['has no fraction', '7.0', false],
    ['has no exponent', '7e0', false],
    ['has no blank beside it', ' 7', false],
    ['has no NUL', '7\0', false],
    ['has an end', 'a'.repeat(257), false],
  ]
  for (const [name, id, isPlain] of cases) test(name, () => assert.equal(isPlainId(id), isPlain))
})

suite('a query', () => {
  const cases: readonly [name: string, query: string, fault: RegExp | undefined][] = [
    ['asks for the id', 'SELECT owner FROM orders WHERE id = $1', undefined],
    ['may end with a semicolon', 'select owner from orders where id = $1;', undefined],
    ['may begin with WITH', 'WITH o AS (SELECT 1) SELECT 1 FROM o WHERE $1 = $1', undefined],
    ['may hold texts with anything', "SELECT 'a;--?$2' FROM o WHERE id = $1", undefined],
    ['may cast', 'SELECT owner::text FROM o WHERE id = $1::int', undefined],
    ['changes nothing', 'DELETE FROM orders WHERE id = $1', /no SELECT/],
    ['is one', 'SELECT 1 WHERE 1 = $1; SELECT 2', /more than one/],
    ['has no comment', 'SELECT 1 WHERE 1 = $1 -- x', /comment/],
    ['names the id', 'SELECT owner FROM orders', /\$1/],
    ['has one parameter', 'SELECT owner FROM orders WHERE id = $1 AND t = $2', /besides/],
    [
      'has no parameter of another kind',
      'SELECT owner FROM orders WHERE id = $1 AND t = ?',
      /besides/,
    ],
    ['has no named parameter', 'SELECT owner FROM orders WHERE id = $1 AND t = :t', /besides/],
  ]
  for (const [name, query, fault] of cases)
    test(name, () => {
      if (fault === undefined) assert.equal(queryFault(query), undefined)
      else assert.match(queryFault(query) ?? '', fault)
    })
})
