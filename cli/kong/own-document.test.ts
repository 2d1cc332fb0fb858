import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { parse } from 'yaml'
import { freePort } from '../../src/base/testing/free-port.ts'
import { makeFolder, runCli, serve } from '../testing/cli-process.ts'
import type { KongReport } from './init-kong.ts'

const KEY = 'mR4tYb7QkX2nVd9LwZ5sJh8PcF3gTe6A'
const SECRET = randomBytes(48).toString('base64')
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

const any = { 200: { description: 'ok', content: { 'application/json': {} } } }
const idOf = (name: string, schema: object = { type: 'string' }) => [
  { name, in: 'path', required: true, schema },
]
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  security: [{ bearer: [] }],
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      password: { type: 'http', scheme: 'basic' },
    },
  },
  paths: {
    '/orders': { get: { operationId: 'list', security: [], responses: any } },
    '/orders/{id}': {
      get: { operationId: 'get', security: [], parameters: idOf('id'), responses: any },
      delete: { operationId: 'remove', parameters: idOf('id'), responses: any },
    },
    '/reports/{day}': { get: { operationId: 'day', parameters: idOf('day'), responses: any } },
    '/weeks/{week}': {
      get: {
        operationId: 'week',
        parameters: idOf('week', { type: 'string', pattern: '^\\d{6}$' }),
        responses: any,
      },
    },
    '/me': { get: { operationId: 'me', responses: any } },
    '/staff': { get: { operationId: 'staff', responses: any } },
    '/status': { get: { operationId: 'status', security: [{ password: [] }], responses: any } },
    '/secret': { get: { operationId: 'secret', security: [], responses: any } },
    '/internal': { get: { operationId: 'internal', security: [], responses: any } },
  },
}

const KONG = (url: string): string =>
  JSON.stringify({
    _format_version: '3.0',
    services: [
      {
        name: 'orders',
        url,
        routes: [
          {
            name: 'orders',
            paths: ['/orders'],
            strip_path: false,
            methods: ['GET'],
            plugins: [{ name: 'key-auth' }, { name: 'rate-limiting', config: { minute: 6 } }],
          },
          { name: 'reports', paths: ['~/reports/\\d{8}$', '~/weeks/\\d{6}$'], strip_path: false },
          { name: 'me', paths: ['/me'], strip_path: false, plugins: [{ name: 'jwt' }] },
          {
            name: 'staff',
            paths: ['/staff'],
            strip_path: false,
            plugins: [{ name: 'jwt' }, { name: 'acl', config: { allow: ['staff'] } }],
          },
          { name: 'status', paths: ['/status'], strip_path: false },
          {
            name: 'secret',
            paths: ['/secret'],
            strip_path: false,
            plugins: [{ name: 'hmac-auth' }],
          },
          { name: 'unused', paths: ['/unused'], strip_path: false },
        ],
      },
      { name: 'other', url, routes: [{ name: 'other', paths: ['/other'], strip_path: false }] },
    ],
    consumers: [
      {
        username: 'ann',
        acls: [{ group: 'staff' }],
        keyauth_credentials: [{ key: KEY }],
        jwt_secrets: [{ key: 'ann-app', secret: SECRET }],
      },
      {
        username: 'ben',
        jwt_secrets: [
          {
            key: 'https://ben.example',
            algorithm: 'RS256',
            rsa_public_key: publicKey.export({ type: 'spki', format: 'pem' }),
          },
        ],
      },
    ],
  })

/** A token that is good for five minutes. */
function token(iss: string, alg: 'HS256' | 'RS256', claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = part({ alg, typ: 'JWT' })
  const signed = `${head}.${part({ iss, sub: 'someone', iat: now, exp: now + 300, ...claims })}`
  const signature =
    alg === 'HS256'
      ? createHmac('sha256', SECRET).update(signed).digest()
      : sign('sha256', Buffer.from(signed), privateKey)
  return `Bearer ${signed}.${signature.toString('base64url')}`
}

