import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { Secret } from '../../base/secret.ts'
import type { IssuerRequest } from './issuer-settings.ts'
import { parseIssuer } from './issuer-settings.ts'

const GOOD: IssuerRequest = { iss: 'https://id.example.com', audience: ['orders'] }

test('fills in the defaults of the controls', () =>
  assert.deepEqual(parseIssuer(GOOD, 'x'), {
    iss: 'https://id.example.com',
    audience: new Set(['orders']),
    algs: new Set(['RS256', 'PS256', 'ES256', 'EdDSA']),
    maxAgeSeconds: 900,
    toleranceSeconds: 10,
    typ: 'at+jwt',
    jwks: undefined,
    secret: undefined,
  }))

const BAD: [name: string, part: Partial<IssuerRequest>, path: string][] = [
  ['HMAC', { algs: ['RS256', 'HS256'] }, 'x.algs'],
  ['none', { algs: ['none'] }, 'x.algs'],
  ['no algorithm', { algs: [] }, 'x.algs'],
  ['no audience', { audience: [] }, 'x.audience'],
  ['an empty audience', { audience: [''] }, 'x.audience'],
  ['a life above an hour', { maxAgeMs: 3_600_001 }, 'x.maxAge'],
  ['a tolerance above a minute', { toleranceMs: 60_001 }, 'x.tolerance'],
  ['an issuer that could be taken for another with a subject', { iss: 'https://a|b' }, 'x'],
  ['an empty issuer', { iss: '' }, 'x'],
  ['an issuer that is no URL and names no keys', { iss: 'me' }, 'x.jwks'],
]
const STRONG = new Secret(randomBytes(32))
const BAD_SECRETS: typeof BAD = [
  ['a public-key algorithm beside a secret', { secret: STRONG, algs: ['RS256'] }, 'x.algs'],
  ['both kinds of algorithms', { secret: STRONG, algs: ['HS256', 'ES256'] }, 'x.algs'],
  ['none with a secret', { secret: STRONG, algs: ['none'] }, 'x.algs'],
  ['a secret beside public keys', { secret: STRONG, jwks: { file: '/k' } }, 'x.secret'],
  ['a common secret', { secret: new Secret(Buffer.from('secret')) }, 'x.secret'],
  ['a short secret', { secret: new Secret(randomBytes(31)) }, 'x.secret'],
]

test('an issuer with a secret needs no audience, no URL, and signs with HS256 unless said', () => {
  const { algs, secret } = parseIssuer({ iss: 'shop', audience: [], secret: STRONG }, 'x')
  assert.deepEqual([[...algs], secret?.type], [['HS256'], 'secret'])
})

for (const [name, part, path] of [...BAD, ...BAD_SECRETS])
  test(`refuses ${name}`, () =>
    assert.throws(
      () => parseIssuer({ ...GOOD, ...part }, 'x'),
      (error) =>
        error instanceof ConfigError &&
        error.faults[0]?.path === path &&
        error.faults[0].cure !== undefined,
    ))
