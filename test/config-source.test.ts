import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import { makeFolder, runCli, startCli } from '../cli/testing/cli-process.ts'
import { asker } from './kit/ask.ts'
import { linesOf, startGateway } from './kit/gateway.ts'
import { pause, until } from './kit/until.ts'
import { startUpstream } from './kit/upstream.ts'
import { ask, documentOf, NO_LIMITS } from './workers/range.ts'

const DOCUMENT = `openapi: 3.1.0
info: { title: t, version: '1' }
paths: { /open: { get: { security: [], responses: { '200': { description: ok } } } } }
`
/** What a day is here. */
const DAY_MS = 400

// CONTROLS 3.3, configuration source: the file goes away while the gateway runs, and comes back.
suite('a configuration that cannot be read', { timeout: 60_000 }, () => {
  test('is held, and told of when it is a day old', async (t) => {
    const upstream = await startUpstream((_, response) => response.end())
    t.after(() => upstream.close())
    const gateway = await startGateway({
      yaml: `openapi: ./openapi.yaml\nupstream: ${upstream.url}\nlimits: { ip: off }\n`,
      files: { 'openapi.yaml': DOCUMENT },
      isAlone: true,
      staleMs: DAY_MS,
    })
    t.after(() => gateway.close())
    const client = asker(gateway.httpsPort, gateway.ca)
    t.after(() => client.close())
    const told = async (name: string): Promise<number> =>
      (await gateway.log()).filter((line) => line['event.action'] === name).length
    await pause(2 * DAY_MS)
    assert.equal(await told('sp_config_stale'), 0)
    const [file, aside] = ['sallyport.yaml', 'away'].map((name) => join(gateway.folder, name))
    assert.ok(file !== undefined && aside !== undefined)
    renameSync(file, aside)
    assert.ok(await until(async () => (await told('sp_config_rejected')) > 0, 10_000))
    assert.equal((await client.ask({ target: '/open' })).status, 200)
    assert.ok(await until(async () => (await told('sp_config_stale')) > 1, 10_000), 'each day')
    // As a mount that is there and holds nothing that can be read.
    mkdirSync(file)
    await pause(DAY_MS)
    renameSync(aside, `${aside}.back`)
    renameSync(file, aside)
    renameSync(`${aside}.back`, file)
    assert.ok(await until(async () => (await told('sp_config_change')) > 0, 10_000))
    const so = await told('sp_config_stale')
    await pause(3 * DAY_MS)
    assert.equal(await told('sp_config_stale'), so)
    assert.equal((await client.ask({ target: '/open' })).status, 200)
  })
})

/** `sallyport serve --last-good`, in a folder of its own, to be killed and started again. */
async function startHolding(t: TestContext) {
  const upstream = await startUpstream((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'),
  )
  t.after(() => upstream.close())
  const [port, health] = [await freePort(), await freePort()]
  const config = [
    'openapi: ./openapi.yaml',
    `upstream: ${upstream.url}`,
    `listen: { http: ${port}, plain: serve, health: ${health} }`,
    'workers: 1',
    'logs: { sinks: ["file:./gateway.log"] }',
    NO_LIMITS,
    '',
  ].join('\n')
  const folder = makeFolder(t, { 'openapi.yaml': documentOf(), 'sallyport.yaml': config })
  let said = ''
  const start = async (): Promise<{ isUp: boolean; kill: () => Promise<void> }> => {
    said = ''
    const child = startCli(folder, ['serve', '--unsupervised', '--last-good', './held'])
    child.stdout?.resume()
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    const gone = once(child, 'exit')
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL')
      await gone
    }
    t.after(kill)
    const isOver = (): boolean => child.exitCode !== null
    await until(() => said.includes('sallyport: http://') || isOver(), 20_000)
    return { isUp: !isOver(), kill }
  }
  const file = (name: string): string => join(folder, name)
  return {
    config,
    start,
    said: () => said,
    write: (name: string, text: string) => writeFileSync(file(name), text),
    read: (name: string) => readFileSync(file(name), 'utf8'),
    remove: (name: string) => rmSync(file(name)),
    key: async (): Promise<string> => {
      const made = await runCli(folder, 'keys', 'create', '--json')
      return (JSON.parse(made.stdout) as { key: string }).key
    },
    status: async (path: string, key?: string): Promise<number> => {
      const headers = key === undefined ? {} : { 'x-api-key': key }
      const outcome = await ask(port, path, { headers })
      return 'status' in outcome ? outcome.status : 0
    },
    ready: async (): Promise<string> => {
      const outcome = await ask(health, '/ready')
      const body = 'body' in outcome ? outcome.body : ''
      return /"name":"configuration","state":"(\w+)"/.exec(body)?.[1] ?? ''
    },
    told: (name: string) =>
      linesOf(readFileSync(file('gateway.log'), 'utf8')).filter(
        (line) => line['event.action'] === name,
      ).length,
  }
}

suite('a start without a configuration that can be read', { timeout: 120_000 }, () => {
  test('serves what was in force before the kill, until there is one', async (t) => {
    const at = await startHolding(t)
    const first = await at.start()
    assert.ok(first.isUp, at.said())
    const key = await at.key()
    assert.equal(await at.status('/keyed', key), 200)
    await first.kill()
    at.write('sallyport.yaml', `${at.config}nonsense: 1\n`)
    at.remove('openapi.yaml')
    const second = await at.start()
    assert.ok(second.isUp, at.said())
    assert.match(at.said(), /nonsense/)
    assert.match(at.said(), /starting with the configuration that was in force/)
    assert.equal(await at.status('/keyed', key), 200)
    assert.equal(await at.status('/keyed'), 401)
    assert.equal(await at.ready(), 'away')
    assert.ok(await until(() => at.told('sp_config_held') === 1))
    at.write('openapi.yaml', documentOf().replace('/open:', '/other:'))
    at.write('sallyport.yaml', at.config)
    assert.ok(await until(async () => (await at.status('/other')) === 200, 15_000))
    assert.equal(await at.ready(), 'up')
    await second.kill()
    at.remove('sallyport.yaml')
    at.write('sallyport.yaml', 'x: [')
    const third = await at.start()
    assert.ok(third.isUp, at.said())
    assert.equal(await at.status('/other'), 200, 'a reload is held as well')
  })

  test('does not start with what somebody changed', async (t) => {
    const at = await startHolding(t)
    const first = await at.start()
    assert.ok(first.isUp, at.said())
    await first.kill()
    at.write('held', at.read('held').replace('/open:', '/opem:'))
    at.write('sallyport.yaml', `${at.config}nonsense: 1\n`)
    const second = await at.start()
    assert.equal(second.isUp, false)
    assert.match(at.said(), /nonsense/)
    assert.match(at.said(), /held was changed/)
  })
})
