import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from '../../../base/config-error.ts'
import { parseIssuer, parseJwks } from './jwt.ts'
import {
  isLoopbackHost,
  isInsideHost,
  isPublicHostName,
  parseAddress,
  parseAddressAndPort,
  parseHostName,
  parseUrlHost,
  parseOrigin,
  parseUpstreamUrl,
} from './network.ts'
import {
  parseBasePath,
  parseClaimPath,
  parseFileReference,
  parseHeaderAlias,
  parsePathPattern,
  parseReference,
  parseSink,
  parseSocketAddress,
  parseUntil,
} from './text.ts'
import { parseStore } from './store.ts'

type Parse = (text: string, path: string) => unknown

const read: [name: string, parse: Parse, text: string, value: unknown][] = [
  ['a host name in capitals', parseHostName, 'API.Example.COM', 'api.example.com'],
  ['an international host name', parseHostName, 'bücher.example', 'xn--bcher-kva.example'],
  ['a host with its port', parseUrlHost, 'Billing.internal:8080', 'billing.internal:8080'],
  ['a host without', parseUrlHost, 'hooks.example.com', 'hooks.example.com'],
  ['an address with its port', parseUrlHost, '127.0.0.1:8888', '127.0.0.1:8888'],
  ['an IPv6 address with its port', parseUrlHost, '[::1]:80', '[::1]:80'],
  ['a wildcard for one label', parseHostName, '*.example.com', '*.example.com'],
  ['an IPv6 address in brackets', parseHostName, '[2001:DB8::1]', '2001:db8::1'],
  ['an exact origin', parseOrigin, 'https://a.example.com:8443', 'https://a.example.com:8443'],
  ['localhost as an address', parseAddress, 'localhost', '127.0.0.1'],
  ['a port alone', parseAddressAndPort, '9090', { port: 9090, address: undefined }],
  ['an IPv6 address and a port', parseAddressAndPort, '[::1]:9090', { port: 9090, address: '::1' }],
  ['a reference to the environment', parseReference, 'env:A_1', { kind: 'env', name: 'A_1' }],
  ['a reference to a file', parseReference, 'file:a b.pem', { kind: 'file', path: 'a b.pem' }],
  ['a claim', parseClaimPath, 'claims.roles', ['roles']],
  [
    'a claim within a claim',
    parseClaimPath,
    'claims.realm_access.roles',
    ['realm_access', 'roles'],
  ],
  ['a claim with a colon', parseClaimPath, 'claims.cognito:groups', ['cognito:groups']],
  ['a claim named by a URL', parseClaimPath, 'claims["https://a.b/r"].x', ['https://a.b/r', 'x']],
  ['a day', parseUntil, '2026-12-06', Date.UTC(2026, 11, 6)],
  ['a moment', parseUntil, '2026-12-06T08:30:00+02:00', Date.UTC(2026, 11, 6, 6, 30)],
  ['a leap day', parseUntil, '2028-02-29', Date.UTC(2028, 1, 29)],
  ['a sink', parseSink, 'file:a.log', { kind: 'file', path: 'a.log' }],
  ['a store in memory', parseStore, 'memory:', { kind: 'memory' }],
  [
    'a PostgreSQL',
    parseStore,
    'postgres://sallyport@db.example.com:5432/sallyport',
    { kind: 'postgres', url: 'postgres://sallyport@db.example.com:5432/sallyport' },
  ],
  [
    'a store that the environment names',
    parseStore,
    'env:DATABASE_URL',
    { kind: 'reference', reference: { kind: 'env', name: 'DATABASE_URL' } },
  ],
  ['a header spelling', parseHeaderAlias, 'X-Rate-Limit-*', 'X-Rate-Limit-'],
  ['a base path with a slash at the end', parseBasePath, '/v1/', '/v1'],
  ['the root as base path', parseBasePath, '/', ''],
  ['a path pattern', parsePathPattern, '/admin/{id}/*', '/admin/{id}/*'],
  ['an issuer that is no URL', parseIssuer, 'urn:example', 'urn:example'],
  [
    'keys on loopback',
    parseJwks,
    'http://127.0.0.1:1/k',
    { kind: 'url', url: 'http://127.0.0.1:1/k' },
  ],
]
for (const [name, parse, text, value] of read) {
  test(`reads ${name}`, () => assert.deepEqual(parse(text, 'here'), value))
}

