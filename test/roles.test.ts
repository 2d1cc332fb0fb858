import assert from 'node:assert/strict'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import { parseKeyEncryptionKey } from '../src/store/secrets-document.ts'
import { newSecretsText, readSecretsText } from '../src/store/secrets-file.ts'
import { DOCUMENT, makeFolder, runCli, startApi, startCli } from '../cli/testing/cli-process.ts'
import { postgresMissing, startPostgres } from '../src/store/testing/start-postgres.ts'
import { until } from './kit/until.ts'
import { ask } from './workers/range.ts'

const text = (upstream: string, name: string, port: number, store: string): string =>
  `openapi: ./openapi.yaml
upstream: ${upstream}
listen: { http: ${port}, plain: serve }
workers: 2
store: ${store}
secrets: file:./shared.secrets
admin: { listen: "unix:./${name}.sock" }
logs: { sinks: ["file:./${name}.log"] }
`

async function start(t: TestContext, folder: string, role: string): Promise<() => string> {
  const child = startCli(folder, ['serve', '-c', `${role}.yaml`, '--role', role])
  let said = ''
  child.stdout?.resume()
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const isUp = (): boolean => /sallyport: (?:http:\/\/|control)/.test(said)
  await until(() => isUp() || child.exitCode !== null, 30_000)
  assert.ok(isUp(), said)
  return () => said
}

function post(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST' }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (piece: string) => (body += piece))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function roles(t: TestContext, store: string) {
  const upstream = await startApi(t, { id: 7 })
  const [edgePort, controlPort] = [await freePort(), await freePort()]
  const folder = makeFolder(t, {
    'openapi.yaml': DOCUMENT,
    'edge.yaml': text(upstream, 'edge', edgePort, store),
    'control.yaml': text(upstream, 'control', controlPort, store),
  })
  const status = async (port: number, key: string): Promise<unknown> => {
    const outcome = await ask(port, '/orders/7', { headers: { 'x-api-key': key } })
    return 'status' in outcome ? outcome.status : outcome.error
  }
  return { folder, edgePort, controlPort, status }
}

async function bothWork(t: TestContext, store: string): Promise<void> {
  const { folder, edgePort, controlPort, status } = await roles(t, store)
  await start(t, folder, 'control')
  await start(t, folder, 'edge')
  const created = await runCli(folder, 'keys', 'create', '-c', 'control.yaml', '--json')
  const { key, id } = JSON.parse(created.stdout) as { key: string; id: string }
  assert.equal(await status(edgePort, key), 200)
  assert.equal(await status(controlPort, key), 'ECONNREFUSED')
  const refused = await post(join(folder, 'edge.sock'), '/keys')
  assert.equal(refused.status, 403)
  assert.match(refused.body, /ask the control process/)
  const denied = await runCli(folder, 'keys', 'create', '-c', 'edge.yaml')
  assert.equal(denied.code, 1)
  assert.match(denied.stderr, /ask the control process/)
  const listed = await runCli(folder, 'keys', 'list', '-c', 'edge.yaml', '--json')
  assert.match(listed.stdout, new RegExp(id))
  await runCli(folder, 'keys', 'revoke', id, '-c', 'control.yaml')
  assert.ok(await until(async () => (await status(edgePort, key)) === 401, 6000))
}

suite('roles of a process', () => {
  test('an edge serves what the control process made, and changes nothing', (t) =>
    bothWork(t, 'sqlite:./shared.db'))

  test('the same on PostgreSQL', { skip: postgresMissing() ?? false }, async (t) => {
    const server = await startPostgres()
    t.after(() => server.close())
    await bothWork(t, server.url)
  })

  test('an edge with a secrets file of its own holds no key that seals or signs for ever', async (t) => {
    const { folder, edgePort, status } = await roles(t, 'sqlite:./shared.db')
    process.env['EDGE_KEK'] = randomBytes(32).toString('base64')
    await start(t, folder, 'control')
    const line = 'store edge-secrets edge.secrets -c control.yaml --key env:EDGE_KEK'
    const made = await runCli(folder, ...line.split(' '))
    assert.equal(made.code, 0, made.stderr)
    const edge = readFileSync(join(folder, 'edge.yaml'), 'utf8')
    const own = 'secrets: { file: ./edge.secrets, key: env:EDGE_KEK }'
    writeFileSync(join(folder, 'edge.yaml'), edge.replace('secrets: file:./shared.secrets', own))
    const whole = readFileSync(join(folder, 'shared.secrets'), 'utf8')
    const { sealingKeys } = JSON.parse(whole) as { sealingKeys: Record<string, string> }
    const kek = parseKeyEncryptionKey(process.env['EDGE_KEK'], '')
    const opened = readSecretsText(join(folder, 'edge.secrets'), [kek])
    assert.ok(!opened.includes(sealingKeys['1'] ?? ''), 'opened with its own key')
    renameSync(join(folder, 'shared.secrets'), join(folder, 'elsewhere'))
    await start(t, folder, 'edge')
    const created = await runCli(folder, 'keys', 'create', '-c', 'control.yaml', '--json')
    const { key } = JSON.parse(created.stdout) as { key: string }
    assert.equal(await status(edgePort, key), 200)
    const denied = await runCli(folder, 'serve', '-c', 'edge.yaml')
    assert.match(denied.stderr, /makes and changes nothing/)
  })

  test('an edge makes neither a store nor secrets', async (t) => {
    const { folder } = await roles(t, 'sqlite:./shared.db')
    const refusal = async (): Promise<string> => {
      const { code, stderr } = await runCli(folder, 'serve', '-c', 'edge.yaml', '--role', 'edge')
      assert.equal(code, 1)
      return stderr
    }
    assert.match(await refusal(), /an edge makes no secrets/)
    assert.ok(!existsSync(join(folder, 'shared.secrets')))
    writeFileSync(join(folder, 'shared.secrets'), newSecretsText(), { mode: 0o600 })
    assert.match(await refusal(), /start the process that writes it first/)
    assert.ok(!existsSync(join(folder, 'shared.db')))
  })

  for (const role of ['edge', 'control'])
    test(`${role}: without a durable store there is no start`, async (t) => {
      const { folder } = await roles(t, '"memory:"')
      const { code, stderr } = await runCli(folder, 'serve', '-c', `${role}.yaml`, '--role', role)
      assert.equal(code, 1)
      assert.match(stderr, /store: memory is of one process alone/)
    })

  test('a role that is none is refused', async (t) => {
    const { folder } = await roles(t, 'sqlite:./shared.db')
    const { code, stderr } = await runCli(folder, 'serve', '-c', 'edge.yaml', '--role', 'ege')
    assert.equal(code, 1)
    assert.match(stderr, /"ege" is no role/)
  })
})
