import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { makeFormReader, MAX_SPAN_BYTES } from './form-wasm.ts'
import { canonicalPercent, formDecode } from './percent.ts'
import { QUERY_SET } from './query.ts'

const reader = makeFormReader()
assert.ok(reader !== undefined)

/** Both readings, the second one without its spelling. */
function read(body: Buffer, start: number, end: number): object | undefined {
  const found = reader?.span(body, start, end)
  const failedAt = reader?.failedAt() ?? 0
  assert.equal(reader?.meaning(body, start, end), found?.value)
  if (found === undefined) {
    assert.equal(reader?.failedAt(), failedAt)
    assert.ok(
      'text' in canonicalPercent(body.toString('latin1', start, start + failedAt), QUERY_SET),
    )
    assert.deepEqual(
      canonicalPercent(body.toString('latin1', start + failedAt, end), QUERY_SET),
      canonicalPercent(body.toString('latin1', start, end), QUERY_SET),
    )
  }
  return found
}

/** The twin. */
function readPlainly(body: Buffer, start: number, end: number): object | undefined {
  const found = canonicalPercent(body.toString('latin1', start, end), QUERY_SET)
  return 'fault' in found ? undefined : { text: found.text, value: formDecode(found.text) }
}

const cases: [name: string, text: string][] = [
  ['nothing', ''],
  ['sixteen characters that stay', 'abcdefghijklmnop'],
  ['plus signs among them', '+bcdefghijklmno+bcdefghijklmno+'],
  ['an escape of each length', '%41%C3%BC%E2%82%AC%F0%9F%98%80'],
  ['an escape in lower case', '%c3%bc'],
  ['what has to be escaped', '"<>[]^`{|}\\'],
  ['an escape that is cut off', 'aaaaaaaaaaaaaaaa%4'],
  ['a character that is cut off', 'aaaaaaaaaaaaaaaa%C3'],
  ['a character that is cut off by another', '%E2%82a%AC'],
  ['a surrogate', '%ED%A0%80'],
  ['a character above the last', '%F4%90%80%80'],
  ['an overlong one', '%E0%80%80'],
  ['a byte that begins none', '%80'],
  ['a space', 'a b'],
  ['a number sign', 'a#b'],
  ['a control', 'a\0b'],
  ['a byte beyond ASCII', 'aé'],
  ['as much as fits', '|'.repeat(MAX_SPAN_BYTES)],
]
for (const [name, text] of cases)
  test(`reads ${name} as its twin does`, () => {
    const body = Buffer.from(text, 'latin1')
    assert.deepEqual(read(body, 0, body.length), readPlainly(body, 0, body.length))
  })

test('reads whatever comes as its twin does, and remembers nothing', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a'.repeat(16),
      'b'.repeat(33),
      '%2B',
      '%c3%bc',
      '%E2%82%AC',
      '%F0%9F%98%80',
      '%41',
    ),
    fc.constantFrom('+', '|', '%', '%C3', '%7f', '&', '=', ' '),
    fc.integer({ min: 33, max: 255 }).map((byte) => String.fromCharCode(byte)),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.nat(8),
      fc.nat(8),
      (parts, before, behind) => {
        const text = parts.join('')
        // What stands before and behind does not count.
        const body = Buffer.from('%'.repeat(before) + text + '41'.repeat(behind), 'latin1')
        const end = before + text.length
        assert.deepEqual(read(body, before, end), readPlainly(body, before, end))
      },
    ),
    { numRuns: 5000 },
  )
})
