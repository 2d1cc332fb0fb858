import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hasControl } from '../../http/chars.ts'
import { fieldLine } from './field-line.ts'

test('a field is written the same however often it comes', () => {
  for (let time = 0; time < 4; time += 1) {
    assert.equal(fieldLine('X-A', 'b'), 'X-A: b\r\n')
    assert.equal(fieldLine('X-A', ''), 'X-A: \r\n')
    assert.equal(fieldLine('X-A', 'ü'), 'X-A: ü\r\n')
    assert.equal(fieldLine('X-A', 'b'.repeat(500)), `X-A: ${'b'.repeat(500)}\r\n`)
    assert.equal(fieldLine('X-A', 'b\r\nX-B: c'), undefined)
    assert.equal(fieldLine('X-A', `${'b'.repeat(500)}\n`), undefined)
  }
})

test('fields that are found in one place are told apart', () => {
  // Few different characters and lengths: many of them fall together.
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\u00ff'), maxLength: 4 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 3 })
  const fields = fc.array(fc.tuple(name, text), { maxLength: 50 })
  fc.assert(
    fc.property(fields, (all) => {
      for (const [key, value] of all)
        assert.equal(fieldLine(key, value), hasControl(value) ? undefined : `${key}: ${value}\r\n`)
    }),
    { numRuns: 500 },
  )
})
