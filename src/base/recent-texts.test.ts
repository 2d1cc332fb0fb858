import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RecentTexts } from './recent-texts.ts'

const put = <T>(recent: RecentTexts<T>, text: string, value: T): void =>
  recent.put(recent.placeOf(text), text, value)
const at = <T>(recent: RecentTexts<T>, text: string): T | undefined =>
  recent.at(recent.placeOf(text), text)

test('what was kept last for a text is found, or nothing: never what belongs to another', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.nat())), fc.nat({ max: 9 }), (kept, size) => {
      const recent = new RecentTexts<number>(size)
      const last = new Map<string, number>()
      for (const [text, value] of kept) {
        put(recent, text, value)
        last.set(text, value)
        assert.equal(at(recent, text), value)
      }
      for (const [text, value] of last) assert.ok([value, undefined].includes(at(recent, text)))
    }),
  )
})

const NAMES: readonly [name: string, text: (n: number) => string][] = [
  ['numbers at the end', (n) => `https://id.example|user-${n}`],
  ['addresses of one host', (n) => `https://id.example|user${n}@mail.example.com`],
  ['network addresses', (n) => `ip:10.${n >> 8}.${n & 255}.7`],
]
for (const [name, text] of NAMES) {
  test(`most of a thousand texts find a place of their own among 8192: ${name}`, () => {
    const recent = new RecentTexts<number>(8192)
    const numbers = Array.from({ length: 1000 }, (_, n) => n)
    for (const n of numbers) put(recent, text(n), n)
    const found = numbers.filter((n) => at(recent, text(n)) === n)
    assert.ok(found.length > 970, String(found.length))
  })
}

test('two texts that meet both stay, whichever comes first', () => {
  const recent = new RecentTexts<number>(4)
  const texts = Array.from({ length: 100 }, (_, n) => `text ${n}`)
  for (const first of texts) {
    for (const second of texts) {
      put(recent, first, 1)
      put(recent, second, 2)
      assert.equal(at(recent, first), first === second ? 2 : 1, `${first}, ${second}`)
      assert.equal(at(recent, second), 2, `${first}, ${second}`)
    }
  }
})

test('holds no more than it may', () => {
  const recent = new RecentTexts<number>(100)
  const texts = Array.from({ length: 10_000 }, (_, n) => `text ${n}`)
  for (const [n, text] of texts.entries()) put(recent, text, n)
  const held = texts.filter((text) => at(recent, text) !== undefined)
  assert.ok(held.length > 32 && held.length <= 64, String(held.length))
})
