import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { HeaderTable } from '../http/header-table.ts'
import { bearerTexts, extractCredentials } from './credentials.ts'

const PLACES = { headers: ['x-api-key', 'x-partner'], cookies: ['sid'] }

/** What was found, as `place name scheme text`, or the reason. */
function told(rawHeaders: readonly string[]): string[] | string {
  const found = extractCredentials(new HeaderTable(rawHeaders), PLACES)
  if ('reason' in found) return found.reason
  return found.map(({ place, name, scheme, text }) => [place, name, scheme, text].join(' '))
}

const CASES: [name: string, rawHeaders: string[], expected: string[] | string][] = [
  ['finds nothing where there is nothing', ['Accept', '*/*'], []],
  [
    'reads a bearer token',
    ['Authorization', 'Bearer abc.d-e'],
    ['authorization authorization bearer abc.d-e'],
  ],
  [
    'takes the scheme in any case',
    ['authorization', 'bEaReR abc'],
    ['authorization authorization bearer abc'],
  ],
  ['reads ApiKey', ['Authorization', 'ApiKey sp_1'], ['authorization authorization apikey sp_1']],
  ['reads Basic', ['Authorization', 'Basic dTpw=='], ['authorization authorization basic dTpw==']],
  [
    'keeps the words of another scheme',
    ['Authorization', 'Digest a="b", c=d'],
    ['authorization authorization digest a="b", c=d'],
  ],
  [
    'takes several spaces, as RFC 9110 does',
    ['Authorization', 'Bearer   abc'],
    ['authorization authorization bearer abc'],
  ],
  [
    'refuses two Authorization fields',
    ['Authorization', 'Bearer a', 'authorization', 'Bearer b'],
    'multiple_credentials',
  ],
  [
    'refuses two tokens in one field',
    ['Authorization', 'Bearer a, Bearer b'],
    'malformed_credentials',
  ],
  ['refuses a scheme without token', ['Authorization', 'Bearer'], 'malformed_credentials'],
  ['refuses an empty token', ['Authorization', 'Bearer '], 'malformed_credentials'],
  ['refuses an empty field', ['Authorization', ''], 'malformed_credentials'],
  ['refuses a token with a space inside', ['Authorization', 'Bearer a b'], 'malformed_credentials'],
  [
    'refuses parameters where a token belongs',
    ['Authorization', 'Bearer token="a"'],
    'malformed_credentials',
  ],
  [
    'refuses characters outside token68',
    ['Authorization', 'Bearer a\u00e9'],
    'malformed_credentials',
  ],
  ['refuses a tab before the token', ['Authorization', 'Bearer\tabc'], 'malformed_credentials'],
  ['reads a key field', ['X-API-Key', 'k1'], ['header x-api-key  k1']],
  ['refuses a key field twice', ['X-API-Key', 'k1', 'x-api-key', 'k1'], 'multiple_credentials'],
  ['refuses an empty key field', ['X-API-Key', ''], 'malformed_credentials'],
  ['refuses a key field with a space', ['X-API-Key', 'a b'], 'malformed_credentials'],
  ['leaves undeclared fields alone', ['X-Other-Key', 'k1'], []],
  [
    'tells every place, so that the caller can refuse more than it asked for',
    ['Authorization', 'Bearer a', 'X-API-Key', 'b', 'X-Partner', 'c', 'Cookie', 'x=1; sid=d'],
    [
      'authorization authorization bearer a',
      'header x-api-key  b',
      'header x-partner  c',
      'cookie sid  d',
    ],
  ],
  ['refuses a credential cookie twice', ['Cookie', 'sid=a; sid=b'], 'multiple_credentials'],
  [
    'refuses a credential cookie in two fields',
    ['Cookie', 'sid=a', 'Cookie', 'sid=a'],
    'multiple_credentials',
  ],
  ['takes an emptied cookie for none', ['Cookie', 'sid='], []],
]
for (const [name, rawHeaders, expected] of CASES)
  test(name, () => assert.deepEqual(told(rawHeaders), expected))

test('never throws, and what it reads of Authorization is a part of it', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('', 'Bearer ', 'ApiKey '),
      (text, scheme) => {
        const found = extractCredentials(new HeaderTable(['Authorization', scheme + text]), PLACES)
        if (!('reason' in found))
          for (const credential of found) assert.ok((scheme + text).endsWith(credential.text))
      },
    ),
  )
})

const KEY = 'sp_sk_live_aaaaaaaaaaaa_0123456789'
const RAW: [name: string, value: string][] = [
  ['behind a scheme', `Bearer ${KEY}`],
  ['alone', KEY],
  ['in a cookie', `a=b; k=${KEY}; c=d`],
  ['in quotes after a comma', `Weird x="y",k="${KEY}"`],
]
for (const [name, value] of RAW)
  test(`a key is found in a raw value: ${name}`, () =>
    assert.ok(bearerTexts(['x', value]).includes(KEY)))

test('a huge raw value gives a bounded list', () =>
  assert.ok(bearerTexts(Array.from({ length: 100 }, () => `${KEY} `.repeat(10_000))).length <= 50))

test('a token that was verified before is taken as it stands, in its one exact spelling', () => {
  const isKnown = (token: string): boolean => token === 'known "as it is"'
  const find = (...fields: string[]): unknown =>
    extractCredentials(new HeaderTable(fields), PLACES, isKnown)
  const [credential] = find('Authorization', 'Bearer known "as it is"') as { text: string }[]
  assert.equal(credential?.text, 'known "as it is"')
  for (const text of ['bearer known "as it is"', 'Bearer  known "as it is"', 'Bearer known'])
    assert.notDeepEqual(find('Authorization', text), [credential])
  const twice = find('Authorization', 'Bearer known "as it is"', 'Authorization', 'Bearer x')
  assert.equal((twice as { reason: string }).reason, 'multiple_credentials')
})
