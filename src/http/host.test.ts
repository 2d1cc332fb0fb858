import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseHost } from './host.ts'

const cases: [name: string, text: string, expected: string | undefined, port?: number][] = [
  ['reads a name', 'API.Example.com', 'api.example.com'],
  ['reads a port', 'a.example:8443', 'a.example:8443', 8443],
  ['reads IPv4', '127.0.0.1:80', '127.0.0.1:80', 80],
  ['reads IPv6 in canonical form', '[2001:DB8:0::1]:443', '[2001:db8::1]:443', 443],
  ['reads names with underscore', 'my_service:80', 'my_service:80', 80],
  ['keeps a trailing dot, which is another name', 'a.example.', 'a.example.'],
  ['refuses nothing', '', undefined],
  ['refuses an empty port', 'a.example:', undefined],
  ['refuses port zero', 'a.example:0', undefined],
  ['refuses port 65536', 'a.example:65536', undefined],
  ['refuses a signed port', 'a.example:+80', undefined],
  ['refuses a leading dot', '.a', undefined],
  ['refuses an empty label', 'a..b', undefined],
  ['refuses user information', 'u@a', undefined],
  ['refuses a path', 'a/b', undefined],
  ['refuses a percent-encoding', 'a%2eb', undefined],
  ['refuses bare IPv6', '::1', undefined],
  ['refuses an open bracket', '[::1', undefined],
  ['refuses text behind the bracket', '[::1]x', undefined],
  ['refuses a zone', '[fe80::1%25eth0]', undefined],
  ['refuses a future address', '[v1.a]', undefined],
  ['refuses non-ASCII', 'bücher.example', undefined],
  ['refuses a name over 253 characters', 'a'.repeat(254), undefined],
]
for (const [name, text, expected, port] of cases) {
  test(name, () => {
    const host = parseHost(text)
    assert.equal(host?.text, expected)
    assert.equal(host?.port, port)
  })
}

test('never throws and is idempotent', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webAuthority(),
        fc.ipV6().map((ip) => `[${ip}]`),
      ),
      (text) => {
        const host = parseHost(text)
        if (host !== undefined) assert.deepEqual(parseHost(host.text), host)
      },
    ),
  )
})
