import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderTable } from '../http/header-table.ts'
import { answerType } from './answer-type.ts'

const ROWS: readonly [name: string, fields: readonly string[], type: string | undefined][] = [
  ['parameters are left out', ['Content-Type', 'text/HTML; charset=utf-8'], 'text/html'],
  ['an answer without a type has none', ['ETag', '"a"'], undefined],
  ['a malformed type is none', ['Content-Type', 'json'], undefined],
  ['the first of two counts', ['Content-Type', 'a/b', 'Content-Type', 'c/d'], 'a/b'],
]
for (const [name, fields, type] of ROWS)
  test(name, () => assert.equal(answerType(new HeaderTable(fields)), type))

test('each table has its own type, however they come', () => {
  const [json, text] = ['application/json', 'text/plain'].map(
    (type) => new HeaderTable(['Content-Type', type]),
  ) as [HeaderTable, HeaderTable]
  const types = [json, json, text, json, text, text].map(answerType)
  assert.deepEqual(
    types.map((type) => type === 'text/plain'),
    [false, false, true, false, true, true],
  )
})
