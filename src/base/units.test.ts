import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from './config-error.ts'
import {
  parseDuration,
  parseFailureLimit,
  parseOperationLimit,
  parsePlanRate,
  parsePolicyRate,
  parseRate,
  parseSize,
} from './units.ts'

const MINUTE = 60_000

type Parse = (text: string, path: string) => unknown
const parsers: [name: string, parse: Parse][] = [
  ['duration', parseDuration],
  ['size', parseSize],
  ['rate', parseRate],
  ['failure limit', parseFailureLimit],
  ['operation limit', parseOperationLimit],
  ['policy rate', parsePolicyRate],
  ['plan rate', parsePlanRate],
]

const accepted: [name: string, parse: Parse, text: string, value: unknown][] = [
  ['reads milliseconds', parseDuration, '250ms', 250],
  ['reads m as minutes', parseDuration, '15m', 15 * MINUTE],
  ['reads min as minutes', parseDuration, '15min', 15 * MINUTE],
  ['reads a year as 365 days', parseDuration, '1y', 31_536_000_000],
  ['reads a duration of nothing', parseDuration, '0s', 0],
  ['reads the longest duration', parseDuration, '100y', 3_153_600_000_000],
  ['reads a size in powers of 1024', parseSize, '1mb', 1_048_576],
  ['reads a size in any case', parseSize, '64KB', 65_536],
  ['takes the count as burst', parseRate, '5/min', { count: 5, windowMs: MINUTE, burst: 5 }],
  ['reads a burst', parseRate, '20/s burst 100', { count: 20, windowMs: 1000, burst: 100 }],
  ['reads a longer window', parseRate, '10/5min', { count: 10, windowMs: 5 * MINUTE, burst: 10 }],
  [
    'reads a ban',
    parseFailureLimit,
    '10/5min ban 15min',
    { count: 10, windowMs: 5 * MINUTE, banMs: 15 * MINUTE },
  ],
  [
    'reads a quota',
    parsePolicyRate,
    'quota 2k/day',
    { count: 2000, windowMs: 24 * 60 * MINUTE, burst: 2000, kind: 'quota' },
  ],
  [
    'reads spacing',
    parsePolicyRate,
    'leaky 10/s burst 20',
    { count: 10, windowMs: 1000, burst: 20, kind: 'leaky' },
  ],
  [
    'takes a plan by the day as a quota',
    parsePlanRate,
    '1m/month',
    { count: 1_000_000, windowMs: 30 * 24 * 60 * MINUTE, burst: 1_000_000, kind: 'quota' },
  ],
  [
    'takes a plan with a burst as a bucket',
    parsePlanRate,
    '1k/day burst 50',
    { count: 1000, windowMs: 24 * 60 * MINUTE, burst: 50 },
  ],
  [
    'takes a plan by the second as a bucket',
    parsePlanRate,
    '20/s',
    { count: 20, windowMs: 1000, burst: 20 },
  ],
  [
    'reads key parts',
    parseOperationLimit,
    '5/min burst 9 by ip, body.email,header.X-Tenant',
    {
      rate: { count: 5, windowMs: MINUTE, burst: 9 },
      by: [{ from: 'ip' }, { from: 'body', name: 'email' }, { from: 'header', name: 'x-tenant' }],
    },
  ],
  [
    'leaves the key open when unsaid',
    parseOperationLimit,
    '5/min',
    { rate: { count: 5, windowMs: MINUTE, burst: 5 }, by: [] },
  ],
]
for (const [name, parse, text, value] of accepted) {
  test(name, () => assert.deepEqual(parse(text, 'limits.x'), value))
}

const refused: [name: string, parse: Parse, text: string, message: RegExp][] = [
  ['refuses a duration without unit', parseDuration, '15', /"15" is not a duration/],
  ['refuses a negative duration', parseDuration, '-15s', /is not a duration/],
  ['refuses a fraction', parseDuration, '1.5h', /is not a duration/],
  ['refuses an unknown unit', parseDuration, '3 fortnights', /ms, s, m, min, h, d, w or y/],
  ['refuses more than 100 years', parseDuration, '101y', /too long/],
  ['refuses a size without unit', parseSize, '1048576', /is not a size/],
  ['refuses a size past the bound', parseSize, '2000gb', /too large/],
  ['refuses a rate of nothing', parseRate, '0/min', /is not a rate/],
  ['refuses an empty window', parseRate, '5/0s', /is not a rate/],
  ['refuses a burst of nothing', parseRate, '5/min burst 0', /burst/],
  ['refuses a rate with a ban', parseRate, '5/min ban 3min', /is not a rate/],
  ['refuses a failure limit without ban', parseFailureLimit, '10/5min', /ban DURATION/],
  ['refuses a ban that is no duration', parseFailureLimit, '10/5min ban long', /is not a duration/],
  ['refuses an unknown key part', parseOperationLimit, '5/min by moon', /"moon" is nothing/],
  ['refuses an empty key part', parseOperationLimit, '5/min by ip,', /"" is nothing/],
  ['refuses a body key without name', parseOperationLimit, '5/min by body.', /is nothing/],
]
for (const [name, parse, text, message] of refused) {
  test(name, () => {
    assert.throws(
      () => parse(text, 'limits.x'),
      (error: unknown) =>
        error instanceof ConfigError &&
        error.faults[0]?.path === 'limits.x' &&
        error.faults[0].cure !== undefined &&
        message.test(error.message),
    )
  })
}

test('a duration written in any unit reads back', () => {
  const units: [string, number][] = [
    ['ms', 1],
    ['s', 1000],
    ['min', MINUTE],
    ['h', 60 * MINUTE],
    ['d', 1440 * MINUTE],
  ]
  fc.assert(
    fc.property(fc.nat(30_000), fc.constantFrom(...units), (count, [unit, factor]) => {
      assert.equal(parseDuration(`${count}${unit}`, ''), count * factor)
    }),
  )
})

test('a size written in any unit reads back', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.constantFrom('b', 'kb', 'mb', 'gb'), (count, unit) => {
      const factor = 1024 ** ['b', 'kb', 'mb', 'gb'].indexOf(unit)
      assert.equal(parseSize(`${count}${unit}`, ''), count * factor)
    }),
  )
})

test('a rate written out reads back', () => {
  const count = fc.integer({ min: 1, max: 1_000_000_000 })
  const seconds = fc.integer({ min: 1, max: 1_000_000 })
  fc.assert(
    fc.property(count, seconds, count, (count, seconds, burst) => {
      const rate = { count, windowMs: seconds * 1000, burst }
      assert.deepEqual(parseRate(`${count}/${seconds}s burst ${burst}`, ''), rate)
      const text = `${count}/${seconds}s ban ${seconds}s`
      const limit = { count, windowMs: seconds * 1000, banMs: seconds * 1000 }
      assert.deepEqual(parseFailureLimit(text, ''), limit)
    }),
  )
})

for (const [name, parse] of parsers) {
  test(`any text is a ${name} or a ConfigError`, () => {
    const pieces = fc.constantFrom('5', '/', 'min', 's', ' ', 'burst', 'ban', 'by', 'ip', ',', '.')
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 9 }).map((p) => p.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parse(text, 'here')
        } catch (error) {
          assert.ok(error instanceof ConfigError)
          assert.equal(error.faults[0]?.path, 'here')
        }
      }),
    )
  })
}
