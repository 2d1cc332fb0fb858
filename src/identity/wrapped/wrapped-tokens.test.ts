import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ephemeralSecrets, parseSecrets } from '../../store/secrets-file.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import { encode } from '../tokens/testing/token-forge.ts'
import { openText, sealText } from './sealed-text.ts'
import { SEALING_PERIOD_MS, SealingKeys } from './sealing-keys.ts'
import type { WrapRule } from './wrap-rule.ts'
import { WrappedTokens } from './wrapped-tokens.ts'

const NOW = 1_800_000_000_000
const HOUR_MS = 3_600_000

const RULE: WrapRule = {
  api: undefined,
  operations: ['login'],
  place: { in: 'field', path: ['token'] },
  subject: { from: 'token', path: ['sub'] },
  claims: [{ from: 'token', path: ['roles'] }],
  lifeMs: 12 * HOUR_MS,
  logout: [],
  opens: new Map(),
}
const REFRESH: WrapRule = {
  ...RULE,
  place: { in: 'field', path: ['refresh'] },
  opens: new Map([['refresh', ['refresh']]]),
}

const jwt = (claims: object): string => `${encode({ alg: 'HS256' })}.${encode(claims)}.c2lnbmF0dXJl`
const OWN = jwt({ sub: 'ann', roles: ['agent'], tenant: 't1' })
const NOTHING = { response: undefined, request: undefined }

function tokensOf(
  part: { api?: string; rules?: readonly WrapRule[]; secrets?: Secrets } = {},
): WrappedTokens {
  const { api = 'shop', rules = [RULE], secrets = SECRETS } = part
  const claimPaths = { roles: ['roles'], groups: ['groups'] }
  return new WrappedTokens({ api, rules, keys: new SealingKeys(secrets), claimPaths })
}

const SECRETS = ephemeralSecrets()

function sealed(token = OWN, rule: WrapRule = RULE, context: object = {}): string {
  const text = tokensOf().seal(token, { ...NOTHING, ...context }, { rule, nowMs: NOW })
  assert.ok(typeof text === 'string', JSON.stringify(text))
  return text
}

const outcome = (tokens: WrappedTokens, text: string, nowMs = NOW): string => {
  const found = tokens.open(text, nowMs)
  return 'reason' in found ? found.reason : found.principal.id
}

