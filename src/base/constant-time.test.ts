import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constantTimeEqual } from './constant-time.ts'

const cases: [
  name: string,
  left: string | Uint8Array,
  right: string | Uint8Array,
  expected: boolean,
][] = [
  ['equal texts are equal', 'secret', 'secret', true],
  ['one character makes a difference', 'secret', 'secreT', false],
  ['a prefix is not equal', 'secret', 'secre', false],
  ['empty equals empty', '', '', true],
  ['bytes equal the text they spell', Buffer.from('sécret'), 'sécret', true],
  ['bytes differ from other bytes', new Uint8Array([1]), new Uint8Array([1, 0]), false],
]
for (const [name, left, right, expected] of cases) {
  test(name, () => assert.equal(constantTimeEqual(left, right), expected))
}
