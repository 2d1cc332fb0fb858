import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { parse } from 'yaml'
import { freePort } from '../../src/base/testing/free-port.ts'
import { makeFolder, runCli, serve } from '../testing/cli-process.ts'
import type { KongReport } from './init-kong.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const ANN = 'mR4tYb7QkX2nVd9LwZ5sJh8PcF3gTe6A'
const BEN = '6f1c2f5e-93a7-4b0d-8d7e-2b6c1a90f3e4'

/** An API that tells what it was asked for. */
async function echo(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ path: request.url, key: request.headers['apikey'] ?? null }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A folder with what `init` makes of a fixture, whose API is at `upstream`. */
async function initFrom(t: TestContext, name: string, upstream = '127.0.0.1:3000') {
  const text = readFileSync(join(FIXTURES, name), 'utf8')
  const folder = makeFolder(t, {
    [name]: text
      .replaceAll(/(?:127\.0\.0\.1|localhost):(?:3000|8001)/g, upstream)
      .replace(
        /host: 127\.0\.0\.1\n {4}port: 3000/,
        `host: 127.0.0.1\n    port: ${upstream.split(':')[1]}`,
      ),
  })
  const { code, stdout, stderr } = await runCli(folder, 'init', '--from', name, '--json')
  assert.equal(code, 0, `${stdout}${stderr}`)
  return { folder, report: JSON.parse(stdout) as KongReport }
}

/** Serves what was made, and asks it. */
async function serving(t: TestContext, name: string, isImportable = true) {
  const made = await initFrom(t, name, await echo(t))
  const { folder } = made
  const port = await freePort()
  const file = join(folder, 'sallyport.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text.replace(/ {2}https: 8443\n {2}tls: auto\n/, `  http: ${port}\n  plain: serve\n`),
  )
  const imported = await runCli(folder, 'keys', 'import', name, '--expires', 'never')
  assert.equal(imported.code, isImportable ? 0 : 1, imported.stderr)
  await serve(t, folder)
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, method })
    const body = (await answer.text()) || '{}'
    return { status: answer.status, path: (JSON.parse(body) as { path?: string }).path, body }
  }
  return {
    ...made,
    ask,
    status: async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status,
  }
}

