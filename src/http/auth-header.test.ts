import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatChallenges, parseAuthorization, splitAuthorization } from './auth-header.ts'

type Expected = { scheme: string; token?: string; parameters?: [string, string][] } | undefined
const cases: [name: string, text: string, expected: Expected][] = [
  [
    'reads a bearer token',
    'Bearer abc.DEF-1_~+/==',
    { scheme: 'bearer', token: 'abc.DEF-1_~+/==' },
  ],
  ['accepts the scheme in any case', 'bEaReR abc', { scheme: 'bearer', token: 'abc' }],
  ['accepts several spaces', 'Bearer   abc', { scheme: 'bearer', token: 'abc' }],
  ['reads a scheme alone', 'Negotiate', { scheme: 'negotiate' }],
  [
    'reads parameters',
    'Digest realm="a, b", qop=auth',
    {
      scheme: 'digest',
      parameters: [
        ['realm', 'a, b'],
        ['qop', 'auth'],
      ],
    },
  ],
  [
    'refuses slashes in a bare parameter',
    'AWS4-HMAC-SHA256 Credential=AKID/2026/x, Signature=ab',
    undefined,
  ],
  ['refuses two tokens in one field', 'Bearer a, Bearer b', undefined],
  ['refuses a second word', 'Bearer a b', undefined],
  ['refuses equals signs inside a token', 'Bearer a=b=c', undefined],
  ['refuses a space at the end', 'Bearer abc ', undefined],
  ['refuses a tab between scheme and token', 'Bearer\tabc', undefined],
  ['refuses a quoted token', 'Bearer "abc"', undefined],
  ['refuses non-ASCII', 'Bearer äbc', undefined],
  ['refuses an empty text', '', undefined],
  ['refuses a repeated parameter', 'Digest a=1, A=2', undefined],
  ['refuses an empty element', 'Digest a=1,, b=2', undefined],
  ['refuses a comma at the end', 'Digest a=1, b="2",', undefined],
]
for (const [name, text, expected] of cases) {
  test(name, () => {
    const credentials = parseAuthorization(text)
    const found = credentials && {
      scheme: credentials.scheme,
      token: credentials.token,
      parameters: [...credentials.parameters],
    }
    assert.deepEqual(found, expected && { token: undefined, parameters: [], ...expected })
  })
}

test('a single pair reads as parameter and keeps the rest untouched', () => {
  const credentials = parseAuthorization('Signature keyId="a"')
  assert.deepEqual([credentials?.token, credentials?.rest], [undefined, 'keyId="a"'])
})

test('splits schemes with their own grammar', () => {
  const text = 'AWS4-HMAC-SHA256  Credential=AKID/2026/x, Signature=ab'
  const rest = 'Credential=AKID/2026/x, Signature=ab'
  assert.deepEqual(splitAuthorization(text), { scheme: 'aws4-hmac-sha256', rest })
  assert.equal(splitAuthorization('a/b c'), undefined)
})

test('writes challenges in order, quoting what needs it', () => {
  const text = formatChallenges([
    { scheme: 'DPoP', parameters: [['algs', 'ES256 EdDSA']] },
    {
      scheme: 'Bearer',
      parameters: [
        ['realm', 'a "b" \\'],
        ['error', 'invalid_token'],
      ],
    },
    { scheme: 'Negotiate' },
  ])
  assert.equal(
    text,
    'DPoP algs="ES256 EdDSA", Bearer realm="a \\"b\\" \\\\", error="invalid_token", Negotiate',
  )
})

test('never lets a line end into a challenge', () => {
  assert.equal(
    formatChallenges([{ scheme: 'Bearer', parameters: [['realm', 'a\r\nb\u2028']] }]),
    'Bearer realm="a??b?"',
  )
})

test('never throws, and reads the parameters it writes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme-ascii' }),
      (text, value) => {
        parseAuthorization(text)
        const challenge = formatChallenges([{ scheme: 'X', parameters: [['v', value]] }])
        assert.equal(parseAuthorization(challenge)?.parameters.get('v'), value)
      },
    ),
  )
})
