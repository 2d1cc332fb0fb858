import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerTable } from './answer-table.ts'

test('the fields of an answer are those of its own list', () => {
  const first = ['Content-Type', 'application/json', 'ETag', '"a"']
  const second = ['Content-Type', 'text/plain']
  for (const list of [first, first, second, first, [...first], second])
    assert.deepEqual(
      [answerTable(list).get('content-type'), answerTable(list).size],
      [list[1], list.length / 2],
    )
})

test('a list that comes again is read once', () => {
  const list = ['A', 'b']
  assert.equal(answerTable(list), answerTable(list))
  assert.notEqual(answerTable(list), answerTable([...list]))
})
