import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderTable } from './header-table.ts'
import {
  connectionOptions,
  isDroppedRequestField,
  isHopByHop,
  isMethodOverride,
  isProtectedOption,
  isTrustField,
} from './hop-by-hop.ts'

const fields: [name: string, field: string, isDropped: boolean][] = [
  ['drops connection', 'connection', true],
  ['drops te', 'te', true],
  ['drops upgrade', 'upgrade', true],
  ['drops proxy credentials', 'proxy-authorization', true],
  ['drops a forged address', 'x-forwarded-for', true],
  ['drops any field that begins like forwarding', 'x-forwarded-prefix', true],
  ['drops the standard forwarding field', 'forwarded', true],
  ['drops a forged user', 'x-user-id', true],
  ['drops the underscore twin of a forged user', 'x_user', true],
  ['drops the mixed twin of a forged address', 'x-forwarded_for', true],
  ['drops any underscore name', 'my_field', true],
  ['drops the fields of the gateway', 'sallyport-identity', true],
  ['drops a rewritten target', 'x-original-url', true],
  ['drops a method override', 'x-http-method-override', true],
  ['drops a certificate field', 'ssl-client-verify', true],
  ['drops the fields of Envoy', 'x-envoy-internal', true],
  ['drops what CGI would take as the proxy to use', 'proxy', true],
  ['drops the consumer that other gateways name', 'x-consumer-id', true],
  ['drops the user that other gateways vouch for', 'x-authenticated-userid', true],
  ['drops the user of a web server', 'remote-user', true],
  ['keeps the credential', 'authorization', false],
  ['keeps private fields', 'x-tenant', false],
  ['keeps content fields', 'content-type', false],
]
for (const [name, field, isDropped] of fields)
  test(name, () => assert.equal(isDroppedRequestField(field), isDropped))

test('knows hop-by-hop fields of both directions', () => {
  assert.deepEqual(
    ['keep-alive', 'transfer-encoding', 'proxy-authenticate', 'etag'].map(isHopByHop),
    [true, true, true, false],
  )
})

test('knows method overrides and trust fields apart from others', () => {
  assert.deepEqual(
    ['x-method-override', 'x_http_method', '_method', 'x-method'].map(isMethodOverride),
    [true, true, true, false],
  )
  assert.deepEqual(['cf-connecting-ip', 'x_real_ip', 'x-requested-with'].map(isTrustField), [
    true,
    true,
    false,
  ])
})

test('reads the options of every connection field', () => {
  assert.deepEqual(
    connectionOptions(new HeaderTable(['Connection', 'Close, , TE', 'connection', 'X-A'])),
    ['close', 'te', 'x-a'],
  )
  assert.equal(connectionOptions(new HeaderTable(['Connection', 'a b'])), undefined)
  assert.deepEqual(connectionOptions(new HeaderTable([])), [])
})

test('protects end-to-end fields from being named in connection', () => {
  const names = [
    'cookie',
    'if-match',
    'x-forwarded-proto',
    'content_length',
    'host',
    'x-user',
    'x-key',
    'te',
    'x-private',
  ]
  assert.deepEqual(
    names.map((name) => isProtectedOption(name, new Set(['x-key']))),
    [true, true, true, true, true, true, true, false, false],
  )
})
