import assert from 'node:assert/strict'
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { asker } from './kit/ask.ts'
import { startGateway } from './kit/gateway.ts'
import { pause, until } from './kit/until.ts'
import { startUpstream } from './kit/upstream.ts'

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
