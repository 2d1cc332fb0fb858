import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { CallPlan } from '../exchange/upstream-port.ts'
import { upstreamHead } from './upstream-head.ts'

interface Parts {
  readonly method?: string
  readonly path?: string
  readonly headers?: readonly string[]
  readonly body?: Buffer | Readable
  readonly streamedBytes?: number
  readonly upgrade?: string
}

const plan = (parts: Parts): CallPlan => ({
  request: {
    upstream: 'main',
    method: parts.method ?? 'GET',
    path: parts.path ?? '/',
    headers: parts.headers ?? ['host', 'x'],
    firstByteMs: 1,
  },
  body: parts.body,
  streamedBytes: parts.streamedBytes,
  upgrade: parts.upgrade,
  events: {
    upstreamHead: () => {},
    upstreamData: () => {},
    upstreamEnd: () => {},
    upstreamError: () => {},
    upstreamUpgrade: () => {},
  },
})
const stream = (): Readable => new Readable({ read() {} })
const abc = Buffer.from('abc')

describe('the head of a request', () => {
  const cases: [name: string, parts: Parts, head: string][] = [
    ['is written from its parts', { path: '/a?b=%20' }, 'GET /a?b=%20 HTTP/1.1\r\nhost: x\r\n\r\n'],
    [
      'keeps names and values',
      { headers: ['Host', 'x', 'A', '\xe9 \t!'] },
      'GET / HTTP/1.1\r\nHost: x\r\nA: \xe9 \t!\r\n\r\n',
    ],
    [
      'may ask about everything',
      { method: 'OPTIONS', path: '*' },
      'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
    ],
    [
      'says the length of a body',
      { method: 'PUT', body: abc },
      'PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n',
    ],
    [
      'says the length of a GET that has a body',
      { body: abc },
      'GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n',
    ],
    [
      'says that a POST is empty',
      { method: 'POST' },
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'says that a POST is empty, of an empty body',
      { method: 'POST', body: Buffer.alloc(0) },
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'says nothing of the body of an empty GET',
      { body: Buffer.alloc(0) },
      'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
    ],
    [
      'says the length of a stream',
      { method: 'POST', body: stream(), streamedBytes: 9 },
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n',
    ],
    [
      'says that a stream is in chunks',
      { method: 'POST', body: stream() },
      'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    [
      'asks to switch protocols',
      { upgrade: 'websocket' },
      'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ],
  ]
  for (const [name, parts, head] of cases)
    test(name, () => assert.equal(upstreamHead(plan(parts)), head))

  const bad: [name: string, parts: Parts][] = [
    ['an empty method', { method: '' }],
    ['a method with a line break', { method: 'GET\r\nX' }],
    ['CONNECT', { method: 'CONNECT' }],
    ['an empty target', { path: '' }],
    ['a target without a slash', { path: 'a' }],
    ['a whole URL as target', { path: 'http://x/' }],
    ['a target with a space', { path: '/a b' }],
    ['a target with a fragment', { path: '/a#b' }],
    ['a target with an 8-bit byte', { path: '/\xe9' }],
    ['a target with a line break', { path: '/\r\nA: b' }],
    ['* for GET', { path: '*' }],
    ['no host', { headers: ['a', 'b'] }],
    ['two hosts', { headers: ['host', 'x', 'Host', 'x'] }],
    ['a name without a value', { headers: ['host', 'x', 'a'] }],
    ['an empty name', { headers: ['host', 'x', '', 'b'] }],
    ['a name with a colon', { headers: ['host', 'x', 'a:', 'b'] }],
    ['CR in a value', { headers: ['host', 'x', 'a', 'b\rc'] }],
    ['LF in a value', { headers: ['host', 'x', 'a', 'b\nc'] }],
    ['DEL in a value', { headers: ['host', 'x', 'a', 'b\x7f'] }],
    // U+010A is LF when it is cut to one byte.
    ['a character that has no byte', { headers: ['host', 'x', 'a', 'b\u010ac: d'] }],
    ['a length of its own', { headers: ['host', 'x', 'Content-Length', '3'] }],
    ['a coding of its own', { headers: ['host', 'x', 'Transfer-Encoding', 'chunked'] }],
    ['a connection of its own', { headers: ['host', 'x', 'Connection', 'close'] }],
    ['a negative length', { body: stream(), streamedBytes: -1 }],
    ['a length that is no number', { body: stream(), streamedBytes: Number.NaN }],
    ['a switch with a body', { upgrade: 'websocket', body: abc }],
    ['a switch to a line break', { upgrade: 'a\r\nb: c' }],
  ]
  for (const [name, parts] of bad)
    test(`is not written with ${name}, however often it is tried`, () => {
      for (let i = 0; i < 3; i++) assert.throws(() => upstreamHead(plan(parts)), TypeError)
    })

  test('has one line for each field and no other, whatever they hold', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 })
    fc.assert(
      fc.property(
        text,
        text,
        fc.array(fc.tuple(text, text), { maxLength: 4 }),
        (method, path, more) => {
          const headers = ['host', 'x', ...more.flat()]
          let head: string
          try {
            head = upstreamHead(plan({ method, path: `/${path}`, headers }))
          } catch (error) {
            assert.ok(error instanceof TypeError)
            return
          }
          const lines = head.split(/\r\n|\r|\n/)
          assert.deepEqual(lines.slice(0, headers.length / 2 + 1), [
            `${method} /${path} HTTP/1.1`,
            ...[['host', 'x'], ...more].map(([name, value]) => `${name}: ${value}`),
          ])
          assert.equal(Buffer.from(head, 'latin1').toString('latin1'), head)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

test('heads come out as if each were the first', () => {
  const name = fc.constantFrom('Host', 'a', 'b', 'sallyport-identity', 'te', 'c d')
  const long = 'x'.repeat(300)
  const value = fc.constantFrom('', 'v', 'w', '\n', '\u0100', long, `${long}y`, `${long}\r`)
  const more = fc.array(fc.tuple(name, value), { maxLength: 3 })
  fc.assert(
    fc.property(fc.array(more, { maxLength: 12 }), (heads) => {
      for (const fields of heads) {
        const headers = ['host', 'x', ...fields.flat()]
        const isSound = fields.every(
          ([field, text]) =>
            (field === 'a' || field === 'b' || field === 'sallyport-identity') &&
            !/[\r\n\u0100]/.test(text),
        )
        const lines = fields.map(([field, text]) => `${field}: ${text}\r\n`).join('')
        // Twice, as it may be learned by the first.
        for (let time = 0; time < 2; time += 1)
          if (isSound)
            assert.equal(
              upstreamHead(plan({ headers })),
              `GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n`,
            )
          else assert.throws(() => upstreamHead(plan({ headers })), TypeError)
      }
    }),
    { numRuns: 500 },
  )
})
