import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalTarget } from '../../src/http/target.ts'
import { parseLogLine } from './log-line.ts'

const rows: [name: string, line: string, request: string | undefined][] = [
  ['combined format', '1.1.1.1 - bob [x] "GET /a?b=c HTTP/1.1" 200 1 "-" "curl"', 'GET /a [b] 200'],
  ['common format', '1.1.1.1 - - [x] "POST /a HTTP/1.0" 404 -', 'POST /a [] 404'],
  ['an encoded path in its canonical form', '"GET /%61%2fb HTTP/1.1" 200', undefined],
  ['letters that need no encoding', '"GET /%61b HTTP/1.1" 200', 'GET /ab [] 200'],
  ['plain JSON', '{"method":"get","path":"/a","status":200}', 'GET /a [] 200'],
  [
    'JSON with texts for numbers',
    '{"method":"GET","uri":"/a?x=1","status":"201"}',
    'GET /a [x] 201',
  ],
  ['JSON in objects', '{"request":{"method":"GET","uri":"/a"},"status":200}', 'GET /a [] 200'],
  ['dotted names', '{"http.request.method":"GET","url.path":"/a"}', 'GET /a [] undefined'],
  ['a whole URL', '{"method":"GET","url":"https://x.example/a"}', 'GET /a [] undefined'],
  ['no request', 'starting up', undefined],
  ['a method nobody knows', '"BREW /a HTTP/1.1" 200', undefined],
  ['a path with two readings', '"GET /a/../b HTTP/1.1" 200', undefined],
  ['the handshake of a scanner', '"\\x16\\x03\\x01" 400 157', undefined],
  ['JSON that is cut', '{"method":"GET","path":"/a', undefined],
]
for (const [name, line, expected] of rows) {
  test(`reads ${name}`, () => {
    const found = parseLogLine(line)
    const text =
      found && `${found.method} ${found.path} [${found.queryNames.join()}] ${found.status}`
    assert.equal(text, expected)
  })
}

test('whatever a line holds, it does not throw, and its path is canonical', () => {
  const quoted = fc.string().map((path) => `"GET /${path} HTTP/1.1" 200`)
  const json = fc
    .record({ method: fc.constant('GET'), path: fc.string() })
    .map((one) => JSON.stringify(one))
  fc.assert(
    fc.property(fc.oneof(fc.string(), quoted, json, fc.json()), (line) => {
      const path = parseLogLine(line)?.path
      if (path === undefined) return
      assert.deepEqual(canonicalTarget(path), { path, query: undefined })
    }),
  )
})