suite('wrapped tokens', () => {
  test('open as who they stand for, with what the policy names and nothing else', () => {
    const found = tokensOf().open(sealed(), NOW)
    assert.ok('principal' in found)
    const { principal, appToken } = found
    assert.equal(appToken, OWN)
    assert.deepEqual(
      [principal.id, principal.kind, principal.subject, principal.roles, { ...principal.claims }],
      ['wrapped:shop|ann', 'wrapped', 'ann', ['agent'], { roles: ['agent'] }],
    )
    assert.equal(principal.expiresAtMs, NOW + 12 * HOUR_MS)
  })

  test('stand for the same object each time, so that others can remember it', () => {
    const tokens = tokensOf()
    const text = sealed()
    const [one, two] = [tokens.open(text, NOW), tokens.open(text, NOW + 1)]
    assert.ok('principal' in one && 'principal' in two && one.principal === two.principal)
  })

  const ends: [name: string, claims: object, endMs: number][] = [
    ['their own exp', { sub: 'a', exp: NOW / 1000 + 60 }, NOW + 60_000],
    [
      'the life of the policy where exp is later',
      { sub: 'a', exp: NOW / 1000 + 1e6 },
      NOW + 12 * HOUR_MS,
    ],
    ['the life of the policy where exp is no time', { sub: 'a', exp: 'never' }, NOW + 12 * HOUR_MS],
  ]
  for (const [name, claims, endMs] of ends)
    test(`end with ${name}, remembered or not`, () => {
      const text = sealed(jwt(claims))
      const tokens = tokensOf()
      assert.equal(outcome(tokens, text, endMs - 1), 'wrapped:shop|a')
      assert.equal(outcome(tokens, text, endMs), 'token_expired')
      assert.equal(outcome(tokensOf(), text, endMs), 'token_expired')
    })

  const sources: [
    name: string,
    rule: Partial<WrapRule>,
    context: object,
    subject: string | undefined,
  ][] = [
    ['a claim inside a claim', { subject: { from: 'token', path: ['user', 'id'] } }, {}, '7'],
    [
      'a member of the answer',
      { subject: { from: 'response', path: ['user', 'id'] } },
      { response: { user: { id: 9 } } },
      '9',
    ],
    [
      'a member of the request',
      { subject: { from: 'request', path: ['email'] } },
      { request: { email: 'a@x' } },
      'a@x',
    ],
    ['nobody, where it is missing', { subject: { from: 'token', path: ['no'] } }, {}, undefined],
    ['nobody, where it is no name', { subject: { from: 'token', path: ['user'] } }, {}, undefined],
    [
      'nobody, where it is inherited',
      { subject: { from: 'token', path: ['constructor', 'name'] } },
      {},
      undefined,
    ],
    [
      'nobody, where it is empty',
      { subject: { from: 'response', path: ['id'] } },
      { response: { id: '' } },
      undefined,
    ],
    [
      'nobody, where a number is not exact',
      { subject: { from: 'response', path: ['id'] } },
      { response: { id: 2 ** 60 } },
      undefined,
    ],
    [
      'nobody, where it holds controls',
      { subject: { from: 'response', path: ['id'] } },
      { response: { id: 'a\n' } },
      undefined,
    ],
  ]
  for (const [name, part, context, subject] of sources)
    test(`stand for ${name}`, () => {
      const rule = { ...RULE, ...part }
      const token = jwt({ user: { id: 7 } })
      const text = tokensOf().seal(token, { ...NOTHING, ...context }, { rule, nowMs: NOW })
      if (typeof text !== 'string') return assert.equal(subject, undefined, text.fault)
      return assert.equal(outcome(tokensOf(), text), `wrapped:shop|${subject}`)
    })

  const unfit: [name: string, token: string][] = [
    ['too short to be found', 'abc'],
    ['too long for a field', `a.${'x'.repeat(4096)}.b`],
    ['with a blank', 'abcdefgh ijkl'],
    ['with what ends a cookie', 'abcdefgh;ijkl'],
    ['with a line end', 'abcdefgh\nijkl'],
  ]
  for (const [name, token] of unfit)
    test(`are not made of a token ${name}`, () => {
      const rule: WrapRule = { ...RULE, subject: { from: 'request', path: ['id'] } }
      const found = tokensOf().seal(
        token,
        { ...NOTHING, request: { id: '1' } },
        { rule, nowMs: NOW },
      )
      assert.ok(typeof found === 'object')
    })

  test('the longest token fits in a field once it is sealed', () => {
    const rule: WrapRule = {
      ...RULE,
      subject: { from: 'request', path: ['id'] },
      claims: [{ from: 'request', path: ['c'] }],
    }
    const request = { id: 's'.repeat(512), c: 'c'.repeat(750) }
    const text = tokensOf().seal('t'.repeat(4096), { ...NOTHING, request }, { rule, nowMs: NOW })
    assert.ok(typeof text === 'string' && text.length <= 7680)
  })

  test('claims that are too long are not sealed', () => {
    const text = tokensOf().seal(jwt({ sub: 'a', roles: ['x'.repeat(800)] }), NOTHING, {
      rule: RULE,
      nowMs: NOW,
    })
    assert.ok(typeof text === 'object')
  })
})

