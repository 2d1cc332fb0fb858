import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FIELD, HeaderTable } from './header-table.ts'
import { isMethodOverride } from './hop-by-hop.ts'
import {
  checkHead,
  effectiveHost,
  isOrdinaryHead,
  servedMethods,
  STANDARD_METHODS,
} from './head.ts'
import type { HeadInput } from './head.ts'

type Overrides = Partial<Omit<HeadInput, 'headers'>> & { fields?: string[] }

function h1({ fields = [], ...rest }: Overrides = {}): HeadInput {
  const headers = new HeaderTable(['Host', 'api.example.com', ...fields])
  return {
    method: 'GET',
    rawTarget: '/orders',
    httpVersion: '1.1',
    transport: 'http1',
    ...rest,
    headers,
  }
}

function bare(fields: string[], rest: Overrides = {}): HeadInput {
  return { ...h1(rest), headers: new HeaderTable(fields) }
}

function h2({ fields = [], ...rest }: Overrides = {}): HeadInput {
  const headers = new HeaderTable([':method', 'GET', ':path', '/orders', ...fields])
  const base = {
    method: 'GET',
    rawTarget: '/orders',
    httpVersion: '2.0',
    authority: 'api.example.com',
  }
  return { ...base, transport: 'http2', ...rest, headers }
}

const many = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => [`x-f${i}`, 'v']).flat()

