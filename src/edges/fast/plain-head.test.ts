import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { HeaderTable } from '../../http/header-table.ts'
import { acquireParser, releaseParser } from './parser-pool.ts'
import { plainHeads } from './plain-head.ts'
import type { PlainHeads } from './plain-head.ts'

const RULES = { maxHeadBytes: 32_768, maxChunkExtraBytes: 100, copiesBody: false }
const HOST = 'Host: x\r\n'

function reader(): PlainHeads {
  const found = plainHeads()
  assert.ok(found !== undefined, 'this machine has WebAssembly with SIMD')
  return found
}

function fieldsOf(headers: HeaderTable): string[] {
  return Array.from({ length: headers.size }, (_, i) => [
    headers.nameAt(i),
    headers.valueAt(i),
  ]).flat()
}

function factsOf({
  bytes,
  largestBytes,
  pseudoFields,
  hasOddName,
  known,
  repeated,
}: HeaderTable): object {
  return { bytes, largestBytes, pseudoFields, hasOddName, known, repeated }
}

/** What llhttp makes of the same bytes must be what the reader made of them. */
function assertSame(chunk: Buffer, headBytes: number): void {
  const { method, target, headers, contentLength } = reader()
  const parser = acquireParser('request', RULES)
  try {
    const end = parser.execute(chunk, 0)
    const isWhole = chunk.length >= headBytes + (contentLength ?? 0)
    assert.deepEqual(
      [parser.fault, parser.hasHead, parser.isUpgrade, parser.isChunked, parser.shouldKeepAlive],
      [undefined, true, false, false, true],
    )
    assert.deepEqual(
      [parser.method, parser.target, parser.httpVersion, parser.contentLength],
      [method, target, '1.1', contentLength],
    )
    // Without fields llhttp's count stops at the target.
    if (headers.size > 0) assert.equal(parser.headBytes, headBytes)
    const theirs = new HeaderTable(parser.rawHeaders)
    assert.deepEqual(fieldsOf(headers), fieldsOf(theirs))
    assert.deepEqual(factsOf(headers), factsOf(theirs))
    assert.match(fieldsOf(headers).join(''), /^[ -~]*$/)
    assert.equal(parser.isComplete, isWhole)
    if (isWhole) assert.equal(end, headBytes + (contentLength ?? 0))
  } finally {
    releaseParser(parser)
  }
}

const LONG = 'v'.repeat(3000)

