import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseAuthorization } from '../../http/auth-header.ts'
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

const HEADER_PART = Buffer.from('{"alg":"RS256"}').toString('base64url')
const PAYLOADS: [name: string, part: string, isTaken: boolean][] = [
  ['takes whole groups', 'AAAA', true],
  ['takes two characters over', 'AAAA_w', true],
  ['takes three characters over', 'AAAA__8', true],
  ['takes a payload of nothing', '', true],
  ['refuses one character over', 'AAAAA', false],
  ['refuses stray bits after one byte', 'AAAA_x', false],
  ['refuses stray bits after two bytes', 'AAAA__9', false],
  ['refuses padding', 'AAAA_w==', false],
  ['refuses padding that fills a group', 'AAA=', false],
  ['refuses the other alphabet', 'AA+/', false],
  ['refuses a space', 'AA A', false],
  ['refuses a character that is left out in decoding', 'AAAAA!', false],
  ['refuses characters of which the lower half is in the alphabet', 'AAA\u0141', false],
  ['refuses characters of Latin-1', 'AAA\u00e9', false],
]
for (const [name, text, isTaken] of PAYLOADS)
  test(name, () => {
    assert.equal('reason' in parseCompact(`${HEADER_PART}.${text}.AAAA`), !isTaken)
  })

const char = fc.constantFrom(...'AQgwZz09-_+/=! \u0141\u00e9\n'.split(''))
const almost = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...'AQgwZz09-_'.split('')) }, char))
  .map((chars) => chars.join(''))

test('takes exactly what an encoder writes', () => {
  fc.assert(
    fc.property(almost, (text) => {
      const bytes = Buffer.from(text, 'base64url')
      const token = parseCompact(`${HEADER_PART}.${text}.AAAA`)
      assert.equal('reason' in token, bytes.toString('base64url') !== text)
      if ('reason' in token) return
      assert.deepEqual(token.payload, bytes)
      // Whoever has taken a token apart need not look whether it is a `token68`.
      assert.equal(parseAuthorization(`Bearer ${token.text}`)?.token, token.text)
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
