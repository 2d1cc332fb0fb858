import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { HpackDecoder } from './hpack-decoder.ts'
import { STATIC_FIELDS } from './static-table.ts'

const LIMITS = { maxFields: 100, maxBytes: 16_384 }
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

function read(decoder: HpackDecoder, block: Buffer): string[] | 'broken' {
  return decoder.decode(block, 0, block.length) ? decoder.fields : 'broken'
}

const REQUEST = [':method', 'GET', ':scheme', 'http', ':path', '/']
const AUTHORITY = [':authority', 'www.example.com']
const SECOND = [...REQUEST, ...AUTHORITY, 'cache-control', 'no-cache']
const THIRD = [':method', 'GET', ':scheme', 'https', ':path', '/index.html', ...AUTHORITY]
const DATES = ['Mon, 21 Oct 2013 20:13:21 GMT', 'Mon, 21 Oct 2013 20:13:22 GMT']
const answer = (status: string, date = DATES[0] ?? ''): string[] => [
  ':status',
  status,
  'cache-control',
  'private',
  'date',
  date,
  'location',
  'https://www.example.com',
]
/** The answers of C.5 and C.6 in the order of their fields. */
const REDIRECT_AGAIN = [':status', '307', ...answer('').slice(2)]
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const LAST_ANSWER = [...answer('200', DATES[1]), 'content-encoding', 'gzip', 'set-cookie', COOKIE]
/** Both begin with a table of 256 bytes (RFC 7541 appendix C.5). */
const SIZE_256 = '3fe101'

/** RFC 7541 appendix C: the blocks of one connection, and what they say. */
const examples: [name: string, blocks: [block: string, fields: string[]][]][] = [
  [
    'C.2.1 with indexing',
    [['400a637573746f6d2d6b65790d637573746f6d2d686561646572', ['custom-key', 'custom-header']]],
  ],
  ['C.2.2 without indexing', [['040c2f73616d706c652f70617468', [':path', '/sample/path']]]],
  ['C.2.3 never indexed', [['100870617373776f726406736563726574', ['password', 'secret']]]],
  ['C.2.4 indexed', [['82', [':method', 'GET']]]],
  [
    'C.3 requests',
    [
      ['828684410f7777772e6578616d706c652e636f6d', [...REQUEST, ...AUTHORITY]],
      ['828684be58086e6f2d6361636865', SECOND],
      [
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        [...THIRD, 'custom-key', 'custom-value'],
      ],
    ],
  ],
  [
    'C.4 requests with Huffman code',
    [
      ['828684418cf1e3c2e5f23a6ba0ab90f4ff', [...REQUEST, ...AUTHORITY]],
      ['828684be5886a8eb10649cbf', SECOND],
      [
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
        [...THIRD, 'custom-key', 'custom-value'],
      ],
    ],
  ],
  [
    'C.5 answers that evict',
    [
      [
        `${SIZE_256}4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a` +
          '323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        answer('302'),
      ],
      ['4803333037c1c0bf', REDIRECT_AGAIN],
      [
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a6970773866' +
          '6f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630' +
          '303b2076657273696f6e3d31',
        LAST_ANSWER,
      ],
    ],
  ],
  [
    'C.6 answers that evict, with Huffman code',
    [
      [
        `${SIZE_256}488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29` +
          'ad171863c78f0b97c8e9ae82ae43d3',
        answer('302'),
      ],
      ['4883640effc1c0bf', REDIRECT_AGAIN],
      [
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b3' +
          '35dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        LAST_ANSWER,
      ],
    ],
  ],
]

describe('the examples of RFC 7541', () => {
  for (const [name, blocks] of examples) {
    test(name, () => {
      const decoder = new HpackDecoder(LIMITS)
      for (const [block, fields] of blocks) assert.deepEqual(read(decoder, hex(block)), fields)
      assert.equal(decoder.isMalformed, false)
    })
  }
})

