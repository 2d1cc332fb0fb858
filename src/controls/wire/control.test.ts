import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { wire } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: { Partner: { type: 'apiKey', in: 'header', name: 'Partner_Key' } },
  },
  paths: {
    '/orders': {
      get: { responses: { 200: { description: 'ok' } } },
      post: { responses: { 200: { description: 'ok' } } },
    },
  },
}

type Row = [name: string, parts: RequestParts, reason: string | undefined, status?: number]

const MANY = Array.from({ length: 101 }, (_, index) => [`X-${index}`, '1']).flat()
const H2: RequestParts = { httpVersion: '2.0', authority: 'api.example.com' }

const ROWS: readonly Row[] = [
  ['passes a plain request', {}, undefined],
  [
    'passes a chunked body',
    { method: 'POST', headers: ['Transfer-Encoding', 'chunked'] },
    undefined,
  ],
  ['passes HTTP/1.0 with a host', { httpVersion: '1.0' }, undefined],
  ['passes HTTP/2 with an authority', H2, undefined],
  ['passes an expectation that is known', { headers: ['Expect', '100-continue'] }, undefined],
  [
    'refuses two ways to tell the length',
    { headers: ['Transfer-Encoding', 'chunked', 'Content-Length', '3'] },
    'framing',
    400,
  ],
  ['refuses a second coding', { headers: ['Transfer-Encoding', 'gzip, chunked'] }, 'framing', 400],
  ['refuses two hosts', { headers: ['Host', 'evil.example.com'] }, 'host', 400],
  ['refuses HTTP/1.1 without a host', { host: null }, 'host', 400],
  ['refuses HTTP/2 with two hosts', { ...H2, headers: ['host', 'b.example.com'] }, 'host', 400],
  [
    'refuses to have a proxy field removed',
    { headers: ['Connection', 'close, X-Forwarded-For'] },
    'hop_by_hop',
    400,
  ],
  [
    'refuses to have a declared key removed, in either spelling',
    { headers: ['Connection', 'partner-key'] },
    'hop_by_hop',
    400,
  ],
  ['passes a private field in Connection', { headers: ['Connection', 'X-Mine'] }, undefined],
  ['refuses a name with a space', { headers: ['X Y', '1'] }, 'header_name', 400],
  ['refuses a control in a value', { headers: ['X-Y', 'a\u0000b'] }, 'header_value', 400],
  [
    'refuses two content types',
    { headers: ['Content-Type', 'a/b', 'Content-Type', 'c/d'] },
    'header_duplicate',
    400,
  ],
  ['refuses an upgrade in HTTP/2', { ...H2, headers: ['upgrade', 'websocket'] }, 'h2', 400],
  ['refuses HTTP/0.9', { httpVersion: '0.9' }, 'http_version', 505],
  ['refuses a method nobody knows', { method: 'BREW' }, 'method', 501],
  ['refuses a method in lower case', { method: 'get' }, 'method', 400],
  ['refuses CONNECT', { method: 'CONNECT' }, 'method', 501],
  ['refuses TRACE', { method: 'TRACE' }, 'method_refused', 405],
  ['refuses a long target', { target: `/${'a'.repeat(8192)}` }, 'target_too_long', 414],
  ['refuses 101 fields', { host: null, headers: MANY }, 'header_limit', 431],
  ['refuses another expectation', { headers: ['Expect', 'tea'] }, 'expect', 417],
]

suite('wire', () => {
  const guard = new Bench({ document: SHOP }).guard(wire)

  for (const [name, parts, reason, status] of ROWS) {
    test(name, async () => assertRefused(await guard.request(exchangeOf(parts)), reason, status))
  }

  test('closes the connection after every refusal', () => {
    assert.ok(Object.values(wire.reasons).every(({ close }) => close === true))
  })

  test('TRACE is told which methods there are', async () => {
    const refusal = await guard.request(exchangeOf({ method: 'TRACE' }))
    assert.equal(valueOf(refusal?.denial.headers, 'Allow'), 'GET, HEAD, POST')
  })

  test('a document may declare a method of its own', async () => {
    const document = {
      ...SHOP,
      openapi: '3.2.0',
      paths: {
        '/a': { additionalOperations: { PURGE: { responses: { 200: { description: 'ok' } } } } },
      },
    }
    const own = new Bench({ document }).guard(wire)
    assert.equal(await own.request(exchangeOf({ method: 'PURGE' })), undefined)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      wire,
      ROWS.map((row) => row[2]),
    ))
})
