import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import type { InitReport } from './init/print-init.ts'
import { DOCUMENT, makeFolder, runCli, serve, startApi } from './testing/cli-process.ts'

const UPSTREAM = 'http://127.0.0.1:3000'

/** Operations that ask for what the gateway cannot check by itself. */
const SCHEMES = `${DOCUMENT.replace(
  '      operationId: getOrder\n',
  '      operationId: getOrder\n      security: [{ basic: [] }, { session: [] }, { token: [] }]\n',
)}components:
  securitySchemes:
    basic: { type: http, scheme: basic }
    session: { type: apiKey, in: cookie, name: sid }
    token: { type: http, scheme: bearer }
    key: { type: apiKey, in: header, name: X-Api-Key }
`

test('what init writes is served at once', async (t) => {
  const api = await startApi(t, { id: 7 })
  const folder = makeFolder(t, { 'openapi.yaml': SCHEMES })
  const made = await runCli(folder, 'init', 'openapi.yaml', '--upstream', api)
  assert.equal(made.code, 0, made.stderr)
  const file = join(folder, 'sallyport.yaml')
  assert.equal(statSync(file).mode & 0o777, 0o644)
  const text = readFileSync(file, 'utf8')
  assert.match(text, /^# yaml-language-server: \$schema=.*sallyport\.schema\.json\n/)
  const until = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10)
  assert.match(text, new RegExp(`^profile: \\{ name: adopt, until: ${until} \\}$`, 'm'))

  const port = await freePort()
  writeFileSync(file, text.replace(/^listen: .*$/m, `listen: { http: ${port}, plain: serve }`))
  await serve(t, folder)
  const status = async (path: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status
  assert.equal(await status('/health', {}), 200)
  assert.equal(await status('/orders/7', {}), 401)
  assert.equal(await status('/orders/7', { authorization: 'Basic dTpw' }), 200)
  assert.equal(await status('/orders/7', { cookie: 'sid=1' }), 200)
  assert.equal(await status('/orders/7', { authorization: 'Bearer opaque' }), 200)
  assert.equal(await status('/debug', { authorization: 'Basic dTpw' }), 404)
})

test('a link that leads nowhere is not followed, and told in one line', async (t) => {
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT })
  symlinkSync(join(folder, 'elsewhere.yaml'), join(folder, 'sallyport.yaml'))
  const { code, stderr } = await runCli(folder, 'init', 'openapi.yaml', '--upstream', UPSTREAM)
  assert.equal(code, 1)
  assert.match(stderr, /^error sallyport\.yaml: something of that name is there already .*\n$/)
  assert.equal(existsSync(join(folder, 'elsewhere.yaml')), false)
})

test('says loudly what is public, open, and not verified', async (t) => {
  const folder = makeFolder(t, { 'openapi.yaml': SCHEMES })
  const { stdout } = await runCli(folder, 'init', 'openapi.yaml', '--upstream', UPSTREAM)
  assert.match(stdout, /2 operations, 1 of them public/)
  assert.match(stdout, /public {2}GET \/health/)
  for (const name of ['basic', 'session', 'token'])
    assert.match(stdout, new RegExp(`${name} \\(.*\\): passed on to the API, NOT VERIFIED HERE`))
  assert.match(stdout, /sallyport keys create\n {2}sallyport serve/)
})

test('operations without any security are told, and take keys', async (t) => {
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT })
  const { stdout } = await runCli(folder, 'init', 'openapi.yaml', '--upstream', UPSTREAM, '--json')
  const report = JSON.parse(stdout) as InitReport
  assert.deepEqual(report.withoutSecurity, ['GET /orders/{orderId}'])
  assert.deepEqual(report.schemes, [])
  assert.equal(report.check.ok, true)
})

