import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { LimitKeyPart } from '../../base/units.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { limitKey } from './limit-key.ts'

const NAMES = ['a', 'b', 'c'] as const
const BY: readonly LimitKeyPart[] = NAMES.map((name) => ({ from: 'body', name }))

function keyOf(values: readonly (string | undefined)[], by = BY): string {
  const exchange = exchangeOf()
  exchange.body = Object.fromEntries(
    NAMES.map((name, index) => [name, values[index]]).filter(([, value]) => value !== undefined),
  )
  return limitKey(exchange, by)
}

// Values that look like the key's own grammar are the dangerous ones.
const value = fc.oneof(
  fc.stringMatching(/^[0-9:=ip.]{0,6}$/),
  fc.constantFrom(undefined, '', '1:', '=', 'ip:203.0.113.7', '2:=x'),
  fc.stringMatching(/^[a-z]{30,60}$/),
)
const values = fc.tuple(value, value, value)

test('different values never fall into one bucket', () => {
  fc.assert(
    fc.property(values, values, (left, right) => {
      const isSame = left.every((one, index) => one === right[index])
      assert.equal(keyOf(left) === keyOf(right), isSame)
    }),
    { numRuns: 3000 },
  )
})

test('lists of different length never fall into one bucket', () => {
  fc.assert(
    fc.property(values, (list) => {
      assert.notEqual(keyOf(list), keyOf(list, BY.slice(0, 2)))
    }),
  )
})

test('a key is short whatever is sent', () => {
  fc.assert(fc.property(fc.string({ maxLength: 5000 }), (text) => keyOf([text]).length <= 128))
})

test('a megabyte of marks costs no more than its length', () => {
  const exchange = exchangeOf()
  exchange.body = { name: `a${'\u0301\u0323'.repeat(260_000)}` }
  const from = performance.now()
  limitKey(exchange, [{ from: 'body', name: 'name' }])
  assert.ok(performance.now() - from < 1000)
})
