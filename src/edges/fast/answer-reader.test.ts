import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { AnswerReader } from './answer-reader.ts'
import { KnownAnswers } from './known-answers.ts'

interface Read {
  readonly heads: readonly [status: number, headers: readonly string[]][]
  readonly body: string
  readonly state: string
  readonly fault: string
  readonly isReusable: boolean
  /** Bytes behind the end of the answer; where there is none, nobody asks. */
  readonly rest: number
}

interface Asked {
  readonly method?: string
  readonly upgrade?: string
  /** The connection is closed behind the last piece. */
  readonly isClosed?: boolean
}

/** Reads the pieces one by one, each from the same memory, as sockets do. */
function read(pieces: readonly Buffer[], { method = 'GET', upgrade, isClosed }: Asked = {}): Read {
  const reader = new AnswerReader(new KnownAnswers())
  const heads: [number, readonly string[]][] = []
  const shared = Buffer.alloc(Math.max(1, ...pieces.map((piece) => piece.length)))
  let body = ''
  let rest = 0
  reader.begin(method, upgrade)
  const sink = {
    answerHead: (status: number, headers: readonly string[]) => void heads.push([status, headers]),
    answerData: (chunk: Buffer) => {
      body += chunk.toString('latin1')
      return true
    },
  }
  for (const piece of pieces) {
    piece.copy(shared)
    const taken = reader.state === 'open' ? reader.feed(shared.subarray(0, piece.length), sink) : 0
    rest += piece.length - taken
  }
  if (isClosed === true) reader.finish()
  const { state, fault, isReusable } = reader
  reader.close()
  return { heads, body, state, fault, isReusable, rest: state === 'broken' ? 0 : rest }
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'

describe('an answer is read', () => {
  const cases: [name: string, text: string, expected: Partial<Read>, asked?: Asked][] = [
    ['by its length', `${OK}Content-Length: 3\r\n\r\nabc`, { body: 'abc', isReusable: true }],
    ['with length 0', `${OK}Content-Length: 0\r\n\r\n`, { body: '', isReusable: true }],
    [
      'in chunks',
      `${CHUNKED}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`,
      { body: 'abcde', isReusable: true },
    ],
    [
      'with a chunk extension',
      `${CHUNKED}1;a=b\r\nx\r\n0\r\n\r\n`,
      { body: 'x', isReusable: true },
    ],
    ['with a trailer', `${CHUNKED}1\r\nx\r\n0\r\nA: b\r\n\r\n`, { body: 'x', isReusable: true }],
    ['without a reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', { isReusable: true }],
    ['up to the close', `${OK}\r\nabc`, { body: 'abc', isReusable: false }, { isClosed: true }],
    ['204 without a body', 'HTTP/1.1 204 No Content\r\n\r\n', { body: '', isReusable: true }],
    [
      '204 that says a length',
      'HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n',
      { body: '', isReusable: false },
    ],
    [
      '304 with the length of the thing itself',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 30\r\n\r\n',
      { body: '', isReusable: true },
    ],
    [
      'HEAD with the length GET would have',
      `${OK}Content-Length: 30\r\n\r\n`,
      { body: '', isReusable: true },
      { method: 'HEAD' },
    ],
    [
      'HEAD with the coding GET would have',
      CHUNKED,
      { body: '', isReusable: true },
      { method: 'HEAD' },
    ],
    [
      'that closes',
      `${OK}Connection: close\r\nContent-Length: 1\r\n\r\nx`,
      { body: 'x', isReusable: false },
    ],
    [
      'of HTTP/1.0',
      'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx',
      { body: 'x', isReusable: false },
    ],
    [
      'of HTTP/1.0 that stays',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx',
      { body: 'x', isReusable: true },
    ],
    [
      'behind informational ones',
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`,
      { body: 'x', isReusable: true },
    ],
    [
      'that refuses to switch protocols, once',
      `${OK}Content-Length: 1\r\n\r\nx`,
      { body: 'x', isReusable: false },
      { upgrade: 'websocket' },
    ],
    [
      'and bytes behind its end are seen',
      `${OK}Content-Length: 1\r\n\r\nxHTTP/1.1 200`,
      { body: 'x', rest: 12 },
    ],
    ['and a line end behind it is seen', `${OK}Content-Length: 1\r\n\r\nx\r\n`, { rest: 2 }],
  ]
  for (const [name, text, expected, asked] of cases) {
    test(name, () => {
      const found = read([bytes(text)], asked)
      assert.deepEqual({ ...found, ...expected, state: 'whole', fault: '' }, found)
      assert.equal(found.heads.length, 1)
    })
    test(`${name}, byte for byte`, () => {
      const single = [...bytes(text)].map((byte) => Buffer.of(byte))
      assert.deepEqual(read(single, asked), read([bytes(text)], asked))
    })
  }

  test('with names, values and 8-bit bytes as they came', () => {
    const { heads } = read([bytes(`${OK}X-A:  b\xe9 \r\nx-a: c\r\nContent-Length: 0\r\n\r\n`)])
    assert.deepEqual(heads, [[200, ['X-A', 'b\xe9', 'x-a', 'c', 'Content-Length', '0']]])
  })

  test('and switches when it was asked to', () => {
    const found = read([bytes(`${SWITCH}hello`)], { upgrade: 'websocket' })
    assert.deepEqual([found.state, found.rest, found.heads], ['switched', 5, []])
  })
})

describe('no answer is', () => {
  const cases: [name: string, text: string, asked?: Asked][] = [
    ['one with a length and a coding', `${CHUNKED.slice(0, -2)}Content-Length: 3\r\n\r\n`],
    [
      'one with a coding and a length',
      `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ],
    ['one with two lengths', `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`],
    ['one with the same length twice', `${OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
    ['one with a list of lengths', `${OK}Content-Length: 3, 3\r\n\r\nabc`],
    ['one with an empty length', `${OK}Content-Length:\r\n\r\n`],
    ['one with a signed length', `${OK}Content-Length: +3\r\n\r\nabc`],
    ['one with a length of 16 digits', `${OK}Content-Length: 0000000000000003\r\n\r\nabc`],
    ['one with a length nobody can count', `${OK}Content-Length: 99999999999999999999\r\n\r\n`],
    ['one with another coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['one with a coding that is unknown', `${OK}Transfer-Encoding: xchunked\r\n\r\n`],
    ['one with two codings', `${CHUNKED.slice(0, -2)}Transfer-Encoding: chunked\r\n\r\n`],
    ['one of HTTP/1.0 with a coding', `HTTP/1.0${CHUNKED.slice(8)}`],
    ['one with a folded field', `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
    ['one with bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['one with one bare LF', `${OK}A: b\nContent-Length: 0\r\n\r\n`],
    ['one with bare CR', `${OK}A: b\rContent-Length: 0\r\n\r\n`],
    ['one with a space before a colon', `${OK}Content-Length : 0\r\n\r\n`],
    ['one with NUL in a value', `${OK}A: b\0c\r\nContent-Length: 0\r\n\r\n`],
    ['one with an empty name', `${OK}: b\r\nContent-Length: 0\r\n\r\n`],
    ['one of HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['one of HTTP/0.9', 'HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['one of HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['one with status 99', 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n'],
    ['one with status 600', 'HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n'],
    ['one with a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    ['one behind an empty line', `\r\n${OK}Content-Length: 0\r\n\r\n`],
    ['text', 'hello\r\n\r\n'],
    ['a request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a chunk without a size', `${CHUNKED}\r\nabc\r\n`],
    ['a chunk of no number', `${CHUNKED}ZZ\r\n`],
    ['a chunk with 0x', `${CHUNKED}0x1\r\na\r\n0\r\n\r\n`],
    ['a chunk that is longer than it said', `${CHUNKED}1\r\nabc\r\n0\r\n\r\n`],
    ['a chunk with bare LF', `${CHUNKED}1\na\r\n0\r\n\r\n`],
    ['a chunk size nobody can count', `${CHUNKED}fffffffffffffffff\r\n`],
    ['an endless chunk extension', `${CHUNKED}1;${'a'.repeat(20_000)}`],
    ['many chunk extensions', `${CHUNKED}${`1;${'a'.repeat(100)}\r\nx\r\n`.repeat(300)}`],
    ['an endless trailer', `${CHUNKED}0\r\nA: ${'a'.repeat(40_000)}`],
    ['a head over the limit', `${OK}A: ${'a'.repeat(33_000)}\r\n\r\n`],
    ['a head of many fields over the limit', `${OK}${'A: b\r\n'.repeat(6_000)}\r\n`],
    ['a flood of informational ones', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17)],
    [
      'an informational one with a length',
      `HTTP/1.1 103 E\r\nContent-Length: 2\r\n\r\nab${OK}\r\n`,
    ],
    ['an informational one with a coding', `HTTP/1.1 199 E${CHUNKED.slice(15)}`],
    ['a switch that nobody asked for', SWITCH],
    ['a switch to another protocol', SWITCH, { upgrade: 'other' }],
    [
      'a switch that does not say to what',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n',
      { upgrade: 'websocket' },
    ],
    ['nothing', '', { isClosed: true }],
    ['half a head', `${OK}Content-Le`, { isClosed: true }],
    ['half a body', `${OK}Content-Length: 5\r\n\r\nabc`, { isClosed: true }],
    ['chunks without an end', `${CHUNKED}3\r\nabc\r\n`, { isClosed: true }],
    ['chunks without the last line', `${CHUNKED}3\r\nabc\r\n0\r\n`, { isClosed: true }],
    ['an informational one alone', 'HTTP/1.1 103 Early Hints\r\n\r\n', { isClosed: true }],
  ]
  for (const [name, text, asked] of cases) {
    test(name, () => {
      const found = read([bytes(text)], asked)
      assert.equal(found.state, 'broken')
      assert.notEqual(found.fault, '')
      assert.equal(found.isReusable, false)
    })
  }

  test('one that stops at any byte', () => {
    for (const text of [
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Content-Length: 3\r\n\r\nabc`,
      `${CHUNKED}3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n`,
    ]) {
      for (let end = 0; end < text.length; end += 1) {
        const found = read([bytes(text.slice(0, end))], { isClosed: true })
        assert.equal(found.state, 'broken', `cut at ${end}`)
      }
      assert.equal(read([bytes(text)], { isClosed: true }).state, 'whole')
    }
  })
})

test('how the upstream promises to keep an idle connection is read', () => {
  const cases: [value: string | undefined, ms: number | undefined][] = [
    [undefined, undefined],
    ['timeout=5', 5000],
    ['max=100, timeout = 15', 15_000],
    ['Timeout="2"', 2000],
    ['timeout=x', undefined],
    ['xtimeout=3', undefined],
  ]
  for (const [value, ms] of cases) {
    const reader = new AnswerReader(new KnownAnswers())
    reader.begin('GET', undefined)
    const field = value === undefined ? '' : `Keep-Alive: ${value}\r\n`
    reader.feed(bytes(`${OK}${field}Content-Length: 0\r\n\r\n`), {
      answerHead: () => {},
      answerData: () => true,
    })
    assert.equal(reader.keepAliveMs, ms, String(value))
    reader.close()
  }
})

// ---- however the bytes are cut, the same is heard ----

const starts = fc.constantFrom(
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 200 OK\r\n',
  'HTTP/1.1 204 No Content\r\n',
  'HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n',
)
const fields = fc.constantFrom(
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Keep-Alive: timeout=5\r\n',
  'X-A: b \r\n',
  'X-B: \r\n',
)
const bodies = fc.constantFrom(
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  'A;x=y\r\n0123456789\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n',
  'abcHTTP/1.1 200 OK\r\n\r\n',
)
const answers = fc
  .tuple(starts, fc.array(fields, { maxLength: 2 }), bodies, bodies)
  .map(([start, lines, body, more]) => [start, ...lines, '\r\n', body, more].join(''))
/** One of them with a few bytes gone or put in. */
const odd = fc
  .tuple(
    answers,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom('', '\r', '\n', ' ', '\0', ':', '1'),
  )
  .map(([text, place, removed, added]) => {
    const at = place % (text.length + 1)
    return text.slice(0, at) + added + text.slice(at + removed)
  })
const messages = fc.oneof(answers, odd, fc.string({ maxLength: 60 }))
const settings = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  isClosed: fc.boolean(),
})

test('any cutting of any bytes is heard as the same', () => {
  let whole = 0
  fc.assert(
    fc.property(
      messages,
      settings,
      fc.array(fc.nat({ max: 200 }), { maxLength: 8 }),
      (text, asked, places) => {
        const all = bytes(text)
        const cuts = [...new Set(places.map((place) => place % (all.length + 1)))]
        const ends = [...cuts.toSorted((a, b) => a - b), all.length]
        const pieces = ends.map((end, index) => all.subarray(ends[index - 1] ?? 0, end))
        const once = read([all], asked)
        if (once.state === 'whole') whole++
        const cut = pieces.filter((piece) => piece.length > 0)
        assert.deepEqual(read(cut, asked), once)
      },
    ),
    { numRuns: 5000 },
  )
  assert.ok(whole > 1000, `only ${whole} answers were whole`)
})
