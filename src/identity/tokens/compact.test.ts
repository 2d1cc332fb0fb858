import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseCompact } from './compact.ts'

const part = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.json({ maxDepth: 2 }).map((text) => Buffer.from(text).toString('base64url')),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
)

test('never throws, and accepts only text that an encoder would write again', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const text = parts.join('.')
      const token = parseCompact(text)
      if ('reason' in token) return
      const again = text
        .split('.')
        .map((each) => Buffer.from(each, 'base64url').toString('base64url'))
      assert.equal(again.join('.'), text)
      assert.equal(again.length, 3)
    }),
  )
})

test('one changed character of header or payload never leaves both the same', () => {
  const header = Buffer.from('{"alg":"RS256","kid":"k"}').toString('base64url')
  const text = `${header}.${Buffer.from('{"sub":"a"}').toString('base64url')}.AAAA`
  fc.assert(
    fc.property(fc.nat(text.length - 6), fc.constantFrom(...'Ab0-_=+/ '.split('')), (at, char) => {
      const changed = text.slice(0, at) + char + text.slice(at + 1)
      const [one, two] = [parseCompact(text), parseCompact(changed)]
      if (changed === text || 'reason' in two || 'reason' in one) return
      assert.notDeepEqual(
        [two.alg, two.kid, two.typ, two.payload, two.text],
        [one.alg, one.kid, one.typ, one.payload, one.text],
      )
      assert.notEqual(changed.slice(0, -5), text.slice(0, -5))
    }),
  )
})