const taken: [name: string, head: string][] = [
  ['an honest GET', `GET /v1/items/7?a=b HTTP/1.1\r\n${HOST}Accept: */*\r\n\r\n`],
  ['the same again', `GET /v1/items/7?a=b HTTP/1.1\r\n${HOST}Accept: */*\r\n\r\n`],
  ['another value', `GET /v1/items/7?a=b HTTP/1.1\r\n${HOST}Accept: text/html\r\n\r\n`],
  ['a longer value', `GET /v1/items/7?a=b HTTP/1.1\r\n${HOST}Accept: text/html, */*\r\n\r\n`],
  ['another name', `GET /v1/items/7?a=b HTTP/1.1\r\n${HOST}Accep: */*\r\n\r\n`],
  ['a name that goes on', `GET /v1/items/7?a=b HTTP/1.1\r\n${HOST}Accepts: */*\r\n\r\n`],
  ['another target', `GET /v1/items/8 HTTP/1.1\r\n${HOST}\r\n`],
  ['every method that is known', `OPTIONS / HTTP/1.1\r\n${HOST}\r\n`],
  ['HEAD', `HEAD / HTTP/1.1\r\n${HOST}\r\n`],
  ['PUT', `PUT / HTTP/1.1\r\n${HOST}\r\n`],
  ['PATCH', `PATCH / HTTP/1.1\r\n${HOST}\r\n`],
  ['DELETE', `DELETE / HTTP/1.1\r\n${HOST}\r\n`],
  ['a length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 12\r\n\r\n`],
  ['a length of zero', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`],
  ['a connection that stays', `GET / HTTP/1.1\r\n${HOST}connection: keep-alive\r\n\r\n`],
  ['no field at all', 'GET / HTTP/1.1\r\n\r\n'],
  ['a long value', `GET / HTTP/1.1\r\n${HOST}Authorization: ${LONG}\r\n\r\n`],
  ['another long value', `GET / HTTP/1.1\r\n${HOST}Authorization: ${LONG}w\r\n\r\n`],
  ['a short one in its place', `GET / HTTP/1.1\r\n${HOST}Authorization: v\r\n\r\n`],
  ['a repeated field', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`],
  ['odd but possible names', `GET / HTTP/1.1\r\n${HOST}x_y.z: 1\r\n\r\n`],
  ['forty-eight fields', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(48)}\r\n`],
]

const left: [name: string, head: string][] = [
  ['a method that few have', `QUERY / HTTP/1.1\r\n${HOST}\r\n`],
  ['a method in lower case', `get / HTTP/1.1\r\n${HOST}\r\n`],
  ['an empty line before', `\r\nGET / HTTP/1.1\r\n${HOST}\r\n`],
  ['a target that is no path', `GET http://x/ HTTP/1.1\r\n${HOST}\r\n`],
  ['a fragment', `GET /a#b HTTP/1.1\r\n${HOST}\r\n`],
  ['two spaces', `GET /  HTTP/1.1\r\n${HOST}\r\n`],
  ['HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}\r\n`],
  ['a line that ends with LF', `GET / HTTP/1.1\n${HOST}\r\n`],
  ['a field that ends with LF', `GET / HTTP/1.1\r\n${HOST}a: b\n\r\n`],
  ['a lone CR', `GET / HTTP/1.1\r\n${HOST}a: b\rc\r\n\r\n`],
  ['no space before a value', `GET / HTTP/1.1\r\n${HOST}a:b\r\n\r\n`],
  ['two spaces before a value', `GET / HTTP/1.1\r\n${HOST}a:  b\r\n\r\n`],
  ['a space behind a value', `GET / HTTP/1.1\r\n${HOST}a: b \r\n\r\n`],
  ['an empty value', `GET / HTTP/1.1\r\n${HOST}a: \r\n\r\n`],
  ['a tab', `GET / HTTP/1.1\r\n${HOST}a: b\tc\r\n\r\n`],
  ['a byte beyond ASCII', `GET / HTTP/1.1\r\n${HOST}a: \xe9\r\n\r\n`],
  ['a control', `GET / HTTP/1.1\r\n${HOST}a: b\x7f\r\n\r\n`],
  ['a space in a name', `GET / HTTP/1.1\r\n${HOST}a : b\r\n\r\n`],
  ['a folded line', `GET / HTTP/1.1\r\n${HOST}a: b\r\n c\r\n\r\n`],
  ['no name', `GET / HTTP/1.1\r\n${HOST}: b\r\n\r\n`],
  ['a very long name', `GET / HTTP/1.1\r\n${'a'.repeat(65)}: b\r\n\r\n`],
  ['forty-nine fields', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(49)}\r\n`],
  ['chunks', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`],
  ['two lengths', `POST / HTTP/1.1\r\n${HOST}${'Content-Length: 1\r\n'.repeat(2)}\r\n`],
  ['a length with a zero before', `POST / HTTP/1.1\r\n${HOST}Content-Length: 01\r\n\r\n`],
  ['a length with a sign', `POST / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\n`],
  [
    'a length beyond measure',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: ${'9'.repeat(16)}\r\n\r\n`,
  ],
  ['a connection that ends', `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
  ['an upgrade', `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n\r\n`],
  ['an expectation', `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`],
  ['a head that is too long', `GET / HTTP/1.1\r\n${HOST}a: ${'v'.repeat(8192)}\r\n\r\n`],
]

suite('heads that are plain', () => {
  for (const [name, head] of taken)
    test(`takes ${name}, and says of it what llhttp says`, () => {
      const chunk = Buffer.from(head, 'latin1')
      for (let time = 0; time < 2; time++) {
        const bytes = reader().read(chunk, 0)
        assert.equal(bytes, chunk.length)
        assertSame(chunk, bytes)
      }
    })

  for (const [name, head] of left)
    test(`leaves ${name} to llhttp`, () => {
      assert.equal(reader().read(Buffer.from(`GET / HTTP/1.1\r\n${HOST}a: b\r\n\r\n`), 0), 33)
      assert.equal(reader().read(Buffer.from(head, 'latin1'), 0), 0)
    })

  test('takes no head that is cut at any byte, whatever stood there before', () => {
    const head = Buffer.from(`GET /v1/items HTTP/1.1\r\n${HOST}Accept: */*\r\nX-Id: 7\r\n\r\n`)
    for (let end = 0; end < head.length; end++) {
      assert.equal(reader().read(head, 0), head.length)
      assert.equal(reader().read(head.subarray(0, end), 0), 0, `cut at ${end}`)
    }
  })

  test('begins where it is told and ends where the head does', () => {
    const head = `GET / HTTP/1.1\r\n${HOST}\r\n`
    const chunk = Buffer.from(`${head}${head}GET`)
    assert.equal(reader().read(chunk, 0), head.length)
    assert.equal(reader().read(chunk, head.length), head.length)
    assert.equal(reader().read(chunk, 2 * head.length), 0)
  })

  test('gives what stood at the same place before as the same text', () => {
    const head = Buffer.from(
      `GET /same HTTP/1.1\r\n${HOST}X-Long-Enough: a value of some length\r\n\r\n`,
    )
    reader().read(head, 0)
    const first = reader().headers.get('x-long-enough')
    reader().read(head, 0)
    assert.equal(reader().headers.get('x-long-enough'), first)
    assert.equal(first, 'a value of some length')
  })
})

// ---- against llhttp ----

const method = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'get',
  'QUERY',
)
const target = fc.oneof(
  fc.constantFrom(
    '/',
    '/a',
    '/v1/items/7?a=b',
    '*',
    'http://x/',
    '/a#b',
    '/\x7f',
    '/é',
    '//',
    '/a b',
  ),
  fc.string({ maxLength: 24 }).map((text) => `/${text}`),
)
const name = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('Host', 'host', 'Accept', 'X-Id', 'x-idx', 'Cookie') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('Content-Length', 'Connection', 'Upgrade', 'Expect', 'TE'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
)
const value = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom('x', 'a value', '*/*', 'keep-alive', '0', '7', 'v'.repeat(200)),
  },
  { weight: 2, arbitrary: fc.string({ maxLength: 120 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', 'a ', ' a', '\t', 'a\tb', 'é', '\x00', 'close'),
  },
)
const gap = fc.constantFrom(...Array<string>(80).fill(': '), ':', ':  ', ' : ', ':\t')
const end = fc.constantFrom(...Array<string>(120).fill('\r\n'), '\n', '\r', '\r\n ', '')
const field = fc.tuple(name, gap, value, end).map((parts) => parts.join(''))
const message = fc
  .tuple(
    fc.tuple(method, target, fc.constantFrom(' HTTP/1.1', ' HTTP/1.1', ' HTTP/1.0', '')),
    end,
    fc.array(field, { maxLength: 8 }),
    fc.string({ maxLength: 30 }),
  )
  .map(
    ([[verb, path, version], eol, fields, rest]) =>
      `${verb} ${path}${version}${eol}${fields.join('')}\r\n${rest}`,
  )

test('what it takes, llhttp reads the same, whatever heads came before', () => {
  let count = 0
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), (messages) => {
      for (const text of messages) {
        const chunk = Buffer.from(text, 'latin1')
        const bytes = reader().read(chunk, 0)
        if (bytes === 0) continue
        count += 1
        assertSame(chunk, bytes)
      }
    }),
    { numRuns: 3000 },
  )
  assert.ok(count > 500, `only ${count} were plain`)
})
