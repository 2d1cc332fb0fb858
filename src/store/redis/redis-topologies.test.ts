import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Secret } from '../../base/secret.ts'
import type { Demand } from '../counters.ts'
import { MemoryCounters } from '../memory-counters.ts'
import { SLICES } from '../sliding-window.ts'
import { countersContract } from '../testing/counters-contract.ts'
import { redisMissing, startRedis } from '../testing/start-redis.ts'
import type { RedisServer } from '../testing/start-redis.ts'
import { RedisCounters } from './redis-counters.ts'
import { openRedis } from './redis-link.ts'
import type { RedisLink } from './redis-link.ts'
import { parseRedisUrl } from './redis-target.ts'

const missing = redisMissing()
/** The machine may be busy: what is late here is not away. */
const PATIENT = { callMs: 2000, connectMs: 2000, retryMs: 100 }
const RATE = { count: 10, windowMs: 60_000, burst: 5 }
const DAY = { count: 20, windowMs: 86_400_000, burst: 20 }
const SLICE_MS = DAY.windowMs / SLICES

const pepper = (): Secret<Buffer> => new Secret(randomBytes(32))
const counters = (link: RedisLink, own = pepper()): RedisCounters =>
  new RedisCounters({ link, pepper: own, local: new MemoryCounters(), clock: 'caller' })

async function until(isTrue: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const endMs = Date.now() + ms
  while (!(await isTrue())) {
    assert.ok(Date.now() < endMs, 'too late')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const answers = (link: RedisLink): Promise<boolean> =>
  link.nodes('sp:test', 'test', 1000).then(Boolean, () => false)

suite('counters in a cluster', { skip: missing ?? false }, () => {
  let servers: readonly RedisServer[]
  let link: RedisLink
  before(async () => {
    const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
    servers = await Promise.all([1, 2, 3].map(() => startRedis(options)))
    const hosts = servers.map(({ port }) => `127.0.0.1:${port}`)
    servers[0]?.run('--cluster', 'create', ...hosts, '--cluster-yes')
    link = openRedis(parseRedisUrl(`redis+cluster://${hosts.join(',')}`, ''), PATIENT)
    const isWhole = (): boolean =>
      servers.every((server) => server.run('cluster', 'info').includes('cluster_state:ok'))
    await until(isWhole)
    await until(() => answers(link))
  })
  after(async () => {
    link.close()
    await Promise.all(servers.map((server) => server.close()))
  })

  // Decisions at the same moment may refuse somebody there who would have been let in alone.
  countersContract('cluster', () => counters(link))

  test('what is given back after the edge of a slice goes to the slice it was taken from', async () => {
    const slowToGive: RedisLink = {
      ...link,
      decide: (keys, now, lines) =>
        link.decide(keys, Number(now) + (lines.startsWith('g') ? SLICE_MS : 0), lines),
    }
    const own = counters(slowToGive)
    const nowMs = 1000 * SLICE_MS + 1
    const quota: Demand = { key: 'quota', kind: 'window', rate: DAY, cost: 1 }
    const full: Demand = { key: 'full', kind: 'bucket', rate: RATE, cost: 1 }
    await own.take('full', RATE, RATE.burst, nowMs)
    const { allowed, taken } = await own.decide([quota, full], nowMs)
    assert.equal(allowed, false)
    assert.equal(taken[0]?.remaining, DAY.count)
    const later = await own.decide([quota], nowMs + SLICE_MS)
    assert.equal(later.taken[0]?.remaining, DAY.count - 1)
  })

  test('keys are spread over the servers', async () => {
    const own = counters(link)
    for (let i = 0; i < 30; i++) await own.take(`k${i}`, RATE, 1, Date.now())
    for (const server of servers) assert.notEqual(server.run('DBSIZE').trim(), '0')
  })
})

suite('counters behind sentinels', { skip: missing ?? false }, () => {
  let master: RedisServer
  let replica: RedisServer
  let sentinel: RedisServer
  let folder: string
  let link: RedisLink
  before(async () => {
    master = await startRedis()
    replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)])
    folder = mkdtempSync(join(tmpdir(), 'sallyport-sentinel-'))
    const file = join(folder, 'sentinel.conf')
    writeFileSync(
      file,
      [
        `sentinel monitor main 127.0.0.1 ${master.port} 1`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 2000',
      ].join('\n'),
    )
    sentinel = await startRedis({ sentinel: file })
    link = openRedis(parseRedisUrl(`redis+sentinel://127.0.0.1:${sentinel.port}/main`, ''), PATIENT)
    await until(() => answers(link))
    await until(() => sentinel.run('sentinel', 'replicas', 'main').includes(String(replica.port)))
  })
  after(async () => {
    link.close()
    await Promise.all([sentinel, replica, master].map((server) => server.close()))
    rmSync(folder, { recursive: true, force: true })
  })

  test('the replica that takes over is found, with what was counted', async () => {
    const own = counters(link)
    const now = Date.now()
    for (let i = 0; i < RATE.burst; i++) await own.take('k', RATE, 1, now)
    await until(() => replica.run('DBSIZE').trim() !== '0')
    await master.kill()
    await until(() => answers(link))
    assert.equal((await own.take('k', RATE, 1, now)).allowed, false)
  })
})
