import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { redisMissing, startRedis } from '../src/store/testing/start-redis.ts'
import type { RedisServer } from '../src/store/testing/start-redis.ts'
import { newSecretsText } from '../src/store/secrets-file.ts'
import type { Asker } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import { assertRefusal } from './kit/problem.ts'
import { until } from './kit/until.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

const DOCUMENT = `openapi: 3.1.0
info: { title: t, version: '1' }
paths:
  /open: { get: { operationId: open, security: [], responses: { '204': { description: none } } } }
`
const BURST = 10

suite('limits that two gateways share', { skip: redisMissing() ?? false }, () => {
  let redis: RedisServer
  let upstream: TestUpstream
  let folder: string
  const gateways: TestGateway[] = []
  const clients: Asker[] = []

  before(async () => {
    redis = await startRedis()
    upstream = await startUpstream((_request, response) => response.writeHead(204).end())
    folder = mkdtempSync(join(tmpdir(), 'sallyport-nodes-'))
    const secrets = newSecretsText()
    for (const whenStoreFails of ['local', 'closed']) {
      const gateway = await startGateway({
        yaml: `openapi: ./openapi.yaml
upstream: ${upstream.url}
limits: { ip: 1/min burst ${BURST}, errors: off, failures: off, whenStoreFails: ${whenStoreFails} }
counters: ${redis.url}
store: sqlite:./own.db
secrets: file:./shared.secrets
logs: { sinks: ["file:./gateway.log"] }
`,
        files: { 'openapi.yaml': DOCUMENT, 'shared.secrets': secrets },
      })
      gateways.push(gateway)
      clients.push(asker(gateway.httpsPort, gateway.ca))
    }
  })
  after(async () => {
    for (const client of clients) client.close()
    await Promise.all(gateways.map((gateway) => gateway.close()))
    await Promise.all([redis.close(), upstream.close()])
    rmSync(folder, { recursive: true, force: true })
  })

  const [local, closed] = [0, 1]
  const ask = (node: number, from?: string) => {
    const client = clients[node]
    assert.ok(client)
    return client.ask(from === undefined ? { target: '/open' } : { target: '/open', from })
  }

  test('one bucket for both, to the last unit', async () => {
    const found = await Promise.all(Array.from({ length: 4 * BURST }, (_, i) => ask(i % 2)))
    const allowed = found.filter(({ status }) => status === 204)
    assert.equal(allowed.length, BURST)
    const refused = found.find(({ status }) => status === 429)
    assert.ok(refused)
    assertRefusal(refused, 429, { 'retry-after': /^\d+$/ })
  })

  test('a store that hangs: one node counts alone, the other refuses, nobody waits long', async () => {
    redis.pause()
    const startedAt = performance.now()
    assert.equal((await ask(local, '127.0.0.2')).status, 204)
    assertRefusal(await ask(closed, '127.0.0.2'), 503, { 'retry-after': /^\d+$/ })
    assert.ok(performance.now() - startedAt < 5000)
    const statuses: number[] = []
    for (let i = 0; i < 2 * BURST; i++) statuses.push((await ask(local, '127.0.0.3')).status)
    // Two processes of one machine and one id count as one node: the whole limit is this one's.
    assert.equal(statuses.filter((status) => status === 204).length, BURST)
    const told = (await gateways[local]?.log())?.filter(
      (line) => line['event.action'] === 'sp_dependency_down',
    )
    assert.equal(told?.length, 1)
  })

  test('a store that is back is used again', async () => {
    redis.resume()
    assert.ok(await until(async () => (await ask(closed, '127.0.0.4')).status === 204, 10_000))
    const isBack = async (): Promise<boolean> =>
      (await gateways[local]?.log())?.some((line) => line['event.action'] === 'sp_dependency_up') ??
      false
    assert.ok(await until(isBack, 10_000))
  })
})
