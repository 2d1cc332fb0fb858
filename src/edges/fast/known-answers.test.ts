import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { AnswerReader } from './answer-reader.ts'
import { KnownAnswers } from './known-answers.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

interface Read {
  readonly heads: readonly [status: number, headers: readonly string[]][]
  readonly body: string
  readonly state: string
  readonly fault: string
  readonly isReusable: boolean
  readonly keepAliveMs: number | undefined
  readonly taken: number
}

/** Reads one answer in pieces, each from the same memory, as sockets do; `known` remembers it. */
function read(known: KnownAnswers, text: string, { method = 'GET', cut = text.length } = {}): Read {
  const reader = new AnswerReader(known)
  const shared = Buffer.alloc(8192)
  const heads: [number, readonly string[]][] = []
  let body = ''
  let taken = 0
  reader.begin(method, undefined)
  for (const piece of [text.slice(0, cut), text.slice(cut)]) {
    if (piece === '' || reader.state !== 'open') continue
    bytes(piece).copy(shared)
    taken += reader.feed(shared.subarray(0, piece.length), {
      answerHead: (status, headers) => void heads.push([status, [...headers]]),
      answerData: (chunk) => {
        body += chunk.toString('latin1')
        return true
      },
    })
  }
  reader.finish()
  const { state, fault, isReusable, keepAliveMs } = reader
  reader.close()
  return { heads, body, state, fault, isReusable, keepAliveMs, taken: fault === '' ? taken : 0 }
}

const OK = 'HTTP/1.1 200 OK\r\n'
const COMMON = `${OK}Server: s\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nETag: "a1"\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n`

describe('a head that came before is read without a parser', () => {
  const cases: [name: string, text: string, values: readonly string[]][] = [
    ['as it was', COMMON, []],
    [
      'with another date',
      COMMON.replace('10:00:00', '10:00:01'),
      ['Sun, 22 Nov 2026 10:00:01 GMT'],
    ],
    ['with a longer value', COMMON.replace('"a1"', '"a1b2"'), ['"a1b2"']],
    ['with a shorter value', COMMON.replace('"a1"', '"a'), ['"a']],
    ['with another length', COMMON.replace(': 3', ': 12'), ['12']],
    ['with a body of no bytes', COMMON.replace(': 3', ': 0'), ['0']],
  ]
  for (const [name, text, values] of cases) {
    test(name, () => {
      const known = new KnownAnswers()
      read(known, `${COMMON}abc`)
      assert.equal(known.read(bytes(`${text}abcdefghijkl`)), text.length)
      for (const value of values) assert.ok(known.rawHeaders.includes(value), value)
      assert.equal(known.length, Number(/Length: (\d+)/.exec(text)?.[1]))
      // What came last does not change what comes next.
      assert.equal(known.read(bytes(COMMON)), COMMON.length)
      assert.equal(known.length, 3)
      assert.ok(known.rawHeaders.includes('"a1"'))
    })
  }
})

