import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { isHostname, isIpv4, isIpv6 } from './format-host.ts'
import { isEmail, isUri } from './format-uri.ts'

// The same grammars as regular expressions, part by part.
const HOSTNAME = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i
const DOT_STRING = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
const QUOTED = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"$/
const SCHEME = /^[a-z][a-z\d+.-]*$/i
const PATH = /^(?:[\w.~!$&'()*+,;=:@/-]|%[\da-f]{2})*$/i
const QUERY = /^(?:[\w.~!$&'()*+,;=:@/?-]|%[\da-f]{2})*$/i
const USERINFO = /^(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*$/i
const REG_NAME = /^(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*$/i

const isAddress6 = (text: string): boolean => isIPv6(text) && !text.includes('%')
const isName = (text: string): boolean => text.length <= 253 && HOSTNAME.test(text)

function isMailbox(value: string): boolean {
  const at = value.lastIndexOf('@')
  if (at < 1 || at > 64 || value.length > 320) return false
  const local = value.slice(0, at)
  const domain = value.slice(at + 1)
  const isLocal = local.startsWith('"') ? QUOTED.test(local) : DOT_STRING.test(local)
  if (!isLocal) return false
  if (!domain.startsWith('[')) return isName(domain)
  const literal = domain.endsWith(']') ? domain.slice(1, -1) : ''
  return literal.startsWith('IPv6:') ? isAddress6(literal.slice(5)) : isIPv4(literal)
}

function isReference(value: string, needsScheme: boolean): boolean {
  const [beforeFragment = '', ...fragments] = value.split('#')
  if (fragments.length > 1 || !QUERY.test(fragments[0] ?? '')) return false
  const question = beforeFragment.indexOf('?')
  const query = question < 0 ? '' : beforeFragment.slice(question + 1)
  const rest = question < 0 ? beforeFragment : beforeFragment.slice(0, question)
  if (!QUERY.test(query)) return false
  const colon = rest.indexOf(':')
  const hasScheme = colon > 0 && SCHEME.test(rest.slice(0, colon))
  if (needsScheme && !hasScheme) return false
  const hierarchy = hasScheme ? rest.slice(colon + 1) : rest
  if (hierarchy.startsWith('//')) return isAuthorityAndPath(hierarchy.slice(2))
  if (!hasScheme && (hierarchy.split('/', 1)[0] ?? '').includes(':')) return false
  return PATH.test(hierarchy)
}

function isAuthorityAndPath(value: string): boolean {
  const slash = value.indexOf('/')
  const authority = slash < 0 ? value : value.slice(0, slash)
  const at = authority.lastIndexOf('@')
  if (at >= 0 && !USERINFO.test(authority.slice(0, at))) return false
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::\d*)?$/.exec(authority.slice(at + 1))
  const host = match?.[1]
  if (host === undefined) return false
  const isHost = host.startsWith('[') ? isAddress6(host.slice(1, -1)) : REG_NAME.test(host)
  return isHost && (slash < 0 || PATH.test(value.slice(slash)))
}

const piecesOf = (...pieces: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((list) => list.join(''))

const addresses = piecesOf(
  '1',
  'ffff',
  'a:',
  '12345',
  ':',
  '::',
  '.',
  '1.',
  '255',
  '256',
  '0',
  '01',
  '%',
  '%e',
  'g',
  ']',
  ' ',
)
const numbers = fc
  .array(fc.constantFrom('0', '1', '9', '10', '255', '256', '01', '', ' 1', '٣'), {
    minLength: 3,
    maxLength: 5,
  })
  .map((list) => list.join('.'))
const names = fc.oneof(
  piecesOf('a', 'B', '9', '-', '.', 'a.b', '_', 'é', 'ſ', 'K', ' ', 'a'.repeat(62), '\n'),
  fc.integer({ min: 240, max: 260 }).map((length) => 'a.'.repeat(130).slice(0, length)),
)
const emails = fc.oneof(
  piecesOf(
    'a',
    'B.',
    '.',
    '"',
    '\\',
    ' ',
    '@',
    '@b.c',
    '[',
    ']',
    '[IPv6:',
    '::1',
    '1.2.3.4',
    '_',
    'é',
    '\n',
    '\x7f',
  ),
  fc.integer({ min: 60, max: 68 }).map((length) => `${'a'.repeat(length)}@b.c`),
)
const uris = piecesOf(
  'a',
  'http:',
  ':',
  '//',
  '/',
  '?',
  '#',
  '[',
  ']',
  '::1',
  '@',
  '%41',
  '%',
  '%4',
  '%zz',
  '80',
  'b.c',
  '-',
  '1a',
  'é',
  '{',
  ' ',
  '\n',
  '+',
)

const twins: [
  name: string,
  texts: fc.Arbitrary<string>,
  one: (text: string) => boolean,
  other: (text: string) => boolean,
][] = [
  ['IPv4 addresses', numbers, (text) => isIpv4(text), isIPv4],
  ['IPv6 addresses', addresses, (text) => isIpv6(text), isAddress6],
  [
    'IPv6 addresses inside other text',
    addresses,
    (text) => isIpv6(`[[${text}]`, 2, text.length + 2),
    isAddress6,
  ],
  ['host names', names, (text) => isHostname(text), isName],
  ['e-mail addresses', emails, isEmail, isMailbox],
  ['URIs', uris, (text) => isUri(text, true), (text) => isReference(text, true)],
  ['URI references', uris, (text) => isUri(text, false), (text) => isReference(text, false)],
]

describe('texts read character by character mean what regular expressions say', () => {
  for (const [name, texts, one, other] of twins)
    test(name, () => {
      let valid = 0
      fc.assert(
        fc.property(texts, (text) => {
          const expected = other(text)
          if (expected) valid++
          assert.equal(one(text), expected, JSON.stringify(text))
        }),
        { numRuns: 20_000 },
      )
      assert.ok(valid > 50, `${valid} were valid`)
    })

  test('addresses that a generator makes', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => assert.equal(isIpv6(text), isIPv6(text), text)),
      { numRuns: 5000 },
    )
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) =>
        assert.equal(isUri(text, true), isReference(text, true), text),
      ),
    )
    fc.assert(
      fc.property(fc.emailAddress(), (text) => assert.equal(isEmail(text), isMailbox(text), text)),
    )
  })
})
