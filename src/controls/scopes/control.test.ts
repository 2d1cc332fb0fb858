import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { CredentialKind, Principal } from '../../identity/principal.ts'
import type { MetAlternative } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { scopes } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      oauth: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example.com' },
      key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    },
  },
  paths: {
    '/orders': { get: { operationId: 'list', security: [{ oauth: ['orders:read'] }], ...ok } },
    '/open': { get: { operationId: 'open', security: [{ oauth: [] }], ...ok } },
    '/public': { get: { operationId: 'public', security: [], ...ok } },
    '/plain': { get: { operationId: 'plain', ...ok } },
  },
}

function caller(kind: CredentialKind, owned: readonly string[]): Principal {
  return { ...ANONYMOUS, id: `${kind}:1`, kind, scopes: new Set(owned) }
}

type Proof = readonly [kind: CredentialKind, owned: readonly string[], asked: readonly string[]]

function met(...proofs: readonly Proof[]): MetAlternative {
  return {
    proofs: proofs.map(([kind, owned, asked]) => ({
      principal: caller(kind, owned),
      scopes: asked,
    })),
  }
}

/** `challenge`: what is missing, as the field names it; `undefined`: lets pass. */
const cases: [name: string, met: readonly MetAlternative[], challenge: string | undefined][] = [
  ['lets a token with the scope pass', [met(['jwt', ['orders:read'], ['orders:read']])], undefined],
  [
    'lets a token with more scopes pass',
    [met(['jwt', ['a', 'orders:read', 'b'], ['orders:read']])],
    undefined,
  ],
  ['refuses a token without scopes', [met(['jwt', [], ['orders:read']])], 'orders:read'],
  [
    'refuses a scope that only begins alike',
    [met(['jwt', ['orders:readall'], ['orders:read']])],
    'orders:read',
  ],
  [
    'refuses a wildcard nobody declared',
    [met(['jwt', ['orders:*', '*'], ['orders:read']])],
    'orders:read',
  ],
  ['refuses one of two scopes and names the other', [met(['jwt', ['a'], ['a', 'b']])], 'b'],
  [
    'names all that is missing in one challenge, each once',
    [met(['jwt', [], ['a', 'b']], ['apiKey', [], ['b', 'c']])],
    'a b c',
  ],
  [
    'asks each of two credentials for its own scopes',
    [met(['jwt', ['a'], ['a']], ['apiKey', ['a'], ['b']])],
    'b',
  ],
  [
    'lets pass when one of two alternatives is complete',
    [met(['jwt', [], ['a']]), met(['apiKey', ['b'], ['b']])],
    undefined,
  ],
  [
    'names the alternative that is nearest',
    [met(['jwt', [], ['a', 'b']]), met(['apiKey', [], ['c']])],
    'c',
  ],
  ['lets an alternative pass that asks for nothing', [met()], undefined],
  [
    'leaves the scopes of a credential to the API that checks it',
    [met(['upstream', [], ['orders:read']])],
    undefined,
  ],
  [
    'asks for the scopes of the credential that was checked here beside it',
    [met(['upstream', [], ['x']], ['apiKey', [], ['orders:read']])],
    'orders:read',
  ],
]

suite('scopes', () => {
  for (const [name, alternatives, challenge] of cases) {
    test(name, async () => {
      const exchange = exchangeOf()
      exchange.met = alternatives
      const refusal = await new Bench({ document: DOCUMENT })
        .guard(scopes, 'list')
        .request(exchange)
      assertRefused(refusal, challenge === undefined ? undefined : 'insufficient_scope')
      if (challenge === undefined) return
      assert.equal(refusal?.spec.status, 403)
      assert.equal(
        valueOf(refusal.denial.headers, 'WWW-Authenticate'),
        `Bearer error="insufficient_scope", scope="${challenge}"`,
      )
    })
  }

  test('refuses who met nothing at all', async () => {
    const refusal = await new Bench({ document: DOCUMENT })
      .guard(scopes, 'list')
      .request(exchangeOf())
    assertRefused(refusal, 'insufficient_scope', 403)
    assert.equal(refusal?.denial.headers, undefined)
  })

  test('a scope that would break the field stays out of it', async () => {
    const exchange = exchangeOf()
    exchange.met = [met(['jwt', [], ['a"b']])]
    const refusal = await new Bench({ document: DOCUMENT }).guard(scopes, 'list').request(exchange)
    const challenge = valueOf(refusal?.denial.headers, 'WWW-Authenticate')
    assert.equal(challenge, 'Bearer error="insufficient_scope"')
  })

  for (const id of ['open', 'public', 'plain']) {
    test(`has nothing to do where no scope is asked for: ${id}`, () => {
      assert.equal(new Bench({ document: DOCUMENT }).guard(scopes, id).guard, undefined)
    })
  }

  test('has nothing to do without an operation', () => {
    assert.equal(new Bench().guard(scopes).guard, undefined)
  })

  test('every reason is reached', () => {
    assertEveryReason(scopes, ['insufficient_scope'])
  })
})
