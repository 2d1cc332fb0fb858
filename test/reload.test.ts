import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { connect } from 'node:tls'
import { freePort } from '../src/base/testing/free-port.ts'
import type { Asker } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import { makeAuthority } from './kit/certificates.ts'
import type { TestGateway } from './kit/gateway.ts'
import { linesOf, startGateway, withHousekeeping } from './kit/gateway.ts'
import type { LogLine } from './kit/gateway.ts'
import { pause, until } from './kit/until.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

/** A document with one operation and the fields of its answer. */
const documentOf = (path: string, fields: readonly string[]): string => `openapi: 3.1.0
info: { title: t, version: '1' }
paths:
  ${path}:
    get:
      security: []
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties: { ${fields.map((name) => `${name}: {}`).join(', ')} }
`
const LIMITS_OFF = 'limits: { ip: off, principal: off, failures: off, errors: off }'
const SLOW_MS = 400

function configOf(upstream: string, more = 'listen: { https: 8443, tls: auto }'): string {
  return withHousekeeping(`openapi: ./openapi.yaml\nupstream: ${upstream}\n${more}\n${LIMITS_OFF}`)
}

const actions = (log: readonly LogLine[], name: string): readonly LogLine[] =>
  log.filter((line) => line['event.action'] === name)

suite('a gateway that follows its files', () => {
  let upstream: TestUpstream
  let other: TestUpstream
  let gateway: TestGateway
  let client: Asker
  const answer = (name: string) =>
    startUpstream((request, response) => {
      const end = (): unknown =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ a: name, b: name }))
      return request.target.includes('slow') ? setTimeout(end, SLOW_MS) : end()
    })

  before(async () => {
    upstream = await answer('one')
    other = await answer('two')
    gateway = await startGateway({
      yaml: configOf(upstream.url),
      files: { 'openapi.yaml': documentOf('/one', ['a']) },
      isAlone: true,
    })
    client = asker(gateway.httpsPort, gateway.ca)
  })
  after(async () => {
    client.close()
    await Promise.all([gateway.close(), upstream.close(), other.close()])
  })

  const status = async (target: string): Promise<number> => (await client.ask({ target })).status

  test('serves what its document says now', async () => {
    assert.equal(await status('/one'), 200)
    gateway.write('openapi.yaml', documentOf('/two', ['a']))
    assert.ok(await until(async () => (await status('/two')) === 200, 8000))
    assert.equal(await status('/one'), 404)
    assert.ok(actions(await gateway.log(), 'sp_config_change').length > 0)
  })

  const broken: readonly [name: string, file: string, text: () => string, where: RegExp][] = [
    [
      'an unknown key',
      'sallyport.yaml',
      () => configOf(upstream.url).replace('upstream:', 'upstreem:'),
      /sallyport\.yaml:2.*did you mean|upstream/,
    ],
    [
      'broken YAML',
      'sallyport.yaml',
      () => `${configOf(upstream.url)}limits: [`,
      /sallyport\.yaml:\d+/,
    ],
    [
      'a document that is none',
      'openapi.yaml',
      () => documentOf('/two', ['a']).replace('paths:', 'path:'),
      /openapi\.yaml/,
    ],
    ['an empty document', 'openapi.yaml', () => '', /openapi\.yaml/],
  ]
  for (const [name, file, text, where] of broken) {
    test(`keeps its plan with ${name}, and says where it is wrong`, async () => {
      const good = readFileSync(join(gateway.folder, file), 'utf8')
      const before = actions(await gateway.log(), 'sp_config_rejected').length
      gateway.write(file, text())
      const rejected = async (): Promise<readonly LogLine[]> =>
        actions(await gateway.log(), 'sp_config_rejected')
      assert.ok(await until(async () => (await rejected()).length > before, 8000))
      const line = (await rejected()).at(-1)!
      assert.equal(line['log.level'], 'critical')
      assert.match(String(line['sallyport.detail']), where)
      assert.equal(await status('/two'), 200)
      const changes = async (): Promise<number> =>
        actions(await gateway.log(), 'sp_config_change').length
      const known = await changes()
      gateway.write(file, good)
      assert.ok(await until(async () => (await changes()) > known, 8000))
      assert.equal(await status('/two'), 200)
    })
  }

  test('ends requests that are under way by the plan they began with', async () => {
    gateway.write('openapi.yaml', documentOf('/slow', ['a', 'b']))
    assert.ok(await until(async () => (await status('/slow')) === 200, 8000))
    const underWay = client.ask({ target: '/slow' })
    await pause(100)
    gateway.write('openapi.yaml', documentOf('/two', ['a']))
    gateway.write('sallyport.yaml', configOf(other.url))
    const result = await gateway.running.reload()
    assert.ok(result.ok)
    const fresh = await client.ask({ target: '/two' })
    assert.deepEqual(fresh.json(), { a: 'two' })
    const got = await underWay
    assert.deepEqual([got.status, got.json()], [200, { a: 'one', b: 'one' }])
  })

  test('answers two hundred requests during twenty reloads', async () => {
    const statuses: number[] = []
    const over = new AbortController()
    const ask = async (): Promise<void> => {
      while (!over.signal.aborted || statuses.length < 200) statuses.push(await status('/two'))
    }
    const askers = [ask(), ask(), ask(), ask()]
    for (let i = 0; i < 20; i++) {
      gateway.write('sallyport.yaml', configOf(i % 2 === 0 ? upstream.url : other.url))
      const result = await gateway.running.reload()
      assert.ok(result.ok)
    }
    over.abort()
    await Promise.all(askers)
    assert.ok(statuses.length >= 200)
    assert.deepEqual([...new Set(statuses)], [200])
  })

  test('reloads that come at once end with the last configuration', async () => {
    gateway.write('sallyport.yaml', configOf(upstream.url))
    const first = gateway.running.reload()
    gateway.write('sallyport.yaml', configOf(other.url))
    await Promise.all([first, gateway.running.reload(), gateway.running.reload()])
    assert.deepEqual((await client.ask({ target: '/two' })).json(), { a: 'two' })
  })
})