describe('what is no HPACK', () => {
  const broken: [name: string, block: string][] = [
    ['index 0', '80'],
    ['an index behind the tables', 'be'],
    ['the name of an index behind the tables', '7e0161'],
    ['a number without an end', 'ff'],
    ['a number that goes on for ever', 'ffffffffffffff0f'],
    ['a number beyond any table', 'ff80808001'],
    ['a text longer than its block', '00056162'],
    ['a name without a value', '000161'],
    ['a length without a text', '0001617f'],
    ['the end symbol of the Huffman code', '00016184ffffffff'],
    ['padding of eight ones', '000161821fff'],
    ['padding of zeros', '0001618118'],
    ['a size behind a field', '8220'],
    ['a size that was not allowed', '3fe21f'],
    ['a size without an end', '3f'],
  ]
  for (const [name, block] of broken)
    test(name, () => assert.equal(read(new HpackDecoder(LIMITS), hex(block)), 'broken'))

  const right: [name: string, block: string, fields: string[]][] = [
    ['an empty block', '', []],
    ['the size that was allowed', '3fe11f82', [':method', 'GET']],
    ['two sizes', '203fe11f82', [':method', 'GET']],
    ['padding of three ones', '000161811f', ['a', 'a']],
    ['a number with a zero behind it', '7f0082'.slice(4), [':method', 'GET']],
    ['empty texts', '0001 61 00', ['a', '']],
  ]
  for (const [name, block, fields] of right)
    test(`but ${name} is`, () =>
      assert.deepEqual(read(new HpackDecoder(LIMITS), hex(block)), fields))
})

const literal = (name: string, value: string, mark = 0): Buffer =>
  Buffer.concat([Buffer.from([mark]), text(name), text(value)])

/** Without Huffman code; up to 16,000 bytes. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const rest = bytes.length - 127
  const more = rest < 128 ? [rest] : [(rest & 127) | 128, rest >> 7]
  return Buffer.concat([Buffer.from([127, ...more]), bytes])
}

describe('a field', () => {
  const odd: [name: string, field: [string, string]][] = [
    ['with an upper-case name', ['X-A', 'b']],
    ['without a name', ['', 'b']],
    ['with a colon in its name', ['a:b', 'c']],
    ['with a space in its name', ['a b', 'c']],
    ['with a name beyond ASCII', ['ä', 'c']],
    ['with CR in its value', ['a', 'b\rc']],
    ['with LF in its value', ['a', 'b\nc']],
    ['with NUL in its value', ['a', 'b\0c']],
    ['with DEL in its value', ['a', 'b\u007fc']],
    ['with a space before its value', ['a', ' b']],
    ['with a tab behind its value', ['a', 'b\t']],
  ]
  for (const [name, [field, value]] of odd) {
    test(`${name} is malformed, also when it comes out of the table`, () => {
      const decoder = new HpackDecoder(LIMITS)
      read(decoder, literal(field, value, 0x40))
      assert.equal(decoder.isMalformed, true)
      read(decoder, hex('82'))
      assert.equal(decoder.isMalformed, false)
      read(decoder, hex('be'))
      assert.equal(decoder.isMalformed, true)
    })
  }

  test('whose name comes from an entry with a wrong value is right', () => {
    const decoder = new HpackDecoder(LIMITS)
    read(decoder, literal('x-a', 'b\nc', 0x40))
    assert.deepEqual(read(decoder, hex('7e0164')), ['x-a', 'd'])
    assert.equal(decoder.isMalformed, false)
  })

  test('with a long value that comes again is read again', () => {
    const decoder = new HpackDecoder(LIMITS)
    const long = 'a'.repeat(200)
    for (const value of [long, long, `${long}b`, long, `b${long}`.slice(0, 200)]) {
      assert.deepEqual(read(decoder, literal('authorization', value, 0x10)), [
        'authorization',
        value,
      ])
      assert.deepEqual(read(decoder, literal('x-b', value, 0x10)), ['x-b', value])
    }
  })

  test('of tab, and of bytes beyond ASCII, is right', () => {
    const decoder = new HpackDecoder(LIMITS)
    assert.deepEqual(read(decoder, literal('a', 'b\tü')), ['a', 'b\tü'])
    assert.equal(decoder.isMalformed, false)
  })
})

describe('beyond the bounds', () => {
  test('thousands of references to one entry are counted, not kept', () => {
    const decoder = new HpackDecoder(LIMITS)
    read(decoder, literal('x-bomb', 'a'.repeat(3_900), 0x40))
    assert.equal(decoder.isTooLarge, false)
    const fields = read(decoder, Buffer.alloc(16_000, 0xbe))
    assert.deepEqual([fields.length, decoder.isTooLarge], [8, true])
  })

  test('too many fields are counted, not kept', () => {
    const decoder = new HpackDecoder(LIMITS)
    assert.equal(read(decoder, Buffer.alloc(101, 0x82)).length, 200)
    assert.equal(decoder.isTooLarge, true)
  })

  test('the table stays right', () => {
    const decoder = new HpackDecoder(LIMITS)
    const many = Buffer.alloc(200, 0x82)
    read(decoder, Buffer.concat([many, literal('x-late', 'entry', 0x40)]))
    assert.deepEqual(read(decoder, hex('be')), ['x-late', 'entry'])
  })

  test('an entry larger than the table empties it', () => {
    const decoder = new HpackDecoder(LIMITS)
    read(decoder, literal('a', 'b', 0x40))
    read(decoder, literal('x-large', 'c'.repeat(5_000), 0x40))
    assert.equal(read(decoder, hex('be')), 'broken')
  })
})

/** The plainest model of a decoder's table: a list, the newest first. */
class Model {
  readonly entries: [string, string][] = []
  max = 4_096

