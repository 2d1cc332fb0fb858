import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KongPlugin } from './kong-file.ts'
import { narrowest, planTexts, ratesOf } from './limits.ts'
import { parsePlanRate, parseRate } from '../../src/base/units.ts'

function rates(config: Readonly<Record<string, unknown>>) {
  return ratesOf({ config } as unknown as KongPlugin)
}

const cases: [
  name: string,
  config: Readonly<Record<string, unknown>>,
  one: string,
  plan: string[],
][] = [
  ['one window', { minute: 5 }, '5/min burst 5', ['5/min burst 5']],
  ['two windows', { second: 5, hour: 1000 }, '1000/h burst 5', ['5/s burst 5', '1000/h']],
  ['a wide long one', { second: 1, day: 1_000_000 }, '1/s burst 1', ['1/s burst 1', '1000000/day']],
  [
    'lists',
    { limit: [10, 300], window_size: [30, 3600] },
    '300/h burst 10',
    ['10/30s burst 10', '300/h'],
  ],
  ['a year', { year: 1200 }, '98/month burst 1200', ['98/month']],
  ['what is no number', { minute: '5', hour: 60 }, '60/h burst 60', ['60/h']],
]
for (const [name, config, one, plan] of cases)
  test(`${name} becomes a bucket that is never wider, and the rates of a plan`, () => {
    const found = rates(config)
    assert.deepEqual([narrowest(found), planTexts(found)], [one, plan])
    parseRate(narrowest(found), '')
    for (const text of planTexts(found)) parsePlanRate(text, '')
  })