/** A folder with what `init` makes of both files, and the URL of the API behind. */
async function made(t: TestContext, document: object = DOCUMENT) {
  const server = createServer((request, response) => {
    request.resume()
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ path: request.url }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const folder = makeFolder(t, {
    'kong.json': KONG(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    'api.json': JSON.stringify(document),
  })
  const flags = ['--from', 'kong.json', '--openapi', 'api.json', '--audience', 'orders']
  const { code, stdout, stderr } = await runCli(folder, 'init', ...flags, '--json')
  return { folder, code, stderr, text: stdout }
}

suite('init --from kong.json --openapi api.json', { timeout: 300_000 }, () => {
  test('the routes hold for the operations of the document, and nothing else is served', async (t) => {
    const { folder, code, text, stderr } = await made(t)
    assert.equal(code, 0, `${text}${stderr}`)
    const report = JSON.parse(text) as KongReport
    const overlay = parse(readFileSync(join(folder, 'kong.overlay.yaml'), 'utf8')) as {
      actions: { target: string; remove?: true }[]
    }
    const removed = overlay.actions.filter(
      ({ remove, target }) => remove === true && !target.endsWith('.security'),
    )
    assert.deepEqual(
      removed.map(({ target }) => target),
      [
        '$.paths["/orders/{id}"].delete',
        '$.paths["/reports/{day}"].get',
        '$.paths["/secret"].get',
        '$.paths["/internal"].get',
      ],
    )
    assert.ok(existsSync(join(folder, 'other.openapi.yaml')), 'another service has a made one')
    assert.ok(!existsSync(join(folder, 'openapi.yaml')))
    assert.equal(statSync(join(folder, 'kong-jwt-ann-app.secret')).mode & 0o777, 0o600)
    const told = report.notes.map(({ what, todo }) => `${what}: ${todo}`).join('\n')
    assert.match(told, /route reports, GET \/reports\/\{day\}: Kong let only some/)
    assert.match(told, /path \/unused: no operation of the document/)
    assert.match(told, /plugin hmac-auth: its routes are left out/)

    const port = await freePort()
    const file = join(folder, 'sallyport.yaml')
    const config = readFileSync(file, 'utf8')
    assert.match(config, /password: upstream/)
    assert.match(config, /by claim\.iss|principal: 6\/min/)
    writeFileSync(
      file,
      config.replace(/ {2}https: 8443\n {2}tls: auto\n/, `  http: ${port}\n  plain: serve\n`),
    )
    const imported = await runCli(folder, 'keys', 'import', 'kong.json', '--expires', 'never')
    assert.equal(imported.code, 0, imported.stderr)
    await serve(t, folder)
    const status = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, method })
      await answer.arrayBuffer()
      return answer.status
    }
    const ann = { authorization: token('ann-app', 'HS256') }
    const ben = {
      authorization: token('https://ben.example', 'RS256', { aud: 'orders', client_id: 'b' }),
    }
    const key = { apikey: KEY }
    const ROWS: [path: string, headers: Record<string, string>, status: number, method?: string][] =
      [
        ['/orders', key, 200],
        ['/orders/7', key, 200],
        ['/orders/7', {}, 401],
        ['/orders/7', ben, 401],
        ['/orders/7', key, 405, 'DELETE'],
        ['/me', key, 401],
        ['/me', ben, 200],
        ['/staff', ben, 403],
        ['/me', { authorization: token('ann-app', 'RS256', { aud: 'orders' }) }, 401],
        ['/me', { authorization: token('ann-app', 'HS256', { aud: 'orders' }) }, 200],
        ['/staff', { authorization: token('ann-app', 'HS256', { aud: 'orders' }) }, 200],
        ['/me', ann, 401],
        ['/status', {}, 401],
        ['/status', { authorization: 'Basic YTpi' }, 200],
        ['/weeks/202601', {}, 401],
        ['/weeks/202601', ben, 200],
        ['/weeks/2026', ben, 404],
        ['/reports/20260101', ben, 404],
        ['/secret', {}, 404],
        ['/internal', {}, 404],
        ['/unused', {}, 404],
        ['/other', {}, 200],
      ]
    for (const [path, headers, expected, method] of ROWS)
      assert.equal(await status(path, headers, method), expected, `${method ?? 'GET'} ${path}`)
    const codes: number[] = []
    for (let n = 0; n < 8; n++) codes.push(await status('/orders/1', key))
    assert.ok(codes.includes(429), codes.join())
  })

  test('a document that no route leads to is refused, and nothing is written', async (t) => {
    const elsewhere = { ...DOCUMENT, servers: [{ url: '/elsewhere' }] }
    const { folder, code, text, stderr } = await made(t, elsewhere)
    assert.equal(code, 1)
    assert.match(`${text}${stderr}`, /no route of Kong leads to an operation/)
    assert.ok(!existsSync(join(folder, 'sallyport.yaml')))
  })
})
