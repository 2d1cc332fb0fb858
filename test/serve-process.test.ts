import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import { makeFolder, runCli, startCli } from '../cli/testing/cli-process.ts'
import { linesOf } from './kit/gateway.ts'
import { until } from './kit/until.ts'
import { startUpstream } from './kit/upstream.ts'
import { ask, documentOf, Load, NO_LIMITS } from './workers/range.ts'

interface Served {
  readonly folder: string
  readonly port: number
  /** The process that was started: it supervises the one that serves. */
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  readonly status: () => Promise<{ readonly pid: number }>
}

/** Starts `sallyport serve` as a person does, in front of an API that takes `delayMs`. */
async function startServe(t: TestContext, delayMs = 0, workers = 2): Promise<Served> {
  const upstream = await startUpstream((_request, response) => {
    const answer = (): unknown =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}')
    setTimeout(answer, delayMs)
  })
  t.after(() => upstream.close())
  const port = await freePort()
  const config = [
    'openapi: ./openapi.yaml',
    `upstream: ${upstream.url}`,
    `listen: { http: ${port}, plain: serve }`,
    `workers: ${workers}`,
    'logs: { sinks: ["file:./gateway.log"] }',
    NO_LIMITS,
  ]
  const folder = makeFolder(t, {
    'openapi.yaml': documentOf(),
    'sallyport.yaml': `${config.join('\n')}\n`,
  })
  const child = startCli(folder, ['serve'])
  child.stdout?.resume()
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  assert.ok(await until(() => said.includes('sallyport: http://'), 20_000), said)
  const status = async (): Promise<{ readonly pid: number }> => {
    const { request } = await import('node:http')
    return new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: join(folder, 'sallyport.sock'), path: '/status' },
        (response) => {
          let text = ''
          response.on('data', (part: Buffer) => (text += part.toString()))
          response.on('end', () => resolve(JSON.parse(text) as { pid: number }))
        },
      )
      sent.on('error', reject)
      sent.end()
    })
  }
  return { folder, port, child, ended, status }
}

async function isUp(port: number): Promise<boolean> {
  const outcome = await ask(port, '/open')
  return 'status' in outcome && outcome.status === 200
}

suite('sallyport serve as a process', () => {
  for (const workers of [1, 2])
    test(`ends on SIGTERM without losing a request it took, with ${workers} workers`, async (t) => {
      const { port, child, ended } = await startServe(t, 20, workers)
      const load = new Load(port, '/open', 16)
      await load.more(150)
      child.kill('SIGTERM')
      assert.equal(await ended, 0)
      await load.stop()
      // Connections that are made after the signal are refused, or meet the port as it closes; nothing else fails.
      const lost = load.failures.filter(
        (outcome) =>
          !('error' in outcome) || (outcome.error !== 'ECONNREFUSED' && outcome.isReused),
      )
      assert.deepEqual(lost, [])
      assert.ok(load.outcomes.length > 150)
    })

  test('is started again after a crash, with its keys, and says so', async (t) => {
    const { folder, port, child, status } = await startServe(t)
    const created = await runCli(folder, 'keys', 'create', '--json')
    const { key } = JSON.parse(created.stdout) as { key: string }
    const { pid } = await status()
    assert.notEqual(pid, child.pid)
    process.kill(pid, 'SIGKILL')
    const successor = async (): Promise<boolean> => {
      const found = await status().catch(() => undefined)
      return found !== undefined && found.pid !== pid && (await isUp(port))
    }
    assert.ok(await until(successor, 15_000), 'another process serves')
    const outcome = await ask(port, '/keyed', { headers: { 'x-api-key': key } })
    assert.equal('status' in outcome && outcome.status, 200)
    const started = (): readonly unknown[] =>
      linesOf(readFileSync(join(folder, 'gateway.log'), 'utf8'))
        .filter((line) => line['event.action'] === 'sys_startup')
        .map((line) => [line['sallyport.reason'], line['sallyport.crash']])
    assert.ok(await until(() => started().length === 2, 5000))
    assert.deepEqual(started(), [
      ['start', undefined],
      ['after_crash', 'SIGKILL'],
    ])
  })

  test('does not outlive the process that supervises it', async (t) => {
    const { port, child, status, ended } = await startServe(t)
    const { pid } = await status()
    child.kill('SIGKILL')
    await ended
    assert.ok(
      await until(async () => 'error' in (await ask(port, '/open')), 5000),
      'the port is free',
    )
    assert.ok(await until(() => !isAlive(pid), 15_000), 'the process is gone')
  })

  test('reads its configuration again on SIGHUP', async (t) => {
    const { folder, port, child } = await startServe(t)
    const text = readFileSync(join(folder, 'openapi.yaml'), 'utf8')
    writeFileSync(join(folder, 'openapi.yaml'), text.replace('/open:', '/other:'))
    child.kill('SIGHUP')
    const isMoved = async (): Promise<boolean> => {
      const outcome = await ask(port, '/other')
      return 'status' in outcome && outcome.status === 200
    }
    assert.ok(await until(isMoved, 8000))
  })

  test('keeps the exit code of a configuration that has faults, and is not started again', async (t) => {
    const folder = makeFolder(t, { 'sallyport.yaml': 'upstreem: x\n' })
    const { code, stderr } = await runCli(folder, 'serve')
    assert.equal(code, 1)
    assert.match(stderr, /unknown key "upstreem"/)
    assert.equal(stderr.match(/unknown key/g)?.length, 1)
  })

  test('keeps the exit code of a port that is taken', async (t) => {
    const { folder, port } = await startServe(t)
    const config = readFileSync(join(folder, 'sallyport.yaml'), 'utf8')
    const other = makeFolder(t, { 'openapi.yaml': documentOf(), 'sallyport.yaml': config })
    const { code, stderr } = await runCli(other, 'serve')
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`:${port}: the port is taken`))
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