const refused: [name: string, parse: Parse, text: string][] = [
  ['a host name with a port', parseHostName, 'a.example.com:443'],
  ['a port too high', parseUrlHost, 'a.example.com:65536'],
  ['a port without a host', parseUrlHost, ':80'],
  ['a URL in place of a host', parseUrlHost, 'http://a.example.com:80'],
  ['a host name with a scheme', parseHostName, 'https://a.example.com'],
  ['half an address as host name', parseHostName, '10.0.0'],
  ['a wildcard inside a name', parseHostName, 'a.*.com'],
  ['a lone wildcard', parseHostName, '*'],
  ['an empty host name', parseHostName, ''],
  ['an origin with a path', parseOrigin, 'https://a.example.com/'],
  ['an origin in capitals', parseOrigin, 'https://A.example.com'],
  ['an origin with the default port', parseOrigin, 'https://a.example.com:443'],
  ['an origin with a wildcard', parseOrigin, 'https://*.example.com'],
  ['the origin null', parseOrigin, 'null'],
  ['an origin of another scheme', parseOrigin, 'ftp://a.example.com'],
  ['a port past the last', parseAddressAndPort, '65536'],
  ['a name in place of an address', parseAddress, 'example.com'],
  ['an upstream with a query', parseUpstreamUrl, 'http://localhost/?a=1'],
  ['an upstream with an empty fragment', parseUpstreamUrl, 'http://localhost/#'],
  ['an upstream of another scheme', parseUpstreamUrl, 'ftp://localhost'],
  ['an upstream with one slash', parseUpstreamUrl, 'http:/localhost'],
  ['a literal secret', parseReference, 'hunter2'],
  ['a reference without name', parseReference, 'env:'],
  ['a file reference of another kind', parseFileReference, 'env:X'],
  ['a claim without its beginning', parseClaimPath, 'roles'],
  ['a claim with an empty step', parseClaimPath, 'claims..roles'],
  ['a day that is none', parseUntil, '2026-13-01'],
  ['a day in February that is none', parseUntil, '2027-02-29'],
  ['a moment without zone', parseUntil, '2026-12-06T08:30:00'],
  ['a moment on a day that is none', parseUntil, '2026-02-30T08:30:00Z'],
  ['a sink that is none', parseSink, 'syslog'],
  ['a socket that is none', parseSocketAddress, '8080'],
  ['a store that is none', parseStore, 'mysql://x'],
  ['a PostgreSQL without a database', parseStore, 'postgres://h'],
  ['a PostgreSQL with its password', parseStore, 'postgres://u:p@h/d'],
  ['a PostgreSQL with parameters', parseStore, 'postgres://h/d?sslmode=disable'],
  ['a header spelling without star', parseHeaderAlias, 'X-Rate-Limit'],
  ['a header spelling with a line break', parseHeaderAlias, 'X-\r\nA-*'],
  ['a base path that climbs', parseBasePath, '/a/../b'],
  ['a base path without slash', parseBasePath, 'v1'],
  ['a base path with two', parseBasePath, '//evil'],
  ['a path pattern with a star in a segment', parsePathPattern, '/a*'],
  ['a path pattern with a query', parsePathPattern, '/a?b'],
  ['an empty issuer', parseIssuer, ''],
  ['keys in clear from the network', parseJwks, 'http://id.example.com/k'],
  ['keys with credentials', parseJwks, 'https://a:b@id.example.com/k'],
]
for (const [name, parse, text] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => parse(text, 'here'),
      (error: unknown) => error instanceof ConfigError && error.faults[0]?.path === 'here',
    )
  })
}

const secretive: [name: string, parse: Parse][] = [
  ['a reference', parseReference],
  ['a file reference', parseFileReference],
  ['an upstream', parseUpstreamUrl],
  ['a store', parseStore],
]
for (const [name, parse] of secretive) {
  test(`does not repeat what was written for ${name}, it may be a secret`, () => {
    assert.throws(
      () => parse('postgres://u:hunter2@h', 'here'),
      (error: unknown) => error instanceof Error && !error.message.includes('hunter2'),
    )
  })
}

test('any text is a value or a ConfigError', () => {
  const parsers = new Set([...read, ...refused].map(([, parse]) => parse))
  const pieces = fc.constantFrom(
    'claims',
    '.',
    '["',
    '"]',
    'http://',
    '/',
    '*',
    ':',
    '::1',
    '2026-01-01',
    'file:',
  )
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 6 }).map((p) => p.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      for (const parse of parsers) {
        try {
          parse(text, '')
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error))
        }
      }
    }),
  )
})

const insideHosts: [host: string, isInside: boolean][] = [
  ['localhost', true],
  ['127.0.0.2', true],
  ['10.1.2.3', true],
  ['172.31.255.255', true],
  ['172.32.0.0', false],
  ['192.168.0.1', true],
  ['100.64.0.1', true],
  ['[fd12::1]', true],
  ['fe80::1', true],
  ['[2001:db8::1]', false],
  ['203.0.113.7', false],
  ['orders', true],
  ['orders.internal', true],
  ['orders.shop.svc', true],
  ['ORDERS.svc.cluster.local', true],
  ['orders.example.com', false],
  ['10.0.0.1.example.com', false],
]
for (const [host, isInside] of insideHosts) {
  test(`${host} is ${isInside ? '' : 'not '}inside`, () =>
    assert.equal(isInsideHost(host), isInside))
}

const hosts: [host: string, isLoopback: boolean, isPublic: boolean][] = [
  ['localhost', true, false],
  ['api.localhost', true, false],
  ['127.9.9.9', true, false],
  ['[::1]', true, false],
  ['127.0.0.1.evil.com', false, true],
  ['localhost.evil.com', false, true],
  ['10.0.0.1', false, false],
  ['gateway', false, false],
  ['gw.internal', false, false],
  ['nas.home.arpa', false, false],
  ['api.example.com', false, true],
  ['*.example.com', false, true],
]
for (const [host, isLoopback, isPublic] of hosts) {
  test(`${host} is ${isLoopback ? '' : 'not '}loopback and ${isPublic ? '' : 'not '}public`, () => {
    assert.equal(isLoopbackHost(host), isLoopback)
    assert.equal(isPublicHostName(host), isPublic)
  })
}
