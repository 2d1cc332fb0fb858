import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { scanMembers, scannedNames } from './scan-members.ts'

const NAMES = scannedNames(['own', 'b']) ?? []
const scan = (text: string) => scanMembers(Buffer.from(text), NAMES)

const rows: [name: string, text: string, found: Record<string, unknown> | undefined][] = [
  ['reads a text and a number', '{"own":"a","b":7}', { own: 'a', b: 7 }],
  [
    'reads them among others',
    ' {"x":{"own":"no"},"b" : -1 ,"y":["}",{"b":2}],"own":"a"}\n',
    { own: 'a', b: -1 },
  ],
  ['doubts what stands twice', '{"own":"a","b":7,"own":"c"}', undefined],
  ['doubts a name with escapes', '{"own":"a","b":7,"\\u006fwn":"c"}', undefined],
  ['doubts a text with escapes', '{"own":"\\u0061","b":7}', undefined],
  ['doubts a text beyond ASCII', '{"own":"ä","b":7}', undefined],
  ['doubts a number in another spelling', '{"own":"a","b":7.0}', undefined],
  ['doubts a number with an exponent', '{"own":"a","b":7e0}', undefined],
  ['doubts minus zero', '{"own":"a","b":-0}', undefined],
  ['doubts a number that a double may not hold', '{"own":"a","b":9007199254740993}', undefined],
  ['doubts null', '{"own":null,"b":7}', undefined],
  ['doubts a structure', '{"own":["a"],"b":7}', undefined],
  ['doubts what is missing', '{"own":"a"}', undefined],
  ['doubts a second object', '{"own":"a","b":7}{"own":"c","b":8}', undefined],
  ['doubts a list', '[{"own":"a","b":7}]', undefined],
  ['doubts what does not end', '{"own":"a","b":7', undefined],
  ['doubts a text before it', '"x"{"own":"a","b":7}', undefined],
  ['doubts a byte order mark', '\ufeff{"own":"a","b":7}', undefined],
]

suite('scanning members', () => {
  for (const [name, text, found] of rows) test(name, () => assert.deepEqual(scan(text), found))

  test('says what the parser says, or nothing', () => {
    const part = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.jsonValue())
    const entry = fc.tuple(fc.constantFrom('own', 'b', 'c', 'x"y'), part)
    fc.assert(
      fc.property(fc.array(entry), fc.nat(3), (entries, spaces) => {
        const text = JSON.stringify(Object.fromEntries(entries), undefined, spaces)
        const found = scan(text)
        if (found === undefined) return
        const { own, b } = JSON.parse(text) as Record<string, unknown>
        assert.deepEqual(found, { own, b })
      }),
      { numRuns: 2000 },
    )
  })

  test('never finds anything in a text that names a member twice', () => {
    const pair = fc.tuple(fc.constantFrom('own', 'b', 'c'), fc.jsonValue())
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
        const text = `{${pairs.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join()}}`
        const names = pairs.map(([name]) => name)
        const isTwice = ['own', 'b'].some(
          (name) => names.filter((one) => one === name).length !== 1,
        )
        if (isTwice) assert.equal(scan(text), undefined)
      }),
    )
  })

  test('ends for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void scanMembers(Buffer.from(bytes), NAMES)))
  })

  test('takes plain names only', () => {
    for (const name of ['__proto__', 'a-b', 'ä', '']) assert.equal(scannedNames([name]), undefined)
    assert.equal(scannedNames([]), undefined)
  })
})
