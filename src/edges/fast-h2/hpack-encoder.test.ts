import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hpackNumber, trailerBlock } from './answer-fields.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'

const PLAN = { length: undefined, isDated: false }
const LIMITS = { maxFields: 1_000, maxBytes: 1_000_000 }

function decoded(decoder: HpackDecoder, block: string): string[] {
  const bytes = Buffer.from(block, 'latin1')
  assert.ok(decoder.decode(bytes, 0, bytes.length), 'no HPACK')
  assert.equal(decoder.isMalformed, false)
  return decoder.fields
}

test('numbers are written as in RFC 7541 appendix C.1', () => {
  const rows: [value: number, bits: number, hex: string][] = [
    [10, 5, '0a'],
    [1337, 5, '1f9a0a'],
    [42, 8, '2a'],
    [127, 7, '7f00'],
  ]
  for (const [value, bits, hex] of rows)
    assert.equal(Buffer.from(hpackNumber(value, bits, 0), 'latin1').toString('hex'), hex)
})

describe('the head of an answer', () => {
  test('has lower-case names, no field of the connection, its length and a date', () => {
    const headers = [
      'Content-Type',
      'a/b',
      'Connection',
      'close',
      'Content-Length',
      '7',
      'X-A',
      ' b ',
    ]
    const block = new HpackEncoder().encode(503, headers, { length: 3, isDated: true })
    const fields = decoded(new HpackDecoder(LIMITS), block)
    const expected = [
      ':status',
      '503',
      'content-type',
      'a/b',
      'x-a',
      'b',
      'content-length',
      '3',
      'date',
    ]
    assert.deepEqual(fields.slice(0, -1), expected)
    assert.ok(Math.abs(Date.parse(fields.at(-1) ?? '') - Date.now()) < 3_000)
  })

  test('keeps the date that the API said', () => {
    const block = new HpackEncoder().encode(200, ['Date', 'now'], {
      length: undefined,
      isDated: true,
    })
    assert.deepEqual(decoded(new HpackDecoder(LIMITS), block), [':status', '200', 'date', 'now'])
  })

  const impossible: [name: string, field: [string, string]][] = [
    ['a space in a name', ['a b', 'c']],
    ['a pseudo field', [':status', '500']],
    ['no name', ['', 'c']],
    ['CR in a value', ['a', 'b\rc']],
    ['LF in a value', ['vary', 'b\nc']],
    ['NUL in a value', ['set-cookie', 'b\0c']],
    ['a character that is no byte', ['a', '€']],
  ]
  for (const [name, field] of impossible) {
    test(`with ${name} is refused, and the table stays right`, () => {
      const encoder = new HpackEncoder()
      const decoder = new HpackDecoder(LIMITS)
      const shared = ['vary', `impossible ${name}`]
      const next = (): string[] => decoded(decoder, encoder.encode(200, shared, PLAN))
      next()
      assert.throws(
        () => encoder.encode(200, [...shared, 'server', name, ...field], PLAN),
        TypeError,
      )
      for (let i = 0; i < 3; i += 1) assert.deepEqual(next(), [':status', '200', ...shared])
    })
  }

  test('that comes again is a handful of bytes', () => {
    const encoder = new HpackEncoder()
    const headers = ['Cache-Control', 'no-store, again', 'Vary', 'Accept, again']
    const lengths = [1, 2, 3, 4].map(() => encoder.encode(200, headers, PLAN).length)
    assert.equal(lengths.at(-1), 3)
  })

  test('never puts a secret, or what only one caller is told, into the table', () => {
    const encoder = new HpackEncoder()
    const headers = [
      'Set-Cookie',
      'session=1',
      'Authorization',
      'Basic a',
      'X-Token',
      't',
      'ETag',
      '"1"',
    ]
    const blocks = [1, 2, 3, 4].map(() => encoder.encode(200, headers, PLAN))
    assert.equal(new Set(blocks).size, 1)
    const [first = ''] = blocks
    // Never indexed: set-cookie is 55 of the static table, authorization 23.
    assert.ok(first.includes('\u001f\u0028\tsession=1'))
    assert.ok(first.includes('\u001f\u0008\u0007Basic a'))
    for (const char of first.slice(0, 2)) assert.notEqual(char.charCodeAt(0) & 0xc0, 0x40)
  })

  test('follows the size that the client allows, the smallest in between told first', () => {
    const encoder = new HpackEncoder()
    const decoder = new HpackDecoder(LIMITS)
    const headers = ['Vary', 'a size', 'Server', 'a size']
    for (const sizes of [[], [], [0], [], [0, 4_096], [], [100], [], [10, 65_536], [], []]) {
      for (const size of sizes) encoder.allow(size)
      const block = encoder.encode(200, headers, PLAN)
      assert.deepEqual(decoded(decoder, block), [
        ':status',
        '200',
        'vary',
        'a size',
        'server',
        'a size',
      ])
    }
  })
})

test('whatever is written is read the same, over many answers and sizes', () => {
  const names = fc.constantFrom(
    'Vary',
    'server',
    'X-A',
    'Content-Type',
    'Set-Cookie',
    'ETag',
    'allow',
  )
  const value = fc.oneof(
    fc.constantFrom('a', 'b', 'c'.repeat(700), 'd'.repeat(300)),
    fc.string({ unit: fc.constantFrom('a', 'z', ' ', 'é', '\t', '0'), maxLength: 40 }),
  )
  const one = fc.record({
    size: fc.option(fc.nat(5_000), { nil: undefined, freq: 5 }),
    fields: fc.array(fc.tuple(names, value), { maxLength: 12 }),
    status: fc.constantFrom(200, 204, 404, 418, 503),
  })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 40 }), (answers) => {
      const encoder = new HpackEncoder()
      const decoder = new HpackDecoder(LIMITS)
      for (const { size, fields, status } of answers) {
        if (size !== undefined) encoder.allow(size)
        const block = encoder.encode(status, fields.flat(), PLAN)
        const expected = fields.flatMap(([name, text]) => [
          name.toLowerCase(),
          text.replace(/^[ \t]+|[ \t]+$/g, ''),
        ])
        assert.deepEqual(decoded(decoder, block), [':status', String(status), ...expected])
      }
    }),
    { numRuns: 200 },
  )
})

test('trailers leave out what cannot stand there', () => {
  const trailers = [
    'Grpc-Status',
    '0',
    'Transfer-Encoding',
    'chunked',
    'a b',
    'c',
    'x',
    'y\nz',
    'date',
    'd',
  ]
  const fields = decoded(new HpackDecoder(LIMITS), trailerBlock(trailers))
  assert.deepEqual(fields, ['grpc-status', '0'])
})
