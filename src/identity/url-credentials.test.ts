import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalQuery, isDangerousName } from '../http/query.ts'
import { keyFormat } from './keys/format.ts'
import { urlCredentialRules, urlCredentials } from './url-credentials.ts'

const RULES = urlCredentialRules('sp')
const format = keyFormat('sp')
const KEY = format.format(format.generate('sk', 'live'))
const SECRET = KEY.slice(24, 67)

function look(path: string, rawQuery: string, declared: readonly string[] = []) {
  const query = canonicalQuery(rawQuery)
  assert.ok('text' in query)
  return urlCredentials({ path, query }, new Set(declared), RULES)
}

const FOUND: [name: string, path: string, query: string, places: string[], redacted: string][] = [
  ['api_key', '/o', 'api_key=abc&x=1', ['api_key'], '/o?api_key=[redacted]&x=1'],
  ['a name in capitals', '/o', 'API-Key=abc', ['API-Key'], '/o?API-Key=[redacted]'],
  [
    'access_token',
    '/o',
    'x=%20&access_token=a.b',
    ['access_token'],
    '/o?x=%20&access_token=[redacted]',
  ],
  ['two at once', '/o', 'token=a&sig=b', ['token', 'sig'], '/o?token=[redacted]&sig=[redacted]'],
  ['a key under any name', '/o', `color=${KEY}`, ['color'], '/o?color=[redacted]'],
  ['a key in the path', `/keys/${KEY}/x`, '', ['path'], '/keys/[redacted]/x?'],
  ['a key as a name', '/o', `${KEY}=1`, ['[redacted]'], '/o?%5Bredacted%5D=[redacted]'],
  ['a key that is percent-encoded', '/o', `q=${KEY.replace('_', '%5F')}`, ['q'], '/o?q=[redacted]'],
]
for (const [name, path, query, places, redacted] of FOUND)
  test(`finds ${name} and takes its value out`, () => {
    const found = look(path, query)
    assert.deepEqual(found?.places, places)
    assert.equal(`${found?.redactedPath}?${found?.redactedQuery}`, redacted)
  })

test('hands on whole keys for the exposed mark', () =>
  assert.deepEqual(look(`/a/${KEY}`, `q=x&p=${KEY}`)?.keyTexts, [KEY, KEY]))

const QUIET: [name: string, path: string, query: string, declared: string[]][] = [
  ['an ordinary query', '/orders', 'limit=5&monkey=1&tokens=2', []],
  ['no query', '/orders', '', []],
  ['a telling name that the operation declares', '/o', 'key=name&token=t', ['key', 'token']],
  ['a path that only looks a little like a key', '/sp_orders/sp_sk_live', '', []],
]
for (const [name, path, query, declared] of QUIET)
  test(`stays quiet about ${name}`, () => assert.equal(look(path, query, declared), undefined))

test('a key is found under a declared name, too', () =>
  assert.deepEqual(look('/o', `key=${KEY}`, ['key'])?.places, ['key']))

test('what is redacted never holds the secret, wherever the key stands', () => {
  const text = fc
    .string({ maxLength: 12 })
    .filter((value) => !isDangerousName(value))
    .map((value) => encodeURIComponent(value.toWellFormed()))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const found = look(`/${before}/${KEY}`, `${before}=${KEY}&${after}=-${KEY}&x=${after}`)
      const shown = JSON.stringify([found?.places, found?.redactedPath, found?.redactedQuery])
      assert.ok(found !== undefined && !shown.includes(SECRET), shown)
    }),
  )
})