/** Serial number of the certificate that a fresh connection is shown. */
function servedSerial(port: number, servername = 'localhost'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
    socket.on('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

suite('a gateway with a given certificate', () => {
  const authority = makeAuthority()
  const first = authority.issue(['localhost'])
  const TLS =
    'listen: { https: 8443, address: 127.0.0.1, tls: { cert: "file:tls.pem", key: "file:tls.key" } }'
  let upstream: TestUpstream
  let gateway: TestGateway
  let client: Asker
  before(async () => {
    upstream = await startUpstream((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'),
    )
    gateway = await startGateway({
      yaml: configOf(upstream.url, TLS),
      files: {
        'openapi.yaml': documentOf('/one', ['a']),
        'tls.pem': first.cert,
        'tls.key': first.key,
      },
      isAlone: true,
    })
    client = asker(gateway.httpsPort, authority.ca)
  })
  after(async () => {
    client.close()
    await Promise.all([gateway.close(), upstream.close()])
  })

  test('shows another one within ten seconds of its files, on the same port', async () => {
    assert.equal(await servedSerial(gateway.httpsPort), first.serial)
    assert.equal((await client.ask({ target: '/one' })).status, 200)
    const second = authority.issue(['localhost'])
    gateway.write('tls.pem', second.cert)
    await pause(400) // long enough for the gateway to see a pair that does not fit, and keep the old one
    assert.equal((await client.ask({ target: '/one' })).status, 200)
    gateway.write('tls.key', second.key)
    const isNew = async (): Promise<boolean> =>
      (await servedSerial(gateway.httpsPort)) === second.serial
    assert.ok(await until(isNew, 10_000))
    assert.equal((await client.ask({ target: '/one' })).status, 200)
  })

  test('serves the names of the new one', async () => {
    const third = authority.issue(['localhost', 'api.town.example'])
    gateway.write('tls.pem', third.cert)
    gateway.write('tls.key', third.key)
    assert.ok((await gateway.running.reload()).ok)
    assert.equal(await servedSerial(gateway.httpsPort), third.serial)
    const headers = { host: 'api.town.example' }
    const got = await client.ask({ target: '/one', headers, servername: 'api.town.example' })
    assert.equal(got.status, 200, got.text)
  })

  test('keeps the old one where the rest of the configuration is broken', async () => {
    const serial = await servedSerial(gateway.httpsPort)
    const fourth = authority.issue(['localhost'])
    gateway.write('openapi.yaml', 'openapi: 3.1.0')
    gateway.write('tls.pem', fourth.cert)
    gateway.write('tls.key', fourth.key)
    assert.equal((await gateway.running.reload()).ok, false)
    assert.equal(await servedSerial(gateway.httpsPort), serial)
    gateway.write('openapi.yaml', documentOf('/one', ['a']))
    assert.ok((await gateway.running.reload()).ok)
    assert.equal(await servedSerial(gateway.httpsPort), fourth.serial)
  })
})

suite('the command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reload-'))
  const log = (): readonly LogLine[] => linesOf(readFileSync(join(folder, 'gateway.log'), 'utf8'))
  let upstream: TestUpstream
  let child: ChildProcess
  let errors = ''
  before(async () => {
    upstream = await startUpstream((_request, response) => response.writeHead(204).end())
    const listen = `listen: { https: ${await freePort()}, tls: auto }`
    writeFileSync(join(folder, 'openapi.yaml'), documentOf('/one', ['a']))
    writeFileSync(join(folder, 'sallyport.yaml'), configOf(upstream.url, listen))
    const command = join(import.meta.dirname, '../cli/sallyport.mjs')
    child = spawn(process.execPath, [command, 'serve', '-c', join(folder, 'sallyport.yaml')])
    child.stderr?.on('data', (piece: Buffer) => {
      errors += piece.toString()
    })
    assert.ok(await until(() => errors.includes('sallyport: https://'), 15_000), errors)
  })
  after(async () => {
    child.kill('SIGKILL')
    await upstream.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('SIGHUP reloads, also where no file changed', async () => {
    assert.ok(await until(() => actions(log(), 'sys_startup').length === 1))
    child.kill('SIGHUP')
    assert.ok(await until(() => actions(log(), 'sp_config_change').length === 1, 5000))
  })

  test('SIGHUP opens the log anew after it was moved away', async () => {
    rmSync(join(folder, 'gateway.log'))
    child.kill('SIGHUP')
    const isThere = (): boolean => {
      try {
        return actions(log(), 'sp_config_change').length === 1
      } catch {
        return false // not written yet
      }
    }
    assert.ok(await until(isThere, 5000))
  })

  test('SIGTERM ends it with 0, and the log says so', async () => {
    const code = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    assert.equal(await code, 0)
    assert.equal(actions(log(), 'sys_shutdown').length, 1)
    assert.ok(!/Unhandled|Error:/.test(errors), errors)
  })
})
