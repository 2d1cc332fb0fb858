import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { KEY_SET_PATH } from '../../identity/signing/signing-keys.ts'
import type { UpstreamIdentity } from '../../pipeline/policy.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { assertEveryReason, valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import { upstreamIdentity } from './control.ts'

const ok = { responses: { 200: { description: 'ok' } } }
const info = { title: 'Shop', version: '1' }
const SHOP = {
  openapi: '3.1.0',
  info,
  paths: { '/orders': { get: { operationId: 'list', ...ok } } },
}
const WITH_KEYS = { openapi: '3.1.0', info, paths: { [KEY_SET_PATH]: { get: ok }, ...SHOP.paths } }

const SENT: UpstreamIdentity = { iss: 'sallyport', aud: 'shop', isStated: false }
const STATED: UpstreamIdentity = { ...SENT, isStated: true }

function benchOf(identity: UpstreamIdentity | undefined, document: unknown = SHOP): Bench {
  const identities = new Map(identity === undefined ? [] : [['shop', identity]])
  return new Bench({ document, policy: { upstream: { identities } } })
}

function guardOf(bench: Bench): TestGuard {
  return bench.guard(upstreamIdentity)
}

const TARGETS: readonly [name: string, parts: RequestParts, isAnswered: boolean][] = [
  ['answers the path of the keys', { target: KEY_SET_PATH }, true],
  ['answers HEAD too', { target: KEY_SET_PATH, method: 'HEAD' }, true],
  [
    'answers whoever asks, whatever credential is sent',
    { target: KEY_SET_PATH, headers: ['X-API-Key', 'x'] },
    true,
  ],
  ['leaves other methods alone', { target: KEY_SET_PATH, method: 'POST' }, false],
  ['leaves a query alone', { target: `${KEY_SET_PATH}?a=1` }, false],
  ['leaves a closing slash alone', { target: `${KEY_SET_PATH}/` }, false],
  ['leaves other paths alone', { target: '/.well-known/openid-configuration' }, false],
  ['leaves other cases alone', { target: '/.well-known/JWKS.json' }, false],
]

suite('upstream-identity', () => {
  for (const [name, parts, isAnswered] of TARGETS) {
    test(name, async () => {
      const refusal = await guardOf(benchOf(SENT)).request(exchangeOf(parts))
      assert.equal(refusal?.denial.reason, isAnswered ? 'key_set' : undefined)
    })
  }

  test('the answer is the key set that the tokens are verified with', async () => {
    const bench = benchOf(SENT)
    const guard = guardOf(bench)
    const refusal = await guard.request(exchangeOf({ target: KEY_SET_PATH }))
    const { mediaType, body } = refusal?.denial.content ?? {}
    assert.equal(mediaType, 'application/jwk-set+json')
    const [token = ''] = guard.forward(exchangeOf({ site: bench.site('list') })).slice(1)
    const { kid } = decodeProtectedHeader(token)
    const { keys } = JSON.parse(body ?? '') as { keys: { kid: string }[] }
    assert.ok(keys.some((key) => key.kid === kid))
  })

  test('adds one token to what is forwarded, of the time at which it is', () => {
    const bench = benchOf(SENT)
    const exchange = exchangeOf({ site: bench.site('list'), nowMs: bench.clock.nowMs() })
    bench.clock.advance(300_000)
    const tokens = valuesOf(guardOf(bench).forward(exchange), 'Sallyport-Identity')
    assert.equal(tokens.length, 1)
    const { iat, exp, aud } = decodeJwt(tokens[0] ?? '')
    assert.equal(iat, Math.floor(bench.clock.nowMs() / 1000))
    assert.equal(Number(exp) - iat, 60)
    assert.equal(aud, 'shop')
  })

  test('adds none for an API that shall get none', () => {
    const bench = benchOf({ ...SENT })
    const other = {
      ...bench.site('list'),
      operation: { ...bench.site('list').operation, api: 'b' },
    }
    assert.deepEqual(guardOf(bench).forward(exchangeOf({ site: other })), [])
  })

  test('has nothing to do where no API shall get one: then no key is published', () => {
    assert.equal(guardOf(benchOf(undefined)).guard, undefined)
  })

  test('leaves the path to a document that declares it, and still sends tokens', async () => {
    const bench = benchOf(SENT, WITH_KEYS)
    const guard = guardOf(bench)
    assert.equal(await guard.request(exchangeOf({ target: KEY_SET_PATH })), undefined)
    assert.equal(guard.forward(exchangeOf({ site: bench.site('list') })).length, 2)
  })

  test('refuses such a document where the API is said to check tokens', () => {
    assert.throws(
      () => guardOf(benchOf(STATED, WITH_KEYS)),
      /declares GET \/.well-known\/jwks.json/,
    )
  })

  test('a document under another base path has its own', () => {
    const bench = new Bench({
      document: WITH_KEYS,
      publicBase: '/shop',
      policy: { upstream: { identities: new Map([['shop', STATED]]) } },
    })
    assert.notEqual(guardOf(bench).guard?.onRequest, undefined)
  })

  test('the rows reach every reason', () => assertEveryReason(upstreamIdentity, ['key_set']))
})
