import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLoopbackOrigin, isSameOrigin, parseOrigin } from './origin.ts'

const cases: [name: string, text: string, expected: string | undefined][] = [
  ['reads a plain origin', 'https://app.example.com', 'https://app.example.com'],
  ['lowers the host', 'https://APP.example.com', 'https://app.example.com'],
  ['drops the default port', 'https://a.example:443', 'https://a.example'],
  ['keeps another port', 'http://a.example:443', 'http://a.example:443'],
  ['reads IPv6', 'http://[::1]:3000', 'http://[::1]:3000'],
  ['refuses null', 'null', undefined],
  ['refuses a star', '*', undefined],
  ['refuses a path', 'https://a.example/', undefined],
  ['refuses user information', 'https://u@a.example', undefined],
  ['refuses a list', 'https://a.example https://b.example', undefined],
  ['refuses another scheme', 'ftp://a.example', undefined],
  ['refuses an upper-case scheme', 'HTTPS://a.example', undefined],
  ['refuses an empty host', 'https://', undefined],
  ['refuses a port of zero', 'https://a.example:0', undefined],
]
for (const [name, text, expected] of cases)
  test(name, () => assert.equal(parseOrigin(text)?.text, expected))

const pairs: [name: string, left: string, right: string, expected: boolean][] = [
  ['equals itself with the default port', 'https://a.example', 'https://a.example:443', true],
  ['differs by scheme', 'https://a.example', 'http://a.example', false],
  ['differs by port', 'https://a.example', 'https://a.example:8443', false],
  [
    'differs from a longer name',
    'https://api.example.com',
    'https://api.example.com.evil.io',
    false,
  ],
  ['null equals nothing', 'null', 'null', false],
]
for (const [name, left, right, expected] of pairs)
  test(name, () => assert.equal(isSameOrigin(left, right), expected))

test('knows loopback origins', () => {
  const texts = [
    'http://localhost:3000',
    'http://127.1.2.3',
    'http://[::1]',
    'http://a.localhost',
    'http://127.0.0.1.evil.io',
    'https://a.example',
  ]
  const found = texts.map((text) => {
    const origin = parseOrigin(text)
    return origin !== undefined && isLoopbackOrigin(origin)
  })
  assert.deepEqual(found, [true, true, true, true, false, false])
})

test('is idempotent and agrees with WHATWG URL', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: false }), fc.string(), (url, text) => {
      const { origin } = new URL(url)
      assert.equal(parseOrigin(origin)?.text, origin)
      const own = parseOrigin(text)
      if (own !== undefined) assert.equal(parseOrigin(own.text)?.text, own.text)
    }),
  )
})