const cases: [name: string, input: HeadInput, expected: string | undefined][] = [
  ['accepts an ordinary request', h1(), undefined],
  ['accepts HTTP/1.0 with a host', h1({ httpVersion: '1.0' }), undefined],
  ['accepts a chunked body', h1({ fields: ['Transfer-Encoding', 'chunked'] }), undefined],
  ['accepts a plain length', h1({ fields: ['Content-Length', '12'] }), undefined],
  ['accepts 100-continue in any case', h1({ fields: ['Expect', '100-Continue'] }), undefined],
  [
    'accepts connection options',
    h1({ fields: ['Connection', 'keep-alive, Upgrade, X-Private'] }),
    undefined,
  ],
  [
    'accepts an absolute target for the same host',
    h1({ rawTarget: 'http://API.example.com/x' }),
    undefined,
  ],
  ['accepts h2 with authority only', h2(), undefined],
  ['accepts h2 with equal host', h2({ fields: ['host', 'API.example.com'] }), undefined],
  ['accepts h2 with host only', { ...h2WithoutAuthority(['host', 'a.example']) }, undefined],
  ['accepts te: trailers in h2', h2({ fields: ['te', 'trailers'] }), undefined],
  ['accepts obs-text in a value', h1({ fields: ['X-Name', 'J\u00fcrgen'] }), undefined],
  ['accepts an underscore in an ordinary name', h1({ fields: ['X_User', 'a'] }), undefined],
  [
    'accepts a declared extension method',
    h1({ method: 'PURGE', methods: new Set(['PURGE']) }),
    undefined,
  ],
  ['accepts exactly 100 fields', bare(['Host', 'a', ...many(99)]), undefined],
  ['refuses 101 fields', bare(['Host', 'a', ...many(100)]), '431 header_limit'],
  [
    'refuses a block over 16 KiB',
    h1({ fields: ['A', 'x'.repeat(8000), 'B', 'x'.repeat(8000), 'C', 'x'.repeat(400)] }),
    '431 header_limit',
  ],
  ['refuses one field over 8 KiB', h1({ fields: ['A', 'x'.repeat(8192)] }), '431 header_limit'],
  [
    'refuses cookies over 4 KiB together',
    h1({ fields: ['Cookie', 'a'.repeat(3000), 'Cookie', 'b'.repeat(1097)] }),
    '431 header_limit',
  ],
  ['refuses a target over 8 KiB', h1({ rawTarget: `/${'a'.repeat(8192)}` }), '414 target_too_long'],
  ['refuses HTTP/0.9', h1({ httpVersion: '0.9' }), '505 http_version'],
  ['refuses HTTP/1.2', h1({ httpVersion: '1.2' }), '505 http_version'],
  ['refuses HTTP/2 on the HTTP/1 transport', h1({ httpVersion: '2.0' }), '505 http_version'],
  ['refuses TRACE', h1({ method: 'TRACE' }), '405 method'],
  [
    'refuses TRACK even when declared',
    h1({ method: 'TRACK', methods: new Set(['TRACK']) }),
    '405 method',
  ],
  ['refuses CONNECT', h1({ method: 'CONNECT' }), '501 method'],
  ['refuses an unknown method', h1({ method: 'BREW' }), '501 method'],
  ['refuses a lower-case method', h2({ method: 'get' }), '400 method'],
  ['refuses a method that is no token', h1({ method: 'GE T' }), '400 method'],
  ['refuses a missing host', bare([]), '400 host'],
  ['refuses two hosts, even equal', h1({ fields: ['host', 'api.example.com'] }), '400 host'],
  ['refuses user information in host', bare(['Host', 'u:p@api.example.com']), '400 host'],
  ['refuses an empty host', bare(['Host', '']), '400 host'],
  ['refuses a list of hosts', bare(['Host', 'a, b']), '400 host'],
  [
    'refuses an absolute target for another host',
    h1({ rawTarget: 'http://evil.example/x' }),
    '400 host',
  ],
  [
    'refuses an absolute target with user information',
    h1({ rawTarget: 'http://a@api.example.com/x' }),
    '400 host',
  ],
  [
    'refuses an absolute target with another port',
    h1({ rawTarget: 'http://api.example.com:81/x' }),
    '400 host',
  ],
  ['refuses h2 with differing host', h2({ fields: ['host', 'b.example'] }), '400 host'],
  ['refuses h2 without any host', h2WithoutAuthority([]), '400 host'],
  ['refuses h2 with user information', h2({ authority: 'u:p@api.example.com' }), '400 host'],
  ['refuses an absolute :path', h2({ rawTarget: 'http://evil.example/' }), '400 h2'],
  ['refuses connection fields in h2', h2({ fields: ['connection', 'close'] }), '400 h2'],
  ['refuses transfer-encoding in h2', h2({ fields: ['transfer-encoding', 'chunked'] }), '400 h2'],
  ['refuses te other than trailers in h2', h2({ fields: ['te', 'gzip'] }), '400 h2'],
  [
    'refuses two lengths in h2',
    h2({ fields: ['content-length', '1', 'content-length', '1'] }),
    '400 framing',
  ],
  [
    'refuses a pseudo-header field in HTTP/1',
    h1({ fields: [':path', '/admin'] }),
    '400 header_name',
  ],
  [
    'refuses gzip before chunked',
    h1({ fields: ['Transfer-Encoding', 'gzip, chunked'] }),
    '400 framing',
  ],
  [
    'refuses chunked twice in one field',
    h1({ fields: ['Transfer-Encoding', 'chunked, chunked'] }),
    '400 framing',
  ],
  [
    'refuses chunked in two fields',
    h1({ fields: ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'] }),
    '400 framing',
  ],
  ['refuses xchunked', h1({ fields: ['Transfer-Encoding', 'xchunked'] }), '400 framing'],
  ['refuses identity', h1({ fields: ['Transfer-Encoding', 'identity'] }), '400 framing'],
  [
    'refuses chunked with a vertical tab',
    h1({ fields: ['Transfer-Encoding', '\u000bchunked'] }),
    '400 header_value',
  ],
  [
    'refuses chunked in HTTP/1.0',
    h1({ httpVersion: '1.0', fields: ['Transfer-Encoding', 'chunked'] }),
    '400 framing',
  ],
  [
    'refuses chunked with a length',
    h1({ fields: ['Transfer-Encoding', 'chunked', 'Content-Length', '3'] }),
    '400 framing',
  ],
  [
    'refuses a repeated length',
    h1({ fields: ['Content-Length', '3', 'Content-Length', '3'] }),
    '400 framing',
  ],
  ['refuses a list of lengths', h1({ fields: ['Content-Length', '3, 3'] }), '400 framing'],
  ['refuses a signed length', h1({ fields: ['Content-Length', '+3'] }), '400 framing'],
  ['refuses a hexadecimal length', h1({ fields: ['Content-Length', '0x3'] }), '400 framing'],
  [
    'refuses a length with a leading zero',
    h1({ fields: ['Content-Length', '010'] }),
    '400 framing',
  ],
  ['accepts a length of zero', h1({ fields: ['Content-Length', '0'] }), undefined],
  ['refuses an empty length', h1({ fields: ['Content-Length', ''] }), '400 framing'],
  [
    'refuses a length beyond exact numbers',
    h1({ fields: ['Content-Length', '9'.repeat(16)] }),
    '400 framing',
  ],
  [
    'refuses an underscore twin of a framing field',
    h1({ fields: ['Content_Length', '3'] }),
    '400 framing',
  ],
  [
    'refuses a dotted twin of a framing field',
    h1({ fields: ['Transfer.Encoding', 'chunked'] }),
    '400 framing',
  ],
  [
    'refuses a double hyphen in a framing field',
    h1({ fields: ['Content--Length', '3'] }),
    '400 framing',
  ],
  [
    'refuses a space at the end of a name',
    h1({ fields: ['Content-Length ', '3'] }),
    '400 header_name',
  ],
  ['refuses an empty name', h1({ fields: ['', 'x'] }), '400 header_name'],
  ['refuses a line feed in a value', h1({ fields: ['X-A', 'a\nb'] }), '400 header_value'],
  [
    'refuses DEL in a long value',
    h1({ fields: ['X-A', `${'a'.repeat(99)}\u007f`] }),
    '400 header_value',
  ],
  [
    'refuses a control in a long value',
    h1({ fields: ['X-A', `\u0001${'a'.repeat(99)}`] }),
    '400 header_value',
  ],
  [
    'accepts tabs and obs-text in a long value',
    h1({ fields: ['X-A', `\t\u00fc${'a'.repeat(99)}`] }),
    undefined,
  ],
  [
    'refuses a character without a byte in a long value',
    h1({ fields: ['X-A', `${'a'.repeat(99)}\u0100`] }),
    '400 header_value',
  ],
  ['refuses NUL in a value', h1({ fields: ['X-A', 'a\0'] }), '400 header_value'],
  [
    'refuses a character beyond one byte in a value',
    h1({ fields: ['X-A', 'a\u010a'] }),
    '400 header_value',
  ],
  [
    'refuses two content types',
    h1({ fields: ['Content-Type', 'a/b', 'content-type', 'a/b'] }),
    '400 header_duplicate',
  ],
  [
    'refuses connection naming more than there can be fields',
    h1({ fields: ['Connection', Array.from({ length: 101 }, (_, n) => `x-${n}`).join(',')] }),
    '400 hop_by_hop',
  ],
  [
    'refuses connection naming a trust field',
    h1({ fields: ['Connection', 'close, X-Forwarded-For'] }),
    '400 hop_by_hop',
  ],
  [
    'refuses connection naming the credential',
    h1({ fields: ['Connection', 'Authorization'] }),
    '400 hop_by_hop',
  ],
  [
    'refuses connection naming the underscore twin',
    h1({ fields: ['Connection', 'x_real_ip'] }),
    '400 hop_by_hop',
  ],
  [
    'refuses connection naming the length',
    h1({ fields: ['Connection', 'Content-Length'] }),
    '400 hop_by_hop',
  ],
  [
    'refuses connection naming a gateway field',
    h1({ fields: ['Connection', 'sallyport-identity'] }),
    '400 hop_by_hop',
  ],
  [
    'refuses connection naming a declared key field',
    h1({ fields: ['Connection', 'X-Shop-Key'], protectedFields: new Set(['x-shop-key']) }),
    '400 hop_by_hop',
  ],
  [
    'refuses a malformed connection list',
    h1({ fields: ['Connection', 'close; x'] }),
    '400 hop_by_hop',
  ],
  ['refuses an unknown expectation', h1({ fields: ['Expect', '200-ok'] }), '417 expect'],
]

function h2WithoutAuthority(fields: string[]): HeadInput {
  const { authority: _, ...rest } = h2({ fields })
  return rest
}

for (const [name, input, expected] of cases) {
  test(name, () => {
    const fault = checkHead(input)
    assert.equal(fault && `${fault.status} ${fault.reason}`, expected)
  })
}

test('the table keeps order, duplicates and lower-case names', () => {
  const table = new HeaderTable([':path', '/', 'Accept', 'a', 'X-A', '1', 'x-a', '2'])
  assert.deepEqual([table.size, table.pseudoFields, table.count('x-a')], [3, 1, 2])
  assert.deepEqual(
    [table.get('x-a'), table.all('x-a'), table.get('x-b')],
    ['1', ['1', '2'], undefined],
  )
  assert.deepEqual([table.nameAt(0), table.valueAt(0), table.nameAt(9)], ['accept', 'a', ''])
  assert.equal(table.has('accept') && !table.has(':path'), true)
  assert.equal(table.bytes, 10 + 11 + 8 + 8)
})

test('the effective host is the authority where there is one', () => {
  const headers = new HeaderTable(['Host', 'A.example:8443'])
  assert.equal(effectiveHost(headers)?.text, 'a.example:8443')
  assert.equal(effectiveHost(new HeaderTable([]), 'B.example')?.text, 'b.example')
})

test('never throws and never accepts two hosts', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 })
  const name = fc.oneof(
    text,
    fc.constantFrom('Host', 'Content-Length', 'Transfer-Encoding', 'Connection'),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, text), { maxLength: 8 }),
      text,
      text,
      (pairs, method, target) => {
        const headers = new HeaderTable(pairs.flat())
        const input = {
          method,
          rawTarget: target,
          httpVersion: '1.1',
          headers,
          transport: 'http1',
        } as const
        const fault = checkHead({ ...input, methods: new Set([method]) })
        if (headers.count('host') !== 1) assert.notEqual(fault, undefined)
      },
    ),
  )
})

