import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from '../../src/base/config-error.ts'
import { readCsv } from './csv.ts'

const cases: [name: string, text: string, records: [line: number, ...cells: string[]][]][] = [
  ['nothing', '', []],
  [
    'cells apart by commas',
    'a,b\n1,\n',
    [
      [1, 'a', 'b'],
      [2, '1', ''],
    ],
  ],
  [
    'lines that end in CRLF',
    'a\r\nb\r\n',
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  ['quotes around commas and quotes', '"a,""b""",c', [[1, 'a,"b"', 'c']]],
  [
    'lines inside of quotes',
    'a,"x\ny"\nb,z',
    [
      [1, 'a', 'x\ny'],
      [3, 'b', 'z'],
    ],
  ],
  [
    'empty lines between',
    'a\n\n\nb',
    [
      [1, 'a'],
      [4, 'b'],
    ],
  ],
  ['a mark of the byte order', '\ufeffa', [[1, 'a']]],
]

suite('readCsv', () => {
  for (const [name, text, records] of cases)
    test(`reads ${name}`, () =>
      assert.deepEqual(
        readCsv(text, 'f.csv').map(({ line, cells }) => [line, ...cells]),
        records,
      ))

  for (const [name, text, line] of [
    ['a quote that does not end', 'a\n"b', 2],
    ['a quote amid text', 'a\nb\nc"d"', 3],
    ['text behind a quote', '"a"b', 1],
  ] as const)
    test(`refuses ${name}, with its line`, () =>
      assert.throws(
        () => readCsv(text, 'f.csv'),
        (error) => error instanceof ConfigError && error.faults[0]?.line === line,
      ))

  test('gives back what was written, whatever it is', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'ä') })
    const record = fc.array(cell, { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
        const text = records.map((cells) => cells.map(quoted).join()).join('\n')
        assert.deepEqual(
          readCsv(text, 'f').map(({ cells }) => cells),
          records,
        )
      }),
    )
  })

  test('ends, and throws nothing but faults', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r') }), (text) => {
        try {
          readCsv(text, 'f')
        } catch (error) {
          assert.ok(error instanceof ConfigError)
        }
      }),
    )
  })
})