describe('a parser reads', () => {
  const cases: [name: string, text: string][] = [
    ['a head that goes on in the next piece', COMMON.slice(0, -1)],
    ['another status', COMMON.replace('200 OK', '201 OK')],
    ['another version', COMMON.replace('1.1', '1.0')],
    ['another name', COMMON.replace('Server', 'Serves')],
    ['a name in another case', COMMON.replace('Server', 'server')],
    ['one field more', COMMON.replace('Date', 'A: b\r\nDate')],
    ['one more at the end', COMMON.replace('alive\r\n', 'alive\r\nA: b\r\n')],
    ['one field less', COMMON.replace('Server: s\r\n', '')],
    ['other words on the connection', COMMON.replace('keep-alive', 'close')],
    ['a value with a control', COMMON.replace('"a1"', '"a\x01"')],
    ['a value with a bare CR', COMMON.replace('"a1"', '"a\r1"')],
    ['a value with a bare LF', COMMON.replace('"a1"', '"a\n1"')],
    ['a value with NUL', COMMON.replace('"a1"', '"a\0"')],
    ['a value of 8 bits', COMMON.replace('"a1"', '"\xe9"')],
    ['a folded value', COMMON.replace('"a1"', '"a1"\r\n b')],
    ['a value behind two spaces', COMMON.replace('"a1"', ' "a1"')],
    ['a value before a space', COMMON.replace('"a1"', '"a1" ')],
    ['an empty value', COMMON.replace('"a1"', '')],
    ['a long value', COMMON.replace('"a1"', 'a'.repeat(257))],
    ['a length that is no number', COMMON.replace(': 3', ': 3a')],
    ['a signed length', COMMON.replace(': 3', ': +3')],
    ['a list of lengths', COMMON.replace(': 3', ': 3, 3')],
    ['a length of 16 digits', COMMON.replace(': 3', `: ${'0'.repeat(15)}3`)],
  ]
  for (const [name, text] of cases) {
    test(name, () => {
      const known = new KnownAnswers()
      read(known, `${COMMON}abc`)
      assert.equal(known.read(bytes(text)), 0)
      assert.deepEqual(read(known, `${text}abc`), read(new KnownAnswers(), `${text}abc`))
    })
  }

  const unfit: [name: string, text: string][] = [
    ['chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['an answer that ends with its connection', `${OK}A: b\r\n\r\n`],
    ['an answer without a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
    ['what came behind an informational one', `HTTP/1.1 103 Early\r\n\r\n${COMMON}abc`],
    ['values with white space around them', `${OK}A:b\r\nContent-Length: 0\r\n\r\n`],
    ['a long head', `${OK}A: ${'a'.repeat(1024)}\r\nContent-Length: 0\r\n\r\n`],
    ['many fields', `${OK}${'A: b\r\n'.repeat(32)}Content-Length: 0\r\n\r\n`],
  ]
  for (const [name, text] of unfit) {
    test(`${name}, each time`, () => {
      const known = new KnownAnswers()
      read(known, text)
      assert.equal(known.read(bytes(text)), 0)
      assert.equal(known.read(bytes(COMMON)), 0)
    })
  }

  test('the answer to HEAD, whatever came before', () => {
    const known = new KnownAnswers()
    read(known, `${COMMON}abc`)
    const found = read(known, COMMON, { method: 'HEAD' })
    assert.deepEqual([found.state, found.body], ['whole', ''])
  })
})

test('four heads are remembered, and all others leave them in peace', () => {
  const head = (place: number): string => COMMON.replace('Server', `S-${place}`)
  const known = new KnownAnswers()
  for (let place = 0; place < 5; place += 1) read(known, `${head(place)}abc`)
  assert.equal(known.read(bytes(head(0))), 0)
  for (let place = 1; place < 5; place += 1)
    assert.equal(known.read(bytes(head(place))), head(place).length)
  // An origin whose heads are all different is not compared with what was, for a while.
  for (let place = 0; place < 40; place += 1) known.read(bytes(head(100 + place)))
  assert.equal(known.read(bytes(head(4))), 0)
  for (let time = 0; time < 256; time += 1) known.read(bytes(head(4)))
  assert.equal(known.read(bytes(head(4))), head(4).length)
})

// ---- a memory of anything makes no difference ----

const lengths = fc.constantFrom(
  'Content-Length: 3\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 10\r\n',
  'Content-Length: 03\r\n',
  'content-length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
)
const others = fc.constantFrom(
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Keep-Alive: timeout=5\r\n',
  'X-A: b\r\n',
  'X-A: bc\r\n',
  'X-A: b \r\n',
  'X-A:b\r\n',
  'X-A: \xe9\r\n',
)
const heads = fc
  .tuple(
    fc.constantFrom(OK, OK, OK, 'HTTP/1.0 200 OK\r\n', 'HTTP/1.1 204 No Content\r\n'),
    fc.array(others, { maxLength: 2 }),
    lengths,
    fc.oneof(others, fc.constant('')),
  )
  .map(([start, fields, length, last]) => [start, ...fields, length, last, '\r\n'].join(''))
/** What is done to a head: bytes gone and others put in, or nothing. */
const edit = fc.record({
  place: fc.nat(),
  removed: fc.nat({ max: 2 }),
  added: fc.constantFrom('', '', '\r', '\n', ' ', '\0', ':', '1', '2', 'a'),
})
const answer = fc.record({
  edit: fc.option(edit, { freq: 1 }),
  body: fc.constantFrom('abc', 'abcde', '0123456789', '0\r\n\r\n'),
  method: fc.constantFrom('GET', 'GET', 'HEAD'),
  cut: fc.oneof(fc.constant(1000), fc.nat({ max: 60 })),
})

function edited(head: string, one: typeof edit extends fc.Arbitrary<infer T> ? T | null : never) {
  if (one === null) return head
  const at = one.place % (head.length + 1)
  return head.slice(0, at) + one.added + head.slice(at + one.removed)
}

test('answers are read as if each were the first', () => {
  let found = 0
  fc.assert(
    fc.property(
      fc.array(heads, { minLength: 1, maxLength: 2 }),
      fc.array(answer, { minLength: 3, maxLength: 8 }),
      (likes, answers) => {
        const known = new KnownAnswers()
        for (const [place, { edit: one, body, ...asked }] of answers.entries()) {
          const text = edited(likes[place % likes.length] ?? '', one) + body
          if (known.read(bytes(text)) > 0) found += 1
          assert.deepEqual(read(known, text, asked), read(new KnownAnswers(), text, asked))
        }
      },
    ),
    { numRuns: 5000 },
  )
  assert.ok(found > 1000, `only ${found} were known`)
})