suite('forgeries', () => {
  const forged: [name: string, text: () => string, tokens: () => WrappedTokens, reason: string][] =
    [
      ['the API’s own token', () => OWN, tokensOf, 'token_raw'],
      ['nothing', () => '', tokensOf, 'token_raw'],
      ['the prefix alone', () => 'spw_', tokensOf, 'token_forged'],
      [
        'random bytes',
        () => `spw_${randomBytes(200).toString('base64url')}`,
        tokensOf,
        'token_forged',
      ],
      ['one of another API', sealed, () => tokensOf({ api: 'other' }), 'token_forged'],
      [
        'one of another installation',
        sealed,
        () => tokensOf({ secrets: ephemeralSecrets() }),
        'token_forged',
      ],
      ['a refresh token as a credential', () => sealed(OWN, REFRESH), tokensOf, 'token_forged'],
      ['one with padding', () => `${sealed()}=`, tokensOf, 'token_forged'],
      [
        'one in the other alphabet',
        () => `spw_${Buffer.from(sealed().slice(4), 'base64url').toString('base64')}=`,
        tokensOf,
        'token_forged',
      ],
    ]
  for (const [name, text, tokens, reason] of forged)
    test(`${name} is refused`, () => {
      assert.equal(outcome(tokens(), text()), reason)
    })

  test('a credential is refused where a refresh token is asked for', () => {
    const found = tokensOf({ rules: [RULE, REFRESH] }).openBody(sealed(), REFRESH, NOW)
    assert.deepEqual(found, { reason: 'token_forged' })
    assert.equal(tokensOf().openBody(sealed(OWN, REFRESH), REFRESH, NOW), OWN)
  })

  test('every change of a character is refused', () => {
    const text = sealed()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const at = fc.integer({ min: 4, max: text.length - 1 })
    fc.assert(
      fc.property(at, fc.constantFrom(...alphabet.split('')), (index, letter) => {
        fc.pre(text[index] !== letter)
        const changed = text.slice(0, index) + letter + text.slice(index + 1)
        assert.equal(outcome(tokensOf(), changed), 'token_forged')
      }),
      { numRuns: 300 },
    )
  })

  test('any text at all is refused and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.string(), (text) => assert.match(outcome(tokensOf(), text), /^token_/)),
    )
    fc.assert(
      fc.property(fc.base64String(), (text) =>
        assert.equal(outcome(tokensOf(), `spw_${text}`), 'token_forged'),
      ),
    )
  })

  test('what is sealed is not to be read, and never the same twice', () => {
    const [one, two] = [sealed(), sealed()]
    assert.notEqual(one, two)
    const bytes = Buffer.from(one.slice(4), 'base64url')
    assert.equal(bytes.includes('ann') || bytes.includes(OWN.slice(0, 10)), false)
  })
})

suite('keys', () => {
  const at = (keys: SealingKeys, nowMs: number, text: string): string | undefined =>
    openText(keys, text, { purpose: 'p', nowMs })?.toString()
  const seal = (keys: SealingKeys): string =>
    sealText(keys, Buffer.from('x'), { purpose: 'p', nowMs: NOW })

  test('any bytes come back as they were, for their purpose alone', () => {
    const keys = new SealingKeys(SECRETS)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string(), (bytes, purpose) => {
        const text = sealText(keys, Buffer.from(bytes), { purpose, nowMs: NOW })
        assert.deepEqual(openText(keys, text, { purpose, nowMs: NOW }), Buffer.from(bytes))
        assert.equal(openText(keys, text, { purpose: `${purpose}x`, nowMs: NOW }), undefined)
      }),
    )
  })

  test('what one period sealed opens in the next and not after it', () => {
    const keys = new SealingKeys(SECRETS)
    const text = seal(keys)
    assert.equal(at(keys, NOW + SEALING_PERIOD_MS, text), 'x')
    assert.equal(at(keys, NOW + 2 * SEALING_PERIOD_MS, text), undefined)
    assert.equal(at(keys, NOW - 2 * SEALING_PERIOD_MS, text), undefined)
  })

  test('each period has a key of its own', () => {
    const keys = new SealingKeys(SECRETS)
    const one = keys.current(NOW).key.export()
    assert.notDeepEqual(keys.current(NOW + SEALING_PERIOD_MS).key.export(), one)
    assert.deepEqual(new SealingKeys(SECRETS).current(NOW).key.export(), one)
  })

  test('a replaced secret opens for as long as the file keeps it', () => {
    const key = (): string => randomBytes(32).toString('base64url')
    const [first, second, pepper] = [key(), key(), key()]
    const file = (current: number, keys: object): Secrets =>
      parseSecrets(
        JSON.stringify({
          format: 1,
          currentPepper: 1,
          peppers: { 1: pepper },
          currentSealingKey: current,
          sealingKeys: keys,
        }),
        'x',
      )
    const text = seal(new SealingKeys(file(1, { 1: first })))
    const both = new SealingKeys(file(2, { 1: first, 2: second }))
    assert.equal(at(both, NOW, text), 'x')
    assert.equal(both.current(NOW).version, 2)
    assert.equal(at(new SealingKeys(file(2, { 2: second })), NOW, text), undefined)
  })
})