suite('init --from kong.yaml', () => {
  for (const name of readdirSync(FIXTURES))
    test(`what it makes of ${name} passes check, and every line that is not as before is told`, async (t) => {
      const { folder, report } = await initFrom(t, name)
      assert.equal(report.check.ok, true)
      assert.equal((await runCli(folder, 'check')).code, 0)
      const lines = report.notes.map(({ line, what }) => `${line} ${what}`)
      for (const expected of TOLD[name] ?? [])
        assert.ok(lines.includes(expected), `${expected}\n${lines.join('\n')}`)
    })

  test('a key of a consumer is good after the import, all else is 401 or 404', async (t) => {
    const { ask, status } = await serving(t, 'simple.yaml')
    assert.deepEqual(await ask('/orders/7', { apikey: ANN }), {
      status: 200,
      path: '/orders/7',
      body: '{"path":"/orders/7","key":null}',
    })
    assert.equal(await status('/orders', { apikey: ANN }), 200)
    assert.equal(await status('/orders/7', { apikey: BEN }), 401)
    assert.equal(await status('/orders/7'), 401)
    assert.equal(await status(`/orders/7?apikey=${ANN}`), 401)
    assert.equal(await status('/orders/7', { apikey: ANN }, 'DELETE'), 405)
    assert.equal(await status('/admin', { apikey: ANN }), 404)
  })

  test('groups, limits, networks and paths hold as in Kong', async (t) => {
    const { ask, status } = await serving(t, 'shop.yaml')
    const [ann, ben] = [{ 'x-shop-key': ANN }, { 'x-shop-key': BEN }]
    assert.equal((await ask('/shop/products/9', ann)).path, '/v1/9')
    assert.equal((await ask('/shop/orders/17', ann)).path, '/v1/shop/orders/17')
    assert.equal(await status('/shop/orders/17', ben), 403, 'not in the group')
    assert.equal(await status('/shop/health', { 'x-shop-key': BEN }), 200)
    assert.equal(await status('/office/x', { apikey: ANN }), 403, 'another network')
    const codes: number[] = []
    for (let n = 0; n < 6; n++) codes.push(await status(`/shop/orders/${n}`, ann))
    assert.deepEqual(codes, [200, 200, 200, 200, 429, 429], 'five at once, one was used above')
    const own: number[] = []
    for (let n = 0; n < 5; n++) own.push(await status('/shop/products/1', ben))
    assert.ok(own.includes(429), `the consumer's own limit: ${own.join()}`)
  })

  test('patterns of old files hold, and so do limits of addresses', async (t) => {
    const { ask, status } = await serving(t, 'old.yml')
    const key = { apikey: '9b1f0d3c5a7e9284b6c8d0e2f4a61830' }
    assert.equal((await ask('/accounts/7', key)).path, '/api/accounts/7')
    assert.equal(await status('/accounts/seven', key), 404)
    assert.equal(await status('/accounts/a-9/cards', key), 200)
    assert.equal(await status('/accounts/7', key, 'POST'), 405)
    assert.equal((await ask('/public/news')).path, '/api/news')
    const codes = await Promise.all(Array.from({ length: 20 }, () => status('/public/news')))
    assert.ok(codes.filter((code) => code === 429).length >= 5, codes.join())
  })

  test('what protects in a way that is not known is not opened', async (t) => {
    const { folder, report } = await initFrom(t, 'messy.json')
    const documents = report.documents
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join()
    for (const path of [
      'beta',
      'grpc',
      'gone',
      'custom',
      'basic',
      'groups',
      'off',
      'alone',
      'files',
    ])
      assert.doesNotMatch(documents, new RegExp(`/${path}\\b`))
    assert.match(documents, /\/open\/deep/)
  })

  test('what is not opened is not reached through a wider route either', async (t) => {
    const folder = makeFolder(t, { 'kong.json': CLOSED })
    const { code, stdout } = await runCli(folder, 'init', '--from', 'kong.json', '--json')
    assert.equal(code, 0, stdout)
    const { rules } = parse(readFileSync(join(folder, 'sallyport.yaml'), 'utf8')) as {
      rules: { network: { deny: string[] } }[]
    }
    assert.deepEqual(
      rules.map(({ network }) => network.deny),
      [['0.0.0.0/0', '::/0']],
    )
    const closed = ['/admin', '/admin/x', '/reports/a', '/reports/a/b']
    for (const path of ['/orders', '/orders/admin', '/administration', ...closed]) {
      const { stdout: text } = await runCli(folder, 'explain', 'GET', path, '--json')
      const explained = JSON.parse(text) as { operation: unknown; rules: unknown[] }
      assert.ok(explained.operation !== null)
      assert.equal(explained.rules.length > 0, closed.includes(path), path)
    }
  })

  test('a base path that the API does not know is taken off', async (t) => {
    const { ask, status, folder } = await serving(t, 'messy.json', false)
    assert.match(readFileSync(join(folder, 'sallyport.yaml'), 'utf8'), /stripBasePath: true/)
    const browser = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', accept: '*/*' }
    assert.equal((await ask('/open/a/b', browser)).path, '/a/b')
    assert.equal(await status('/open/deep/x', browser), 401, 'its own plugins count')
    assert.equal(await status('/custom/x', browser), 404)
  })

  test('a body that Kong checked is checked at once', async (t) => {
    const { folder } = await initFrom(t, 'tokens.yaml')
    const text = readFileSync(join(folder, 'sallyport.yaml'), 'utf8')
    assert.match(text, /graduated: \[ *bank:postPayments/)
    assert.match(readFileSync(join(folder, 'bank.openapi.yaml'), 'utf8'), /required: \[amount\]/)
  })
})

/** The root is open to keys; below it stands what is protected otherwise, and a pattern that no template can say. */
const CLOSED = JSON.stringify({
  _format_version: '3.0',
  services: [
    {
      name: 'all',
      url: 'http://127.0.0.1:3000',
      routes: [
        { name: 'root', paths: ['/'], plugins: [{ name: 'key-auth' }] },
        { name: 'admin', paths: ['/admin'], plugins: [{ name: 'basic-auth' }] },
        {
          name: 'reports',
          paths: ['~/reports/(a|b)+/?x*$'],
          plugins: [{ name: 'ip-restriction', config: { allow: ['10.0.0.0/8'] } }],
        },
      ],
    },
  ],
})

const TOLD: Readonly<Record<string, readonly string[]>> = {
  'shop.yaml': ['23 plugin rate-limiting', '48 plugin cors', '55 plugin bot-detection'],
  'tokens.yaml': ['20 plugin jwt', '34 upstream bank-upstream', '41 jwt_secrets of consumer app'],
  'messy.json': [
    '10 path /files/.*',
    '11 route by header',
    '12 route grpc',
    '16 plugin request-termination',
    '21 plugin acme-auth',
    '23 plugin basic-auth',
    '27 plugin acl',
    '34 plugin key-auth',
    '44 route off',
    '47 route alone',
    '53 basicauth_credentials of consumer weak',
    '56 consumer_groups',
    '57 certificates',
    '58 vaults',
  ],
}

const refusals: [name: string, text: string, args: string[], message: RegExp][] = [
  ['a version that is not known', '_format_version: "9"\n', [], /kong\.yaml.*"9" is no version/],
  [
    'a file in which nothing can be served',
    '_format_version: "3.0"\nservices: []\n',
    [],
    /nothing of it can be served/,
  ],
  [
    'a document beside it',
    '_format_version: "3.0"\n',
    ['openapi.yaml'],
    /says itself where its APIs are/,
  ],
  [
    'a name twice',
    '_format_version: "3.0"\nservices: []\nservices: []\n',
    [],
    /kong\.yaml:3.*duplicate key/,
  ],
]
for (const [name, text, args, message] of refusals)
  test(`init refuses ${name} and writes nothing`, async (t) => {
    const folder = makeFolder(t, { 'kong.yaml': text, 'openapi.yaml': '' })
    const { code, stderr } = await runCli(folder, 'init', ...args, '--from', 'kong.yaml')
    assert.equal(code, 1)
    assert.match(stderr, message)
    assert.deepEqual(readdirSync(folder).toSorted(), ['kong.yaml', 'openapi.yaml'])
  })
