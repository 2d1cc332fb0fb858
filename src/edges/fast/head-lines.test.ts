import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hasControl } from '../../http/chars.ts'
import { HeadLines } from './head-lines.ts'

const LINE = 'HTTP/1.1 200 OK\r\n'

function plainly(headers: readonly string[]): string {
  let text = LINE
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}

/** As the writer of heads does: what is not found is checked and learned. */
function write(lines: HeadLines, headers: readonly string[]): string | undefined {
  const found = lines.find(200, headers)
  if (found !== undefined) return found
  if (headers.some(hasControl)) return undefined
  lines.learn(200, LINE, headers)
  return plainly(headers)
}

const head = (id: string, more = 'x'): string[] => ['Id', id, 'A', 'b', 'Left', more, 'C', 'd']

test('a head is found once it was learned which of its values differ', () => {
  const lines = new HeadLines()
  write(lines, head('1'))
  assert.equal(lines.find(200, head('2')), undefined)
  write(lines, head('2', 'y'))
  const next = head('3', 'z')
  assert.equal(lines.find(200, next), plainly(next))
})

const OTHERS: readonly [name: string, status: number, headers: readonly string[]][] = [
  ['with another status', 201, head('1')],
  ['with another name', 200, head('1').with(2, 'B')],
  ['with a name in another case', 200, head('1').with(2, 'a')],
  ['with another value where it was always the same', 200, head('1').with(3, 'c')],
  ['with one field more', 200, [...head('1'), 'E', 'f']],
  ['with one field less', 200, head('1').slice(0, -2)],
  ['with a value that would end its line', 200, head('1\r\nB: c')],
  ['with a bare line feed', 200, head('1\n')],
  ['with NUL', 200, head('1\0')],
  ['with a character of two bytes', 200, head('\u0100')],
]
for (const [name, status, headers] of OTHERS) {
  test(`a head ${name} is not found`, () => {
    const lines = new HeadLines()
    for (const id of ['1', '2', '3']) write(lines, head(id, id))
    assert.notEqual(lines.find(200, head('4', '4')), undefined)
    assert.equal(lines.find(status, headers), undefined)
  })
}

test('a head that comes in turn with another of its size is found in the end', () => {
  const lines = new HeadLines()
  const other = ['W', 'x', 'A', 'b', 'Left', 'y', 'C', 'd']
  write(lines, other)
  let found = 0
  for (let turn = 0; turn < 20; turn += 1) {
    if (lines.find(200, head('1')) !== undefined) found += 1
    write(lines, head('1'))
  }
  assert.ok(found > 5, `${found} were found`)
})

test('long heads are not kept', () => {
  const lines = new HeadLines()
  for (let turn = 0; turn < 4; turn += 1) write(lines, ['A', 'b'.repeat(3000)])
  assert.equal(lines.find(200, ['A', 'b'.repeat(3000)]), undefined)
})

test('heads come out as if each were the first', () => {
  const value = fc.constantFrom('a', 'b', 'b'.repeat(40), '\n', '\u00ff', '')
  const heads = fc.array(fc.tuple(fc.constantFrom('a', 'b'), value), { maxLength: 3 })
  fc.assert(
    fc.property(fc.array(heads, { maxLength: 24 }), (all) => {
      const lines = new HeadLines()
      for (const fields of all) {
        const headers = fields.flat()
        const expected = headers.some(hasControl) ? undefined : plainly(headers)
        assert.equal(write(lines, headers), expected)
      }
    }),
    { numRuns: 2000 },
  )
})
