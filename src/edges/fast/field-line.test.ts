import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hasControl } from '../../http/chars.ts'
import { LineMemory } from './field-line.ts'
import { OwnValues } from './own-values.ts'

function lineOf(lines: LineMemory, place: number, [name, value]: [string, string]) {
  return lines.known(place, name, value) ?? lines.write(place, name, value)
}

const ROWS: readonly [name: string, value: string, line: string | undefined][] = [
  ['X-A', 'b', 'X-A: b\r\n'],
  ['X-A', '', 'X-A: \r\n'],
  ['X-A', 'ü', 'X-A: ü\r\n'],
  ['X-A', 'b'.repeat(500), `X-A: ${'b'.repeat(500)}\r\n`],
  ['X-A', 'b\r\nX-B: c', undefined],
  ['X-A', `${'b'.repeat(500)}\n`, undefined],
]
for (const [name, value, line] of ROWS) {
  test(`${JSON.stringify(value.slice(0, 9))} is written the same however often it comes`, () => {
    const lines = new LineMemory()
    for (let time = 0; time < 4; time += 1) assert.equal(lineOf(lines, 0, [name, value]), line)
    assert.equal(lines.known(1, name, value), undefined)
  })
}

test('heads come out as if each were the first', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\u00ff'), maxLength: 2 })
  const name = fc.constantFrom('a', 'b')
  const head = fc.array(fc.tuple(name, text), { maxLength: 4 })
  fc.assert(
    fc.property(
      fc.array(head, { maxLength: 12 }),
      fc.integer({ min: 0, max: 70 }),
      (heads, skip) => {
        const lines = new LineMemory()
        for (const fields of heads)
          for (const [index, field] of fields.entries())
            assert.equal(
              lineOf(lines, index * skip, field),
              hasControl(field[1]) ? undefined : `${field[0]}: ${field[1]}\r\n`,
            )
      },
    ),
    { numRuns: 500 },
  )
})

test('long values of a field of our own are looked at for what they are, each time', () => {
  const lines = new LineMemory(new OwnValues('own'))
  const values = ['a', 'b', 'a\n', 'b', 'a', '\r'].map((end) => 'x'.repeat(600) + end)
  for (let time = 0; time < 3; time += 1)
    for (const value of values)
      for (const name of ['own', 'other'])
        assert.equal(
          lineOf(lines, 70, [name, value]),
          hasControl(value) ? undefined : `${name}: ${value}\r\n`,
        )
})

test('a fault in front of a known end is seen', () => {
  const lines = new LineMemory(new OwnValues('own'))
  assert.notEqual(lineOf(lines, 0, ['own', 'x'.repeat(600)]), undefined)
  assert.equal(lineOf(lines, 0, ['own', `\n${'x'.repeat(599)}`]), undefined)
})

test('a field that always says something else is still written as it is', () => {
  const lines = new LineMemory()
  for (let time = 0; time < 100; time += 1) {
    assert.equal(lineOf(lines, 0, ['a', `v${time}`]), `a: v${time}\r\n`)
    if (time % 7 === 0) assert.equal(lineOf(lines, 0, ['a', 'v3']), 'a: v3\r\n')
  }
})

test('a field that has come to rest is found again', () => {
  const lines = new LineMemory()
  for (let time = 0; time < 100; time += 1) lineOf(lines, 0, ['a', `v${time}`])
  for (let time = 0; time < 40; time += 1) lineOf(lines, 0, ['a', 'at rest'])
  assert.equal(lines.known(0, 'a', 'at rest'), 'a: at rest\r\n')
})

test('what is forgotten at one place is known at the others', () => {
  const lines = new LineMemory()
  for (const place of [0, 1]) lineOf(lines, place, ['a', 'b'])
  lines.forget(0)
  assert.deepEqual([lines.known(0, 'a', 'b'), lines.known(1, 'a', 'b')], [undefined, 'a: b\r\n'])
})