test('replaces nothing without --force', async (t) => {
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT, 'sallyport.yaml': 'mine' })
  const refused = await runCli(folder, 'init', 'openapi.yaml', '--upstream', UPSTREAM)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /sallyport\.yaml exists already \(--force replaces it/)
  assert.equal(readFileSync(join(folder, 'sallyport.yaml'), 'utf8'), 'mine')
  const forced = await runCli(folder, 'init', 'openapi.yaml', '--upstream', UPSTREAM, '--force')
  assert.equal(forced.code, 0)
  assert.notEqual(readFileSync(join(folder, 'sallyport.yaml'), 'utf8'), 'mine')
})

const refusals: [name: string, args: string[], message: RegExp][] = [
  [
    'a document that is not there',
    ['no.yaml', '--upstream', UPSTREAM],
    /no\.yaml: there is no such file/,
  ],
  ['an upstream that is no URL', ['openapi.yaml', '--upstream', 'localhost'], /--upstream/],
  [
    'plain HTTP to other machines',
    ['openapi.yaml', '--upstream', 'http://api'],
    /add --allow-plain/,
  ],
  [
    'a log that is not there',
    ['openapi.yaml', '--upstream', UPSTREAM, '--from', 'no.log'],
    /no\.log/,
  ],
]
for (const [name, args, message] of refusals) {
  test(`refuses ${name} and writes nothing`, async (t) => {
    const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT })
    const { code, stderr } = await runCli(folder, 'init', ...args)
    assert.equal(code, 1)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, / at .*\.ts/)
    assert.equal(existsSync(join(folder, 'sallyport.yaml')), false)
  })
}

const LOG = [
  '1.2.3.4 - - [x] "GET /api/orders/7?page=2 HTTP/1.1" 200 23 "-" "curl"',
  '1.2.3.4 - - [x] "DELETE /api/orders/8 HTTP/1.1" 204 0 "-" "curl"',
  '1.2.3.4 - - [x] "GET /api/reports/2026-01-02?api_key=x&deep=1 HTTP/1.1" 200 0 "-" "curl"',
  '1.2.3.4 - - [x] "GET /wp-admin HTTP/1.1" 404 0 "-" "curl"',
  '{"method":"POST","path":"/api/carts","status":201}',
  '\u001b[31m "; rm -rf / #\u0000',
].join('\n')

test('an access log shows the base path and what the document lacks', async (t) => {
  const api = await startApi(t, { anything: 1 })
  const document = SCHEMES.replace('paths:', 'servers: [{ url: /v1 }]\npaths:')
  const folder = makeFolder(t, { 'openapi.yaml': document, 'access.log': LOG })
  const flags = ['--upstream', api, '--from', 'access.log', '--json']
  const made = await runCli(folder, 'init', 'openapi.yaml', ...flags)
  const report = JSON.parse(made.stdout) as InitReport
  assert.equal(made.code, 0)
  assert.equal(report.log?.basePath, '/api')
  assert.equal(report.log.unreadable, 1)
  assert.deepEqual(
    report.log.operations.map(({ method, template }) => `${method} ${template}`).toSorted(),
    ['DELETE /orders/{orderId}', 'GET /reports/{id}', 'POST /carts'],
  )
  const overlay = readFileSync(join(folder, 'sallyport.overlay.yaml'), 'utf8')
  assert.match(overlay, /name: deep/)
  assert.doesNotMatch(overlay, /api_key|wp-admin|\u001b/)
  const file = join(folder, 'sallyport.yaml')
  const port = await freePort()
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/^listen: .*$/m, `listen: { http: ${port}, plain: serve }`))
  await serve(t, folder)
  const status = async (path: string, method = 'GET'): Promise<number> => {
    const headers = { authorization: 'Basic dTpw' }
    return (await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })).status
  }
  assert.equal(await status('/api/reports/2026-03-04?deep=1'), 200)
  assert.equal(await status('/api/orders/9', 'DELETE'), 200)
  assert.equal(await status('/wp-admin'), 404)
})
