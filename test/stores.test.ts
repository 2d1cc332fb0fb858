import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Secret } from '../src/base/secret.ts'
import { openedRecords } from '../src/store/open-store.ts'
import { StoreError } from '../src/store/records.ts'
import { postgresMissing, startPostgres } from '../src/store/testing/start-postgres.ts'
import type { PostgresServer } from '../src/store/testing/start-postgres.ts'
import { asker } from './kit/ask.ts'
import type { Asker } from './kit/ask.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startUpstream } from './kit/upstream.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { pause, until } from './kit/until.ts'
import { ask, NO_LIMITS, startRange } from './workers/range.ts'

const DOCUMENT = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 't', version: '1' },
  paths: {
    '/orders': {
      get: {
        operationId: 'listOrders',
        security: [{ key: [] }],
        responses: { 200: { description: 'ok' } },
      },
    },
  },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
})

// CONTROLS 3.3, the rows of PostgreSQL: through two gateways that share one database.
suite('records in PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-stores-'))
  let server: PostgresServer
  let upstream: TestUpstream
  let nodes: readonly { readonly gateway: TestGateway; readonly client: Asker }[] = []
  const node = (index: number): { readonly gateway: TestGateway; readonly client: Asker } => {
    const one = nodes[index]
    assert.ok(one)
    return one
  }
  before(async () => {
    server = await startPostgres()
    upstream = await startUpstream((_, response) => response.end())
    const yaml = `openapi: ./openapi.json
upstream: ${upstream.url}
listen: { https: 8443 }
limits: { ip: off, principal: off, failures: off, errors: off }
secrets: file:${join(folder, 'secrets')}
store: ${server.url}
`
    const gateways = [0, 1].map(() => startGateway({ yaml, files: { 'openapi.json': DOCUMENT } }))
    nodes = (await Promise.all(gateways)).map((gateway) => ({
      gateway,
      client: asker(gateway.httpsPort, gateway.ca),
    }))
  })
  after(async () => {
    for (const { gateway, client } of nodes) {
      client.close()
      await gateway.close()
    }
    await upstream.close()
    await server.close()
    rmSync(folder, { recursive: true })
  })

  const statusOf = async (index: number, key: string): Promise<number> => {
    const got = await node(index).client.ask({ target: '/orders', headers: { 'x-api-key': key } })
    return got.status
  }

  /** How often a node has told that something is away. */
  const told = async (index: number): Promise<number> =>
    (await node(index).gateway.log()).filter(
      (line) => line['event.action'] === 'sp_dependency_down',
    ).length

  test('a key that one node made works at the other at once', async () => {
    const { key } = await node(0).gateway.createKey()
    assert.equal(await statusOf(1, key), 200)
  })

  test('a key that one node revoked is refused by the other within 5 s', async (t) => {
    const { key, id } = await node(0).gateway.createKey()
    assert.equal(await statusOf(1, key), 200)
    await node(0).gateway.revokeKey(id)
    const start = performance.now()
    assert.ok(await until(async () => (await statusOf(1, key)) === 401, 5000))
    t.diagnostic(`${Math.round(performance.now() - start)} ms`)
    assert.equal(await statusOf(0, key), 401)
  })

  for (const how of ['killed', 'stopped'] as const)
    test(`with the server ${how}, known keys go on, unknown ones and writes get 503`, async () => {
      const known = await node(0).gateway.createKey()
      const unknown = await node(1).gateway.createKey()
      // What node 1 wrote makes node 0 forget what it knew: it must have heard of it before it learns the key.
      await pause(600)
      assert.equal(await statusOf(0, known.key), 200)
      const before = await told(0)
      await (how === 'killed' ? server.kill() : server.pause())
      const load = setInterval(() => void statusOf(0, known.key).catch(() => undefined), 5)
      assert.equal(await statusOf(0, known.key), 200)
      assert.equal(await statusOf(0, unknown.key), 503)
      await assert.rejects(node(0).gateway.createKey(), StoreError)
      await assert.rejects(node(0).gateway.revokeKey(known.id), StoreError)
      assert.ok(await until(async () => (await told(0)) > before, 5000))
      const start = performance.now()
      assert.equal(await statusOf(0, unknown.key), 503)
      assert.ok(performance.now() - start < 1000, 'nobody waits for a server that is away')
      assert.equal(await statusOf(0, known.key), 200)
      await (how === 'killed' ? server.start() : server.resume())
      assert.ok(await until(async () => (await statusOf(0, unknown.key)) === 200, 10_000))
      clearInterval(load)
      assert.equal(await told(0), before + 1, 'however many requests met it')
      await node(0).gateway.revokeKey(known.id)
      assert.equal(await statusOf(0, known.key), 401)
      assert.ok(await until(async () => (await statusOf(1, known.key)) === 401, 5000))
      const { key } = await node(1).gateway.createKey()
      assert.equal(await statusOf(0, key), 200)
    })

  test('worker threads read keys of the database and see what another node revokes', async () => {
    server.run('CREATE DATABASE threads')
    const store = server.url.replace(/postgres$/, 'threads')
    const secrets = join(folder, 'threads')
    const range = await startRange(`store: ${store}\nsecrets: file:${secrets}\n${NO_LIMITS}`)
    const made = await range.running.gateway.services.keys.admin.create({}, Date.now())
    const headers = { 'x-api-key': made.key.reveal() }
    const statuses = async (): Promise<readonly unknown[]> => {
      const asked = Array.from({ length: 20 }, () => ask(range.port, '/keyed', { headers }))
      return (await Promise.all(asked)).map((one) => ('status' in one ? one.status : one.error))
    }
    assert.deepEqual([...new Set(await statuses())], [200])
    const other = await openedRecords({ kind: 'postgres', url: new Secret(store) }, 0)
    await other.keys.update(made.row.id, (row) => ({ ...row, revokedAtMs: 1 }))
    await other.close()
    assert.ok(await until(async () => (await statuses()).every((one) => one === 401), 5000))
    await range.close()
  })
})
