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
import { slotOf } from './key-slot.ts'
import { openRedis } from './redis-link.ts'
import type { DecideCall, RedisLink } from './redis-link.ts'
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
      decide: (call) =>
        link.decide({
          ...call,
          now: Number(call.now) + (call.lines.startsWith('g') ? SLICE_MS : 0),
        }),
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

  /** Counters, and the calls that they make; which server holds a key is the same in every run. */
  function counted() {
    const calls: DecideCall[] = []
    const own = counters(
      { ...link, decide: (call) => (calls.push(call), link.decide(call)) },
      new Secret(Buffer.alloc(32, 1)),
    )
    return { own, calls }
  }

  test('what is asked at the same moment is one call to each server', async () => {
    const { own, calls } = counted()
    const now = Date.now()
    const keys = Array.from({ length: 30 }, (_, i) => `at once ${i}`)
    await own.ban('at once 7', now + 60_000, now)
    const banned = Promise.all(keys.map(async (key) => own.isBanned(key, now)))
    const taken = Promise.all(keys.map(async (key) => own.take(key, RATE, 1, now)))
    const found = await banned
    assert.deepEqual(
      found.map((untilMs) => untilMs !== undefined),
      keys.map((_, i) => i === 7),
    )
    assert.ok((await taken).every(({ allowed, remaining }) => allowed && remaining === 4))
    assert.equal(calls.length, servers.length)
    assert.equal(new Set(calls.map(({ place }) => place)).size, servers.length)
  })

  test('a decision is one call to each server, and two where one refuses', async () => {
    const { own, calls } = counted()
    const now = Date.now()
    const demands = Array.from({ length: 12 }, (_, i) => `many ${i}`).flatMap(
      (key): readonly Demand[] => [
        { key, kind: 'bucket', rate: RATE, cost: 1 },
        { key, kind: 'window', rate: DAY, cost: 1 },
      ],
    )
    const first = await own.decide(demands, now)
    assert.ok(first.allowed)
    assert.deepEqual(
      first.taken.map(({ remaining }) => remaining),
      demands.map(({ kind }) => (kind === 'bucket' ? 4 : 19)),
    )
    assert.equal(calls.length, servers.length)
    await own.take('many 5', RATE, RATE.burst - 1, now)
    calls.length = 0
    const refused = await own.decide(demands, now)
    assert.deepEqual(
      refused.taken.map(({ allowed }) => allowed),
      demands.map(({ key, kind }) => key !== 'many 5' || kind !== 'bucket'),
    )
    // The server that refused has taken nothing that would go back.
    assert.equal(calls.length, 2 * servers.length - 1)
    const after = await Promise.all(demands.map(async (one) => own.decide([one], now)))
    assert.deepEqual(
      after.map(({ taken }) => taken[0]?.remaining),
      demands.map(({ key, kind }) => (kind === 'window' ? 18 : key === 'many 5' ? 0 : 3)),
    )
  })

  test('a slot that moves while it is asked about is asked where it is', async () => {
    const own = counters(link)
    const now = Date.now()
    const ask = async () => {
      const asked = ['moving', 'a', 'b', 'c'].map(async (key) => own.take(key, RATE, 1, now))
      return (await Promise.all(asked))[0]?.remaining
    }
    const before = new Set(servers.flatMap((one) => one.run('KEYS', 'sp:b:*').split('\n')))
    assert.equal((await own.take('moving', RATE, 1, now)).remaining, 4)
    const keysOf = (one: RedisServer) => one.run('KEYS', 'sp:b:*').trim().split('\n')
    const source = servers.find((one) =>
      keysOf(one).some((name) => name !== '' && !before.has(name)),
    )
    const target = servers.find((one) => one !== source)
    assert.ok(source !== undefined && target !== undefined)
    const name = keysOf(source).find((one) => !before.has(one)) ?? ''
    const slot = String(slotOf(name))
    assert.equal(source.run('CLUSTER', 'KEYSLOT', name).trim(), slot)
    const ids = [source, target].map((one) => one.run('CLUSTER', 'MYID').trim())
    const [sourceId = '', targetId = ''] = ids
    target.run('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId)
    source.run('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId)
    assert.equal(await ask(), 3)
    source.run('MIGRATE', '127.0.0.1', String(target.port), name, '0', '5000')
    assert.equal(await ask(), 2)
    for (const one of [target, source, ...servers])
      one.run('CLUSTER', 'SETSLOT', slot, 'NODE', targetId)
    assert.equal(await ask(), 1)
    assert.equal(await ask(), 0)
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
