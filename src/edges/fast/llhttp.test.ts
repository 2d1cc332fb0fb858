import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { LlhttpParser, ParserRules } from './llhttp.ts'
import { acquireParser, releaseParser } from './parser-pool.ts'
import { LLHTTP_VERSION, llhttpEngine, loadModule } from './llhttp-wasm.ts'

const RULES: ParserRules = { maxHeadBytes: 24_832, maxChunkExtraBytes: 16_384, copiesBody: false }

/** What the parser said about one message. */
interface Read {
  head?: Record<string, unknown>
  body: string
  /** `complete`, `open`, or the code of a fault. */
  end: string
  trailers: readonly string[]
}

function headOf(parser: LlhttpParser): Record<string, unknown> {
  const { method, target, status, httpVersion, rawHeaders, contentLength } = parser
  const { isUpgrade, isChunked, shouldKeepAlive, isUntilClose, headBytes } = parser
  const line = parser.type === 'request' ? { method, target } : { status, isUntilClose }
  const facts = { rawHeaders, contentLength, isUpgrade, isChunked, shouldKeepAlive, headBytes }
  return { ...line, httpVersion, ...facts }
}

/** Feeds the pieces of a stream, message after message. */
function read(
  type: 'request' | 'response',
  pieces: readonly Buffer[],
  more: Partial<ParserRules> & { skipsBody?: boolean } = {},
): Read[] {
  const { skipsBody = false, ...rules } = more
  const all = { ...RULES, ...rules }
  const parser = acquireParser(type, all)
  parser.skipsBody = skipsBody
  const messages: Read[] = []
  let message: Read = { body: '', end: 'open', trailers: [] }
  for (const piece of pieces) {
    // What was given may be written over; only with `copiesBody` the body survives it.
    const chunk = Buffer.from(piece)
    let at = 0
    while (at < chunk.length && parser.fault === undefined) {
      at = parser.execute(chunk, at)
      if (parser.hasHead) message.head = headOf(parser)
      const { body } = parser
      if (all.copiesBody) chunk.fill(0, 0, at)
      message.body += body?.toString('latin1') ?? ''
      if (parser.isComplete) {
        messages.push({ ...message, end: 'complete', trailers: [...parser.trailers] })
        message = { body: '', end: 'open', trailers: [] }
        parser.next(all)
        parser.skipsBody = skipsBody
      }
    }
  }
  const isBegun = parser.fault !== undefined || parser.isInside
  if (isBegun) messages.push({ ...message, end: parser.fault?.code ?? 'open' })
  releaseParser(parser)
  return messages
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

const GET = 'GET /a?b=c HTTP/1.1\r\nHost: x \t \r\nEmpty:\r\nX-B:  caf\xe9 \r\n\r\n'
const POST = 'POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED =
  'PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0003\r\nabc\r\n0\r\nT-One: 1\r\nT-Two:\r\n\r\n'

suite('llhttp, requests', () => {
  test('reads a head', () => {
    assert.deepEqual(read('request', [latin1(GET)]), [
      {
        head: {
          method: 'GET',
          target: '/a?b=c',
          httpVersion: '1.1',
          rawHeaders: ['Host', 'x', 'Empty', '', 'X-B', 'caf\xe9'],
          contentLength: undefined,
          isUpgrade: false,
          isChunked: false,
          shouldKeepAlive: true,
          headBytes: GET.length,
        },
        body: '',
        end: 'complete',
        trailers: [],
      },
    ])
  })

  test('reads bodies and stops behind each message', () => {
    const seen = read('request', [latin1(POST + CHUNKED + GET)])
    assert.deepEqual(
      seen.map(({ body, end, head }) => [head?.['method'], body, end]),
      [
        ['POST', 'hello', 'complete'],
        ['PUT', 'helloabc', 'complete'],
        ['GET', '', 'complete'],
      ],
    )
    assert.deepEqual(seen[1]?.trailers, [], 'nobody reads trailers of a request')
  })

  test('a message is not in the trailer of the one before', () => {
    const next = chunks(`1;${EXTRA}\r\na\r\n0\r\n\r\n`)
    const seen = read('request', [latin1(CHUNKED + next)], small)
    assert.deepEqual(
      seen.map(({ end }) => end),
      ['complete', 'HPE_CHUNK_EXTENSIONS_OVERFLOW'],
    )
  })

  const EXTRA = 'a'.repeat(200)
  const chunks = (text: string): string =>
    `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${text}`
  const small = { maxChunkExtraBytes: 100 }
  const faults: [name: string, bytes: string, code: string, rules?: Partial<ParserRules>][] = [
    ['two spaces before the target', 'GET  / HTTP/1.1\r\n\r\n', 'HPE_INVALID_URL'],
    ['a lone CR before the message', '\rGET / HTTP/1.1\r\n\r\n', 'HPE_INVALID_CONSTANT'],
    ['a lone LF before the message', '\nGET / HTTP/1.1\r\n\r\n', 'HPE_INVALID_CONSTANT'],
    [
      'two empty lines before the message',
      '\r\n\r\nGET / HTTP/1.1\r\n\r\n',
      'HPE_INVALID_CONSTANT',
    ],
    ['a method nobody knows', 'FOO / HTTP/1.1\r\n\r\n', 'HPE_INVALID_METHOD'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nA : b\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a folded line', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a bare LF', 'GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n', 'HPE_CR_EXPECTED'],
    ['a NUL in a value', 'GET / HTTP/1.1\r\nA: b\0\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a version nobody serves', 'GET / HTTP/1.2\r\n\r\n', 'HPE_INVALID_VERSION'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HPE_PAUSED_H2_UPGRADE'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
      'HPE_UNEXPECTED_CONTENT_LENGTH',
    ],
    [
      'a length beyond what a number holds',
      'POST / HTTP/1.1\r\nContent-Length: 9007199254740993\r\n\r\na',
      'HPE_INVALID_CONTENT_LENGTH',
    ],
    ['a long head', `GET /${EXTRA} HTTP/1.1\r\n\r\n`, 'HPE_HEADER_OVERFLOW', { maxHeadBytes: 100 }],
    [
      'a long chunk extension',
      chunks(`1;${EXTRA}\r\na\r\n`),
      'HPE_CHUNK_EXTENSIONS_OVERFLOW',
      small,
    ],
    ['many zeros', chunks(`${'0'.repeat(200)}1\r\na\r\n`), 'HPE_CHUNK_EXTENSIONS_OVERFLOW', small],
    [
      'many short extensions',
      chunks(`1;${'b'.repeat(60)}\r\na\r\n`.repeat(4)),
      'HPE_CHUNK_EXTENSIONS_OVERFLOW',
      small,
    ],
    [
      'an extension at the end',
      chunks(`0;${EXTRA}\r\n\r\n`),
      'HPE_CHUNK_EXTENSIONS_OVERFLOW',
      small,
    ],
    ['a long trailer', chunks(`1\r\na\r\n0\r\nT: ${EXTRA}\r\n\r\n`), 'HPE_HEADER_OVERFLOW', small],
  ]
  for (const [name, bytes, code, rules] of faults) {
    test(`refuses ${name}, however it is cut`, () => {
      const whole = read('request', [latin1(bytes)], rules)
      const single = [...latin1(bytes)].map((byte) => Buffer.of(byte))
      assert.equal(whole.at(-1)?.end, code)
      assert.equal(read('request', single, rules).at(-1)?.end, code)
    })
  }

  test('takes one empty line before a message', () => {
    assert.equal(read('request', [latin1(`\r\n${GET}`)])[0]?.end, 'complete')
  })

  test('tells the place of a fault in the chunk', () => {
    const parser = acquireParser('request', RULES)
    parser.execute(latin1('GET / HTTP/1.1\r\nA'), 0)
    parser.execute(latin1('xx\0'), 0)
    assert.deepEqual(parser.fault, { code: 'HPE_INVALID_HEADER_TOKEN', at: 2 })
    releaseParser(parser)
  })

  test('asks for a tunnel only where both fields say so', () => {
    const upgrade = 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n'
    const [plain, both] = [`${upgrade}\r\n`, `${upgrade}Connection: x, Upgrade\r\n\r\n`].map(
      (text) => read('request', [latin1(text)])[0]?.head?.['isUpgrade'],
    )
    assert.deepEqual([plain, both], [false, true])
  })

  test('joins the data of many chunks that came at once', () => {
    const parser = acquireParser('request', RULES)
    parser.execute(latin1(chunks('1\r\na\r\n'.repeat(1000))), 0)
    assert.equal(parser.body?.length, 1000)
    releaseParser(parser)
  })
})

suite('llhttp, responses', () => {
  const rows: [name: string, bytes: string, body: string, end: string, skipsBody?: boolean][] = [
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'abc', 'complete'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\nabc', 'abc', 'open'],
    ['an answer to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', '', 'complete', true],
    ['304 with a length', 'HTTP/1.1 304 X\r\nContent-Length: 3\r\n\r\n', '', 'complete'],
    ['204', 'HTTP/1.1 204 X\r\n\r\n', '', 'complete'],
    ['an interim answer', 'HTTP/1.1 103 X\r\nLink: a\r\n\r\n', '', 'complete'],
    ['an empty line before it', '\r\nHTTP/1.1 200 OK\r\n\r\n', '', 'HPE_INVALID_CONSTANT'],
    [
      'two framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      '',
      'HPE_INVALID_TRANSFER_ENCODING',
    ],
  ]
  for (const [name, bytes, body, end, skipsBody = false] of rows) {
    test(`reads ${name}`, () => {
      const [first] = read('response', [latin1(bytes)], { skipsBody })
      assert.deepEqual([first?.body, first?.end], [body, end])
    })
  }

  const TRAILED =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT-One: 1\r\nT-Two:\r\n\r\n'

  test('keeps trailers, however they are cut', () => {
    const single = [...latin1(TRAILED)].map((byte) => Buffer.of(byte))
    for (const pieces of [[latin1(TRAILED)], single])
      assert.deepEqual(read('response', pieces)[0]?.trailers, ['T-One', '1', 'T-Two', ''])
  })

  test('a parser that is used again has nothing of its last answer', () => {
    const first = acquireParser('response', RULES)
    first.execute(latin1(TRAILED), 0)
    releaseParser(first)
    assert.deepEqual([first.rawHeaders, first.trailers, first.fault], [[], [], undefined])
  })

  test('the end of the connection ends what says no length, and cuts what does', () => {
    const ends = [
      '',
      'HTTP/1.1 200 OK\r\n\r\nab',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab',
    ].map((text) => {
      const parser = acquireParser('response', RULES)
      parser.execute(latin1(text), 0)
      const end = parser.finish()
      releaseParser(parser)
      return end
    })
    assert.deepEqual(ends, ['none', 'complete', 'cut'])
  })
})

suite('llhttp, pieces', () => {
  const stream = fc
    .array(fc.constantFrom(GET, POST, CHUNKED, '\r\n', 'X', '\0', ' '), { maxLength: 6 })
    .map((parts) => latin1(parts.join('')))

  test('any cut of the bytes gives the same events', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 400 })), fc.boolean(), (bytes, at, copiesBody) => {
        const places = [0, ...at.filter((n) => n < bytes.length).toSorted((a, b) => a - b)]
        const pieces = places.map((from, i) => bytes.subarray(from, places[i + 1] ?? bytes.length))
        assert.deepEqual(read('request', pieces, { copiesBody }), read('request', [bytes]))
      }),
      { numRuns: 500 },
    )
  })

  test('a body and a head larger than the memory of the parser arrive whole', () => {
    const body = 'b'.repeat(100_000)
    const text = `POST / HTTP/1.1\r\nX-A: ${'a'.repeat(20_000)}\r\nContent-Length: 100000\r\n\r\n${body}`
    const [message] = read('request', [latin1(text)])
    assert.equal(message?.body, body)
    assert.equal((message?.head?.['rawHeaders'] as string[] | undefined)?.[1]?.length, 20_000)
    const chunked = `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n${body}\r\n0\r\n\r\n`
    assert.equal(read('request', [latin1(chunked)])[0]?.body, body)
  })

  test('parsers that take turns do not disturb each other', () => {
    const parsers = Array.from({ length: 5 }, () => acquireParser('request', RULES))
    const bodies = parsers.map(() => '')
    for (const byte of latin1(CHUNKED)) {
      for (const [index, parser] of parsers.entries()) {
        parser.execute(Buffer.of(byte), 0)
        bodies[index] += parser.body?.toString('latin1') ?? ''
      }
    }
    assert.ok(parsers.every(({ isComplete }) => isComplete))
    assert.deepEqual(
      bodies,
      parsers.map(() => 'helloabc'),
    )
    for (const parser of parsers) releaseParser(parser)
  })

  test('a parser that is used again has nothing of its last message', () => {
    const first = acquireParser('request', RULES)
    first.execute(latin1(CHUNKED), 0)
    releaseParser(first)
    assert.deepEqual(read('request', [latin1(GET)])[0]?.trailers, [])
    assert.deepEqual([first.rawHeaders, first.trailers, first.fault], [[], [], undefined])
  })

  test('thousands of parsers at once outgrow the first memory', () => {
    const many = Array.from({ length: 2_000 }, () => acquireParser('request', RULES))
    for (const parser of many) parser.execute(latin1(POST), 0)
    assert.ok(
      many.every(({ isComplete, body }) => isComplete && body?.toString('latin1') === 'hello'),
    )
    for (const parser of many) releaseParser(parser)
  })
})

suite('llhttp, the build', () => {
  test('is the version that Node speaks, or an older one with the same names', () => {
    assert.match(LLHTTP_VERSION, /^9\.\d+\.\d+$/)
    assert.deepEqual(llhttpEngine().methods.slice(0, 4), ['DELETE', 'GET', 'HEAD', 'POST'])
  })

  test('refuses bytes with another hash', () => {
    const path = 'undici/lib/llhttp/llhttp-wasm.js'
    assert.throws(() => loadModule([{ path, sha256Hex: '00' }]), /not the build that was tested/)
  })
})
