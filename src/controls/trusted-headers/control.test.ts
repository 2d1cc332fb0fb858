import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { isMethodOverride } from '../../http/hop-by-hop.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { trustedHeaders } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: { securitySchemes: { Key: { type: 'apiKey', in: 'header', name: 'api_key' } } },
  paths: {
    '/orders': {
      get: {
        parameters: [
          { name: 'tenant_id', in: 'header', schema: { type: 'string' } },
          { name: 'X_User', in: 'header', schema: { type: 'string' } },
        ],
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}

const OVERRIDES: readonly [name: string, headers: readonly string[], reason: string | undefined][] =
  [
    ['passes without', ['Accept', '*/*'], undefined],
    ['passes a header that only sounds like one', ['X-Method', 'DELETE'], undefined],
    ['refuses X-HTTP-Method-Override', ['X-HTTP-Method-Override', 'DELETE'], 'method_override'],
    ['refuses X-HTTP-Method', ['X-HTTP-Method', 'DELETE'], 'method_override'],
    ['refuses X-Method-Override', ['X-Method-Override', 'DELETE'], 'method_override'],
    ['refuses it with underscores', ['X_HTTP_Method_Override', 'DELETE'], 'method_override'],
    ['refuses _method', ['_method', 'DELETE'], 'method_override'],
  ]

const DROPPED: readonly [name: string, isDropped: boolean][] = [
  ['x-forwarded-for', true],
  ['x-forwarded-host', true],
  ['forwarded', true],
  ['x-real-ip', true],
  ['true-client-ip', true],
  ['cf-connecting-ip', true],
  ['x-original-url', true],
  ['x-rewrite-url', true],
  ['x-user-id', true],
  ['x_user', true],
  ['x-client-cert', true],
  ['ssl-client-verify', true],
  ['sallyport-identity', true],
  ['sallyport-request-id', true],
  ['x-envoy-original-path', true],
  ['some_name', true],
  ['tenant_id', false],
  ['api_key', false],
  ['authorization', false],
  ['x-request-id', false],
  ['accept', false],
]

suite('trusted-headers', () => {
  const guard = new Bench({ document: SHOP }).guard(trustedHeaders)

  for (const [name, headers, reason] of OVERRIDES) {
    test(name, async () => assertRefused(await guard.request(exchangeOf({ headers })), reason, 400))
  }

  for (const [name, isDropped] of DROPPED) {
    test(`${name} ${isDropped ? 'stays behind' : 'goes on'}`, () =>
      assert.equal(guard.dropsRequest(name), isDropped))
  }

  test('tells once that a client claims an identity, however often it does', async () => {
    const exchange = exchangeOf({
      headers: ['Sallyport-Identity', 'a', 'X-User', 'b', 'X_User', 'c'],
    })
    assert.equal(await guard.request(exchange), undefined)
    assert.deepEqual(
      exchange.events.map(({ name, detail }) => [name, detail]),
      [['malicious_extraneous', 'client sent sallyport-identity']],
    )
  })

  test('is silent about what proxies add honestly', async () => {
    const exchange = exchangeOf({ headers: ['X-Forwarded-For', '1.1.1.1'] })
    await guard.request(exchange)
    assert.deepEqual(exchange.events, [])
  })

  test('tells the API what the gateway saw', () => {
    const exchange = exchangeOf({
      host: 'api.example.com:8443',
      headers: ['X-Forwarded-For', '6.6.6.6', 'X-Forwarded-Proto', 'http'],
    })
    assert.deepEqual(guard.forward(exchange), [
      'x-forwarded-for',
      '203.0.113.7',
      'x-forwarded-proto',
      'https',
      'x-forwarded-host',
      'api.example.com:8443',
      'sallyport-request-id',
      'test-request',
    ])
  })

  test('says http where nobody said https', () => {
    const forwarded = guard.forward(exchangeOf({ tls: null }))
    assert.equal(valueOf(forwarded, 'x-forwarded-proto'), 'http')
  })

  test('no spelling of such a name is passed over', async () => {
    const starts = [
      'x-http-method',
      'x-method-override',
      '-method',
      'sallyport-',
      'x-user',
      'x-u',
      'x-h',
      '',
    ]
    const name = fc
      .tuple(
        fc.constantFrom(...starts),
        fc.string({ unit: fc.constantFrom('-', '_', 'o', 'x'), maxLength: 4 }),
      )
      .chain(([start, rest]) =>
        fc
          .array(fc.constantFrom('-', '_', 'A'), {
            minLength: start.length,
            maxLength: start.length,
          })
          .map(
            (marks) =>
              start
                .split('')
                .map((char, at) => spelled(char, marks[at]))
                .join('') + rest,
          ),
      )
      .filter((text) => text !== '')
    let told = 0
    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        const exchange = exchangeOf({ headers: [text, 'a'] })
        const lower = text.toLowerCase()
        const denied = await guard.request(exchange)
        assert.equal(denied !== undefined, isMethodOverride(lower), text)
        const isIdentity = /^(?:sallyport-|x-user|x_user)/.test(lower)
        const claims = exchange.events.filter(({ reason }) => reason === 'identity_header')
        assert.equal(claims.length, isIdentity ? 1 : 0, text)
        if (denied !== undefined || isIdentity) told += 1
      }),
      { numRuns: 2000 },
    )
    assert.ok(told > 200, `only ${told} were told`)
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      trustedHeaders,
      OVERRIDES.map((row) => row[2]),
    ))
})

/** A character of a name as another spelling has it. */
function spelled(char: string, mark: string | undefined): string {
  if (char === '-') return mark === '_' ? '_' : '-'
  return mark === 'A' ? char.toUpperCase() : char
}
