import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FetchError, fetchJson } from './fetch-guard.ts'
import { parseIssuer } from './issuer-settings.ts'
import type { IssuerRequest } from './issuer-settings.ts'
import { keySource } from './key-source.ts'
import { keySetDocument } from './testing/token-forge.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-jwks-'))
const TRUSTED = new Set(['127.0.0.1'])
let origin = ''
let hits: string[] = []
const sendJson = (response: ServerResponse, value: unknown): void => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const ANSWERS: Record<string, Answer> = {
  '/jwks': (_, response) => sendJson(response, keySetDocument()),
  '/jwk-set-type': (_, response) =>
    response
      .setHeader('content-type', 'application/jwk-set+json; charset=utf-8')
      .end('{"keys":[]}'),
  '/redirect': (_, response) => response.writeHead(302, { location: '/jwks' }).end(),
  '/html': (_, response) => response.setHeader('content-type', 'text/html').end('{}'),
  '/broken': (_, response) =>
    response.setHeader('content-type', 'application/json').end('{"a":1,"a":2}'),
  '/big': (_, response) =>
    response.setHeader('content-type', 'application/json').end(`"${'x'.repeat(1024 * 1024)}"`),
  '/reset': (request) => request.socket.destroy(),
  '/oidc/.well-known/openid-configuration': (_, response) =>
    sendJson(response, { issuer: `${origin}/oidc`, jwks_uri: `${origin}/jwks` }),
  '/.well-known/oauth-authorization-server/oauth': (_, response) =>
    sendJson(response, { issuer: `${origin}/oauth`, jwks_uri: `${origin}/jwks` }),
  '/.well-known/oauth-authorization-server/impostor': (_, response) =>
    sendJson(response, { issuer: `${origin}/oauth`, jwks_uri: `${origin}/jwks` }),
  '/.well-known/oauth-authorization-server/mixed': (_, response) =>
    sendJson(response, {
      issuer: `${origin}/mixed`,
      jwks_uri: `${origin.replace('127.0.0.1', '127.0.0.2')}/jwks`,
    }),
  '/.well-known/oauth-authorization-server/file': (_, response) =>
    sendJson(response, { issuer: `${origin}/file`, jwks_uri: 'file:///etc/passwd' }),
}

const server = createServer((request, response) => {
  const path = request.url ?? ''
  hits.push(path)
  const answer = ANSWERS[path]
  if (answer === undefined)
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
  else answer(request, response)
})
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

const fails = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof FetchError && error.code === code && pattern.test(error.message)

test('fetches JSON, also of the type of a JWK Set', async () => {
  assert.deepEqual(await fetchJson(`${origin}/jwks`, TRUSTED), keySetDocument())
  assert.deepEqual(await fetchJson(`${origin}/jwk-set-type`, TRUSTED), { keys: [] })
})

const REFUSED: [name: string, path: string, code: string, pattern: RegExp][] = [
  ['follows no redirect', '/redirect', 'failed', /answered 302/],
  ['refuses another media type', '/html', 'failed', /without JSON/],
  ['refuses JSON with repeated members', '/broken', 'failed', /duplicate_key/],
  ['stops at 1 MiB', '/big', 'failed', /more than 1048576 bytes/],
  ['reports a connection that breaks', '/reset', 'failed', /127/],
  ['reports what is not there', '/none', 'failed', /answered 404/],
]
for (const [name, path, code, pattern] of REFUSED)
  test(name, async () => {
    hits = []
    await assert.rejects(fetchJson(origin + path, TRUSTED), fails(code, pattern))
    assert.deepEqual(hits, [path])
  })

test('what is blocked is blocked before a connection is made', async () => {
  hits = []
  const port = new URL(origin).port
  const blocked: [url: string, trusted: ReadonlySet<string>][] = [
    [`${origin}/jwks`, new Set()],
    [`http://localhost:${port}/jwks`, new Set(['127.0.0.1'])],
    [`http://[::ffff:127.0.0.1]:${port}/jwks`, new Set()],
    ['http://169.254.169.254/latest', new Set(['169.254.169.254'])],
    ['https://169.254.169.254/latest', new Set()],
    ['https://10.0.0.1/jwks', new Set()],
    ['http://192.0.2.1/jwks', new Set(['192.0.2.1'])],
    [`http://a:b@127.0.0.1:${port}/jwks`, TRUSTED],
    ['file:///etc/passwd', TRUSTED],
    ['data:application/json,{}', TRUSTED],
    ['nonsense', TRUSTED],
  ]
  for (const [url, trusted] of blocked)
    await assert.rejects(fetchJson(url, trusted), fails('blocked', /./), url)
  assert.deepEqual(hits, [])
})

function source(part: Partial<IssuerRequest> & { iss: string }) {
  return keySource(parseIssuer({ audience: ['a'], ...part }, 'x'))
}

test('reads keys of a file and of a URL', async () => {
  const file = join(folder, 'jwks.json')
  writeFileSync(file, JSON.stringify(keySetDocument()))
  assert.equal((await source({ iss: 'me', jwks: { file } })()).keys.length, 4)
  assert.equal((await source({ iss: 'me', jwks: { url: `${origin}/jwks` } })()).keys.length, 4)
})

for (const iss of ['/oauth', '/oidc'])
  test(`finds the keys through the metadata of ${iss}`, async () =>
    assert.equal((await source({ iss: origin + iss })()).keys.length, 4))

const NO_KEYS: [name: string, iss: string, code: string, pattern: RegExp][] = [
  ['metadata of another issuer', '/impostor', 'failed', /another issuer/],
  ['metadata that leads to another inside host', '/mixed', 'blocked', /127\.0\.0\.2/],
  ['metadata that leads to a file', '/file', 'blocked', /file:/],
  ['an issuer without metadata', '/nobody', 'failed', /answered 404/],
]
for (const [name, iss, code, pattern] of NO_KEYS)
  test(`takes no keys from ${name}`, async () => {
    hits = []
    await assert.rejects(source({ iss: origin + iss })(), fails(code, pattern))
    assert.ok(!hits.includes('/jwks'), 'the keys were not asked for')
  })

test('reports a file that is no JWK Set', async () => {
  const file = join(folder, 'other.json')
  writeFileSync(file, '[]')
  await assert.rejects(source({ iss: 'me', jwks: { file } })(), fails('failed', /no JWK Set/))
  await assert.rejects(source({ iss: 'me', jwks: { file: join(folder, 'none') } })())
})