/** The table as a parser makes it that has seen visible ASCII only. */
function printable(fields: string[]): HeaderTable {
  const table = new HeaderTable(fields)
  const { bytes, largestBytes, pseudoFields, hasOddName, known, repeated } = table
  const places = Array.from({ length: table.size }, (_, place) => place)
  const names = places.map((place) => table.nameAt(place))
  const values = places.map((place) => table.valueAt(place))
  const facts = { bytes, largestBytes, pseudoFields, hasOddName, known, repeated }
  return new HeaderTable([], { ...facts, names, values, isPrintable: true })
}

const METHODS = servedMethods(new Set([...STANDARD_METHODS, 'TRACE', 'CONNECT']))
const ordinary: [name: string, isOrdinary: boolean, fields: string[], rest?: Overrides][] = [
  ['a plain GET', true, ['Host', 'x', 'Accept', '*/*']],
  ['a plain length', true, ['Host', 'x', 'Content-Length', '7'], { method: 'POST' }],
  ['no host', false, ['Accept', '*/*']],
  ['two hosts', false, ['Host', 'x', 'Host', 'x']],
  ['a host that is none', false, ['Host', 'x y']],
  ['a length that is none', false, ['Host', 'x', 'Content-Length', '007']],
  ['chunks', false, ['Host', 'x', 'Transfer-Encoding', 'chunked']],
  ['an expectation', false, ['Host', 'x', 'Expect', '100-continue']],
  ['a list of options', false, ['Host', 'x', 'Connection', 'x-a']],
  ['cookies, which have a limit of their own', false, ['Host', 'x', 'Cookie', 'a=b']],
  ['two types', false, ['Host', 'x', 'Content-Type', 'a/b', 'Content-Type', 'a/b']],
  ['an odd name', false, ['Host', 'x', 'Content_Length', '7']],
  ['another version', false, ['Host', 'x'], { httpVersion: '1.0' }],
  ['an absolute target', false, ['Host', 'x'], { rawTarget: 'http://x/' }],
  ['a long target', false, ['Host', 'x'], { rawTarget: `/${'a'.repeat(8192)}` }],
  ['a large field', false, ['Host', 'x', 'A', 'a'.repeat(8192)]],
  ['a method that is refused', false, ['Host', 'x'], { method: 'TRACE' }],
  ['a method that nobody knows', false, ['Host', 'x'], { method: 'BREW' }],
]
for (const [name, isOrdinary, fields, rest] of ordinary)
  test(`${isOrdinary ? 'takes' : 'looks closer at'} ${name}`, () => {
    const head = { ...bare([], rest), headers: printable(fields) }
    assert.equal(isOrdinaryHead(head, METHODS), isOrdinary)
    const unseen = { ...head, headers: new HeaderTable(fields) }
    assert.equal(isOrdinaryHead(unseen, METHODS), false)
  })

