import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { FORMATS } from './format.ts'

const FOLDER = join(import.meta.dirname, '../../../test/vectors/json-schema/draft2020-12-format')

interface Group {
  readonly tests: readonly {
    readonly description: string
    readonly data: unknown
    readonly valid: boolean
  }[]
}

function accepts(name: string, value: unknown): boolean {
  const format = FORMATS.get(name)
  if (format?.kind === 'string') return typeof value !== 'string' || format.test(value)
  if (format?.kind === 'number') return typeof value !== 'number' || format.test(value)
  assert.fail(`no format ${name}`)
}

/** What the suite asks and this does not do: decode Punycode labels and judge the letters in them (RFC 5891). */
const isPunycode = (name: string, data: unknown): boolean =>
  name === 'hostname' && typeof data === 'string' && /^xn--/i.test(data)

describe('formats, every optional case of the suite', () => {
  for (const file of readdirSync(FOLDER)) {
    const name = file.replace('.json', '')
    for (const group of JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Group[]) {
      for (const one of group.tests) {
        if (isPunycode(name, one.data)) continue
        test(`${name}: ${one.description}`, () => assert.equal(accepts(name, one.data), one.valid))
      }
    }
  }
})

const cases: [name: string, format: string, value: unknown, valid: boolean][] = [
  ['accepts lower-case t and z', 'date-time', '2026-01-31t12:00:00z', true],
  ['accepts a leap second', 'date-time', '1998-12-31T23:59:60Z', true],
  ['accepts a leap second elsewhere', 'date-time', '1998-12-31T15:59:60-08:00', true],
  ['refuses a leap second at another time', 'date-time', '1998-12-31T22:59:60Z', false],
  ['accepts the largest int32', 'int32', 2147483647, true],
  ['refuses one more than int32', 'int32', 2147483648, false],
  ['refuses a fraction as int32', 'int32', 1.5, false],
  ['accepts a rounded int64', 'int64', Number('9007199254740993'), true],
  ['refuses what no int64 is', 'int64', 1e19, false],
  ['accepts padded base64', 'byte', 'YQ==', true],
  ['refuses base64 without padding', 'byte', 'YQ', false],
  ['refuses base64url', 'byte', 'a-_a', false],
  ['accepts a decimal', 'decimal', '-1.50', true],
  ['refuses a word as decimal', 'decimal', 'NaN', false],
]

describe('formats of OpenAPI and RFC 3339', () => {
  for (const [name, format, value, valid] of cases) {
    test(name, () => assert.equal(accepts(format, value), valid))
  }
  test('answer quickly and without throwing on any text', () => {
    const names = [...FORMATS.keys()]
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.string(),
        fc.integer({ min: 1, max: 3000 }),
        (name, text, n) => {
          const start = performance.now()
          accepts(name, text.repeat(Math.min(n, Math.ceil(20_000 / (text.length + 1)))))
          assert.ok(performance.now() - start < 3000)
        },
      ),
    )
  })
  test('base64 is read as its pattern reads it, short or long', () => {
    const piece = fc.constantFrom('QUJD', 'a+/9', '=', '==', 'QQ==', '-', 'é', 'A'.repeat(60), '\n')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = pieces.join('')
        const expected = text.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(text)
        assert.equal(accepts('byte', text), expected, text)
      }),
      { numRuns: 3000 },
    )
  })
  test('dates and times are read as the patterns of RFC 3339 read them', () => {
    const parts = ['2024', '2023', '02', '28', '29', '12', '31', '23', '59', '60', '00', '0', '-']
    const marks = ['-', '-', ':', ':', 'T', 't', 'Z', 'z', '+', '.', '.5', '+01:00', '-00:30', ' ']
    const known: [format: string, text: string][] = [
      ['date', '2024-02-29'],
      ['time', '23:59:60.5+01:00'],
      ['date-time', '2023-12-31T23:59:59Z'],
    ]
    const change = fc.tuple(
      fc.nat({ max: 25 }),
      fc.nat({ max: 2 }),
      fc.constantFrom('', ...parts, ...marks),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.array(change, { maxLength: 3 }),
        ([format, text], changes) => {
          let changed = text
          for (const [at, cut, put] of changes)
            changed = changed.slice(0, at) + put + changed.slice(at + cut)
          assert.ok(!accepts(format, changed) || PATTERNS.get(format)?.test(changed), changed)
          // What the pattern takes may still be no day or no leap second: those are rows above.
          if (changed === text) assert.equal(accepts(format, changed), format !== 'time')
        },
      ),
      { numRuns: 2000 },
    )
  })
})

const DATE = String.raw`\d{4}-\d{2}-\d{2}`
const TIME = String.raw`\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[zZ]|[+-]\d{2}:\d{2})`
const PATTERNS: ReadonlyMap<string, RegExp> = new Map([
  ['date', new RegExp(`^${DATE}$`)],
  ['time', new RegExp(`^${TIME}$`)],
  ['date-time', new RegExp(`^${DATE}[Tt]${TIME}$`)],
])
