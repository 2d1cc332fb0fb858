import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalTarget } from './target.ts'

const accepted: [name: string, raw: string, path: string, query?: string][] = [
  ['passes a plain path unchanged', '/orders/7', '/orders/7'],
  ['passes the root', '/', '/'],
  ['keeps a trailing slash', '/orders/', '/orders/'],
  ['keeps case', '/ADMIN', '/ADMIN'],
  ['splits the query at the first mark', '/a?b=c?d', '/a', 'b=c?d'],
  ['tells an empty query from none', '/a?', '/a', ''],
  ['decodes unreserved characters', '/%61dmin%2D%7e', '/admin-~'],
  ['writes hexadecimal digits in upper case', '/a%c3%bc', '/a%C3%BC'],
  ['keeps reserved characters encoded', '/a%3fb%23c%3b%26', '/a%3Fb%23c%3B%26'],
  ['keeps an encoded percent sign that starts nothing', '/100%25', '/100%25'],
  ['keeps an encoded percent sign before other text', '/100%25-off', '/100%25-off'],
  ['encodes what browsers send raw', '/a[1]|^', '/a%5B1%5D%7C%5E'],
  ['accepts three dots and hidden files', '/.../.well-known/a..b', '/.../.well-known/a..b'],
  ['accepts sub-delimiters', "/a!$&'()*+,=:@", "/a!$&'()*+,=:@"],
  ['takes the path of an absolute target', 'http://a.example/x?y', '/x', 'y'],
  ['takes the root of a bare absolute target', 'https://a.example', '/'],
  ['takes the query of a bare absolute target', 'https://a.example?q', '/', 'q'],
]
for (const [name, raw, path, query] of accepted) {
  test(name, () => assert.deepEqual(canonicalTarget(raw), { path, query }))
}

const refused: [name: string, raw: string, fault: string][] = [
  ['refuses an encoded slash', '/orders/..%2fadmin', 'encoded_slash'],
  ['refuses an encoded slash in upper case', '/a%2Fb', 'encoded_slash'],
  ['refuses an encoded backslash', '/a%5cb', 'encoded_backslash'],
  ['refuses a backslash', '/a\\b', 'backslash'],
  ['refuses encoded NUL', '/admin%00', 'encoded_control'],
  ['refuses an encoded line feed', '/a%0ab', 'encoded_control'],
  ['refuses encoded DEL', '/a%7f', 'encoded_control'],
  ['refuses encoded C1 controls', '/a%c2%85', 'encoded_control'],
  ['refuses encoded dot segments', '/%2e%2e/admin', 'dot_segment'],
  ['refuses half-encoded dot segments', '/.%2E/admin', 'dot_segment'],
  ['refuses a single dot at the end', '/admin/.', 'dot_segment'],
  ['refuses two dots at the end', '/admin/..', 'dot_segment'],
  ['refuses two dots in the middle', '/a/../b', 'dot_segment'],
  ['refuses matrix parameters', '/admin;x=1', 'matrix_parameter'],
  ['refuses two slashes', '//admin', 'empty_segment'],
  ['refuses two slashes inside', '/a//b', 'empty_segment'],
  ['refuses double encoding', '/%252e%252e/', 'double_encoding'],
  ['refuses double encoding in lower case', '/a%252fb', 'double_encoding'],
  ['refuses double encoding hidden by encoded digits', '/%25%32%65', 'double_encoding'],
  ['refuses a fragment', '/a#b', 'fragment'],
  ['refuses a fragment in the query', '/a?b#c', 'fragment'],
  ['refuses overlong UTF-8', '/%c0%ae%c0%ae/', 'invalid_utf8'],
  ['refuses three-byte overlong UTF-8', '/%e0%80%af', 'invalid_utf8'],
  ['refuses an encoded surrogate', '/%ed%a0%80', 'invalid_utf8'],
  ['refuses a cut UTF-8 sequence', '/%e2%82', 'invalid_utf8'],
  ['refuses a lone continuation byte', '/%80', 'invalid_utf8'],
  ['refuses raw non-ASCII', '/\u00e9', 'non_ascii'],
  ['refuses a raw tab', '/a\tb', 'control'],
  ['refuses a raw space', '/a b', 'illegal_character'],
  ['refuses braces and quotes', '/{a}', 'illegal_character'],
  ['refuses a cut percent sequence', '/a%2', 'bad_percent'],
  ['refuses a percent sign alone', '/100%', 'bad_percent'],
  ['refuses percent with other letters', '/%u0041', 'bad_percent'],
  ['refuses asterisk form', '*', 'not_origin_form'],
  ['refuses authority form', 'a.example:443', 'not_origin_form'],
  ['refuses an empty target', '', 'not_origin_form'],
  ['refuses another scheme', 'ftp://a/x', 'not_origin_form'],
]
for (const [name, raw, fault] of refused) {
  test(name, () => assert.deepEqual(canonicalTarget(raw), { fault }))
}

test('lets matrix parameters pass where the document declares them', () => {
  assert.deepEqual(canonicalTarget('/a;x=1', { allowMatrix: true }), {
    path: '/a;x=1',
    query: undefined,
  })
})
test('refuses dot segments that matrix parameters hide', () => {
  assert.deepEqual(canonicalTarget('/..;/admin', { allowMatrix: true }), { fault: 'dot_segment' })
})

const piece = fc.constantFrom(
  'a',
  'Z',
  '/',
  '.',
  '..',
  '%',
  '%2',
  '%2e',
  '%25',
  '2f',
  '%c3%bc',
  '%41',
  ';',
  '~',
  '+',
)
const hostile = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `/${text}`),
  fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`)),
)

test('never throws and is idempotent', () => {
  fc.assert(
    fc.property(hostile, (raw) => {
      const first = canonicalTarget(raw)
      if ('fault' in first) return
      assert.deepEqual(canonicalTarget(first.path), { path: first.path, query: undefined })
    }),
    { numRuns: 2000 },
  )
})

test('segments decode to the same text as after WHATWG URL parsing of what was sent', () => {
  fc.assert(
    fc.property(hostile, (raw) => {
      const first = canonicalTarget(raw)
      if ('fault' in first) return
      const url = new URL(raw, 'http://a.example')
      const decoded = (path: string): string[] =>
        path.split('/').map((part) => decodeURIComponent(part))
      assert.deepEqual(decoded(first.path), decoded(url.pathname))
    }),
    { numRuns: 2000 },
  )
})
