import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { openBytes, sealBytes } from './envelope.ts'

const KEY = randomBytes(32)
const SEALED = sealBytes(KEY, 'pepper 1', Buffer.from('secret'))

test('opens what it sealed, whatever it is', () =>
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (bytes, identity) => {
      const sealed = sealBytes(KEY, identity, Buffer.from(bytes))
      assert.deepEqual(openBytes(KEY, identity, sealed), Buffer.from(bytes))
    }),
  ))

test('seals the same bytes differently each time', () =>
  assert.notEqual(sealBytes(KEY, 'pepper 1', Buffer.from('secret')), SEALED))

const REFUSED: [name: string, key: Buffer, identity: string, text: string][] = [
  ['under another key', randomBytes(32), 'pepper 1', SEALED],
  ['at another place', KEY, 'pepper 2', SEALED],
  ['that was cut', KEY, 'pepper 1', SEALED.slice(0, -4)],
  ['without its mark', KEY, 'pepper 1', SEALED.slice(3)],
  ['that is empty', KEY, 'pepper 1', ''],
]
for (const [name, key, identity, text] of REFUSED)
  test(`does not open what was sealed ${name}`, () =>
    assert.equal(openBytes(key, identity, text), undefined))

test('does not open what was changed at any place', () => {
  const bytes = Buffer.from(SEALED.slice(3), 'base64url')
  for (let i = 0; i < bytes.length * 8; i++) {
    const changed = Buffer.from(bytes)
    changed[i >> 3] = (changed[i >> 3] ?? 0) ^ (1 << (i & 7))
    assert.equal(openBytes(KEY, 'pepper 1', `v1.${changed.toString('base64url')}`), undefined)
  }
})

test('texts from outside do not throw', () =>
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(openBytes(KEY, 'pepper 1', text), undefined)
      assert.equal(openBytes(KEY, 'pepper 1', `v1.${text}`), undefined)
    }),
  ))