  add(name: string, value: string): void {
    this.entries.unshift([name, value])
    this.trim()
  }

  trim(): void {
    const size = (): number =>
      this.entries.reduce((sum, [n, v]) => sum + n.length + v.length + 32, 0)
    while (size() > this.max) this.entries.pop()
  }
}

const number = (value: number, bits: number, mark: number): Buffer => {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([mark | value])
  const bytes = [mark | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

test('every form of a field is read as the plainest model says, over many blocks', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'b', 'z', '-', '0', '9'),
    minLength: 1,
    maxLength: 300,
  })
  const step = fc.oneof(
    fc.record({ place: fc.nat(130) }),
    fc.record({ name: word, value: word, mark: fc.constantFrom(0, 0x10, 0x40) }),
    fc.record({ nameAt: fc.nat(130), value: word, mark: fc.constantFrom(0, 0x10, 0x40) }),
  )
  const block = fc.record({
    size: fc.option(fc.nat(4_096), { nil: undefined, freq: 6 }),
    steps: fc.array(step, { maxLength: 12 }),
  })
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), (blocks) => {
      const decoder = new HpackDecoder({ maxFields: 1_000, maxBytes: 1_000_000 })
      const model = new Model()
      const entryAt = (index: number): [string, string] | undefined =>
        index <= 61
          ? [STATIC_FIELDS[index * 2 - 2] ?? '', STATIC_FIELDS[index * 2 - 1] ?? '']
          : model.entries[index - 62]
      for (const { size, steps } of blocks) {
        const parts: Buffer[] = []
        const expected: string[] = []
        if (size !== undefined) {
          parts.push(number(size, 5, 0x20))
          model.max = size
          model.trim()
        }
        for (const one of steps) {
          const index = 'place' in one ? one.place : 'nameAt' in one ? one.nameAt : 0
          const entry = index === 0 ? undefined : entryAt(index)
          if ('place' in one) {
            if (entry === undefined) continue
            parts.push(number(index, 7, 0x80))
            expected.push(...entry)
            continue
          }
          const name = 'name' in one ? one.name : entry?.[0]
          if (name === undefined) continue
          parts.push(number('name' in one ? 0 : index, one.mark === 0x40 ? 6 : 4, one.mark))
          if ('name' in one) parts.push(text(one.name))
          parts.push(text(one.value))
          expected.push(name, one.value)
          if (one.mark === 0x40) model.add(name, one.value)
        }
        assert.deepEqual(read(decoder, Buffer.concat(parts)), expected)
      }
    }),
    { numRuns: 300 },
  )
})

test('no bytes make it throw, hang, or read beyond the block', () => {
  const anything = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
  fc.assert(
    fc.property(anything, (blocks) => {
      const decoder = new HpackDecoder(LIMITS)
      for (const block of blocks) {
        const around = Buffer.concat([Buffer.from([0x82]), block, Buffer.from([0x82, 0x82])])
        const isRead = decoder.decode(around, 1, 1 + block.length)
        const alone = new HpackDecoder(LIMITS)
        if (blocks[0] === block)
          assert.equal(isRead, alone.decode(Buffer.from(block), 0, block.length))
        assert.ok(decoder.fieldBytes <= 300 * 4_200)
        if (!isRead) return
      }
    }),
    { numRuns: 2_000 },
  )
})