test('a head that is ordinary has no fault', () => {
  const names = ['Host', 'Accept', 'Content-Length', 'Connection', 'Cookie', 'Origin', 'x_y', 'TE']
  const values = ['x', 'x:80', 'x y', '7', '07', 'close', '', 'a'.repeat(5000)]
  let count = 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)), { maxLength: 6 }),
      fc.constantFrom('GET', 'POST', 'TRACE', 'get', 'BREW', 'CONNECT'),
      fc.constantFrom('/a', '/', '*', 'http://x/', 'http://y/', ''),
      (pairs, method, rawTarget) => {
        const headers = printable(['Host', 'x', ...pairs.flat()])
        const head = { method, rawTarget, httpVersion: '1.1', headers, transport: 'http1' } as const
        if (!isOrdinaryHead(head, METHODS)) return
        count += 1
        assert.equal(checkHead(head), undefined)
      },
    ),
    { numRuns: 3000 },
  )
  assert.ok(count > 50, `only ${count} were ordinary`)
})

test('what asks for another method is known as a claim', () => {
  const parts = fc.constantFrom('x', 'http', 'method', 'override', 'user', '')
  const name = fc
    .array(fc.tuple(parts, fc.constantFrom('-', '_')), { maxLength: 5 })
    .map((pieces) => pieces.flat().join('').slice(0, -1))
  fc.assert(
    fc.property(name, (text) => {
      const { known } = new HeaderTable([text, '1'])
      const isClaim = isMethodOverride(text) || /^(?:sallyport-|x[-_]user)/.test(text)
      if (isClaim) assert.notEqual(known & FIELD.claim, 0)
    }),
    {
      examples: [
        ['x_http_method_override'],
        ['_method'],
        ['-method'],
        ['x_user'],
        ['x-user-id'],
        ['sallyport-x'],
      ],
    },
  )
})
