import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { Secret } from '../../base/secret.ts'
import { FailoverCounters } from '../failover-counters.ts'
import type { WhenAway } from '../failover-counters.ts'
import { MemoryCounters } from '../memory-counters.ts'
import { countersContract } from '../testing/counters-contract.ts'
import { redisMissing, startRedis } from '../testing/start-redis.ts'
import type { RedisServer } from '../testing/start-redis.ts'
import { RedisCounters } from './redis-counters.ts'
import type { RedisCountersParts } from './redis-counters.ts'
import { openRedis } from './redis-link.ts'
import type { RedisLink } from './redis-link.ts'
import { parseRedisUrl } from './redis-target.ts'

const missing = redisMissing()
/** The machine may be busy: what is late here is not away. */
const PATIENT = { callMs: 2000, connectMs: 2000, retryMs: 100 }
const RATE = { count: 10, windowMs: 60_000, burst: 5 }
const RULE = { count: 3, windowMs: 60_000, banMs: 60_000 }

/** A key of its own for every counter, so that one server serves all of them. */
const pepper = (): Secret<Buffer> => new Secret(randomBytes(32))

const counters = (link: RedisLink, parts: Partial<RedisCountersParts> = {}): RedisCounters =>
  new RedisCounters({ link, pepper: pepper(), local: new MemoryCounters(), ...parts })

function hold(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

async function until(isTrue: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  const endMs = Date.now() + ms
  while (!(await isTrue())) {
    assert.ok(Date.now() < endMs, 'too late')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

suite('counters in Redis', { skip: missing ?? false }, () => {
  let server: RedisServer
  let link: RedisLink
  before(async () => {
    server = await startRedis()
    link = openRedis(parseRedisUrl(server.url, ''), PATIENT)
    await until(() => link.nodes('sp:test', 'test', 1000).then(Boolean, () => false))
  })
  after(async () => {
    link.close()
    await server.close()
  })

  countersContract('redis', () => counters(link, { clock: 'caller' }))

  test('two nodes share one limit to the last unit', async () => {
    const shared = pepper()
    const other = openRedis(parseRedisUrl(server.url, ''), PATIENT)
    await until(() => other.nodes('sp:test', 'other', 1000).then(Boolean, () => false))
    const nodes = [link, other].map((own) => counters(own, { pepper: shared }))
    const found = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        Promise.resolve(nodes[i % 2]?.take('k', RATE, 1, Date.now())),
      ),
    )
    assert.equal(found.filter((taken) => taken?.allowed).length, RATE.burst)
    other.close()
  })

  test('a caller who was refused is refused again without asking', async () => {
    const own = counters(link)
    for (let i = 0; i < RATE.burst; i++) await own.take('k', RATE, 1, Date.now())
    assert.equal((await own.take('k', RATE, 1, Date.now())).allowed, false)
    const again = own.take('k', RATE, 1, Date.now())
    assert.ok(!(again instanceof Promise))
    assert.equal(again.allowed, false)
    assert.ok(again.retryAfterMs > 0 && again.retryAfterMs <= 6000)
  })

  test('nobody asks about those whom nobody has banned; a ban of another node is known soon', async () => {
    const shared = pepper()
    const [own, other] = [counters(link, { pepper: shared }), counters(link, { pepper: shared })]
    const now = (): number => Date.now()
    assert.equal(await own.isBanned('b', now()), undefined)
    await until(() => !(own.isBanned('b', now()) instanceof Promise))
    assert.ok(!(own.isBanned('somebody never seen', now()) instanceof Promise))
    await other.ban('b', now() + 5000, now())
    await until(async () => (await own.isBanned('b', now())) !== undefined, 1000)
    const untilMs = await own.isBanned('b', now())
    assert.ok(Math.abs(Number(untilMs) - now() - 5000) < 1500)
    assert.ok(!(own.isBanned('c', now()) instanceof Promise))
    await other.fail('f', { count: 1, windowMs: 1000, banMs: 5000 }, now())
    await until(async () => (await own.isBanned('f', now())) !== undefined, 1000)
    own.close()
    other.close()
  })

  test('a ban of this process is in force at once, and so is its end', async () => {
    const own = counters(link)
    const nowMs = Date.now()
    await own.isBanned('b', nowMs)
    await own.ban('b', nowMs + 5000, nowMs)
    assert.ok(Math.abs(Number(await own.isBanned('b', nowMs)) - nowMs - 5000) < 500)
    await own.reset('b')
    assert.equal(await own.isBanned('b', nowMs), undefined)
    own.close()
  })

  test('more bans than fit into one answer are followed, and forgotten when they are over', async () => {
    server.run('FLUSHALL')
    const shared = pepper()
    const [own, other] = [counters(link, { pepper: shared }), counters(link, { pepper: shared })]
    const names = Array.from({ length: 5000 }, (_, i) => `many${i}`)
    const nowMs = Date.now()
    await Promise.all(names.map((name) => other.ban(name, nowMs + 8000, nowMs)))
    await own.isBanned('nobody', nowMs)
    await until(() => !(own.isBanned('nobody', Date.now()) instanceof Promise))
    const found = await Promise.all(names.map(async (name) => own.isBanned(name, nowMs)))
    assert.ok(found.every((untilMs) => untilMs !== undefined))
    const list = server.run('KEYS', 'sp:bans:*:ends').trim()
    await until(() => Number(server.run('ZCARD', list)) === 0, 30_000)
    own.close()
    other.close()
  })

  test('where the index cannot be read, everybody is asked about', async () => {
    const blind = { ...link, follow: () => Promise.reject(new Error('no such command')) }
    const own = counters(blind)
    await own.ban('b', Date.now() + 5000, Date.now())
    assert.equal(await own.isBanned('a', Date.now()), undefined)
    assert.ok(own.isBanned('c', Date.now()) instanceof Promise)
    assert.notEqual(await own.isBanned('b', Date.now()), undefined)
    own.close()
  })

  const late: [name: string, agoMs: number, cost: number, left: number][] = [
    ['what was allowed a moment ago counts in full', 0, 4, 1],
    ['what has come back since does not', 24_000, 4, 5],
    ['more than the limit is owed on', 0, 7, 0],
  ]
  for (const [name, agoMs, cost, left] of late)
    test(`a debt: ${name}`, async () => {
      const own = counters(link, { clock: 'caller' })
      const [now, key] = [1e12, `debt${cost}${agoMs}`]
      await own.owe([{ demand: { key, kind: 'bucket', rate: RATE, cost }, agoMs }], now)
      assert.equal((await own.peek(key, RATE, 1, now)).remaining, left)
      const again = now + (cost - RATE.burst + 1) * 6000
      const isOver = cost >= RATE.burst
      if (isOver) assert.equal((await own.peek(key, RATE, 1, again - 50)).allowed, false)
      if (isOver) assert.equal((await own.take(key, RATE, 1, again)).allowed, true)
      const window = { key, kind: 'window', rate: RATE, cost: 1 } as const
      await own.owe([{ demand: { ...window, cost }, agoMs }], now)
      const { taken } = await own.decide([window], now)
      assert.equal(taken[0]?.remaining, RATE.count - cost - 1)
    })

  test('what waits for a call travels in the next one, in order', async () => {
    let calls = 0
    const counted = {
      ...link,
      decide: (...args: Parameters<RedisLink['decide']>) => ((calls += 1), link.decide(...args)),
    }
    const own = counters(counted)
    const ask = (key: string) => Promise.resolve(own.take(key, RATE, 1, Date.now()))
    const asked = Array.from({ length: 3 }, () => ask('k'))
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 30; i++) asked.push(ask(`k${i}`))
    const found = await Promise.all(asked)
    assert.ok(found.every(({ allowed }) => allowed))
    assert.deepEqual(
      found.slice(0, 3).map(({ remaining }) => remaining),
      [4, 3, 2],
    )
    assert.equal(calls, 2)
  })

  test('an answer that came while this thread was busy is in time', async () => {
    const hasty = openRedis(parseRedisUrl(server.url, ''), { ...PATIENT, callMs: 150 })
    await hasty.ready
    const asked = counters(hasty).take('busy', RATE, 1, Date.now())
    // The call leaves, then this thread is held for longer than it may take.
    setImmediate(() => setImmediate(() => hold(400)))
    assert.equal((await asked).allowed, true)
    hasty.close()
  })

  test('the store holds no name of a caller', async () => {
    await counters(link).take('ip:203.0.113.77', RATE, 1, Date.now())
    const names = server.run('KEYS', '*')
    assert.match(names, /sp:b:/)
    assert.doesNotMatch(names, /203\.0/)
  })

  test('what nobody uses ends by itself', async () => {
    server.run('FLUSHALL')
    const own = counters(link)
    const window = { key: 'w', kind: 'window', rate: RATE, cost: 1 } as const
    await own.decide([window, { ...window, kind: 'bucket' }], Date.now())
    await own.fail('f', RULE, Date.now())
    await own.ban('x', Date.now() + 1000, Date.now())
    const names = server.run('KEYS', 'sp:?:*').trim().split('\n')
    assert.equal(names.length, 4)
    for (const name of names) assert.ok(Number(server.run('PTTL', name)) > 0, name)
  })
})

suite('counters whose Redis goes away', { skip: missing ?? false }, () => {
  let server: RedisServer
  before(async () => {
    server = await startRedis()
  })
  after(() => server.close())

  async function opened(whenAway: WhenAway) {
    const link = openRedis(parseRedisUrl(server.url, ''), { ...PATIENT, callMs: 500 })
    const local = new MemoryCounters()
    const states: boolean[] = []
    const failover = new FailoverCounters({
      shared: new RedisCounters({ link, pepper: pepper(), local }),
      local,
      whenAway,
      reconnect: () => link.reconnect(),
      close: () => link.close(),
    })
    failover.watch(({ isUp }) => states.push(isUp))
    await until(() => link.nodes('sp:test', 'test', 1000).then(Boolean, () => false))
    await until(() => failover.isUp)
    return { failover, states }
  }
  const take = (failover: FailoverCounters) => failover.take('k', RATE, 1, Date.now())

  for (const [way, down, up, left] of [
    // What it had counted is gone with it: the first take, and the one that was under way.
    ['killed', () => server.kill(), () => server.start(), 2],
    ['stopped', () => Promise.resolve(server.pause()), () => Promise.resolve(server.resume()), 0],
  ] as const) {
    test(`a server that is ${way} costs one wait, then this process counts, then it is used again`, async () => {
      const { failover, states } = await opened('local')
      assert.equal((await take(failover)).allowed, true)
      states.length = 0
      await down()
      assert.equal((await take(failover)).allowed, true)
      assert.deepEqual(states, [false])
      // Two are taken: what the store allowed counts here as well.
      for (let i = 0; i < RATE.burst - 2; i++) {
        const taken = take(failover)
        assert.ok(!(taken instanceof Promise), 'waits for what is away')
        assert.equal(taken.allowed, true)
      }
      assert.equal((await take(failover)).allowed, false)
      const untilMs = Date.now() + 60_000
      await failover.ban('banned meanwhile', untilMs, Date.now())
      await up()
      await until(() => failover.isUp, 10_000)
      assert.deepEqual(states, [false, true])
      const isBanned = async (): Promise<boolean> =>
        (await failover.isBanned('banned meanwhile', Date.now())) !== undefined
      await until(isBanned)
      // What this process let through alone is told, once, with what the store still knows.
      let passed = 0
      while ((await take(failover)).allowed) passed += 1
      assert.equal(passed, left)
      failover.close()
    })
  }

  test('what the store allowed is counted here too, but for one unit of a large limit', async () => {
    const { failover } = await opened('local')
    const large = { count: 30, windowMs: 86_400_000, burst: 30 }
    const ask = () => failover.take('large', large, 1, Date.now())
    for (let i = 0; i < 10; i++) assert.equal((await ask()).allowed, true)
    await server.kill()
    let passed = 0
    while ((await ask()).allowed) passed += 1
    assert.equal(passed, 21)
    await server.start()
    failover.close()
  })

  test('closed: nobody passes while the server is away', async () => {
    const { failover } = await opened('closed')
    await server.kill()
    await assert.rejects(async () => take(failover), /away/)
    assert.throws(() => take(failover), /away/)
    await server.start()
    await until(() => failover.isUp, 10_000)
    assert.equal((await take(failover)).allowed, true)
    failover.close()
  })

  test('open: everybody passes', async () => {
    const { failover } = await opened('open')
    await server.kill()
    for (let i = 0; i < 20; i++) assert.equal((await take(failover)).allowed, true)
    await server.start()
    failover.close()
  })
})

suite('the URL of a Redis', () => {
  const good: [text: string, expected: Record<string, unknown>][] = [
    [
      'redis://127.0.0.1',
      { kind: 'single', hosts: [{ host: '127.0.0.1', port: 6379 }], database: 0 },
    ],
    ['valkeys://u:p%40@h:1/3', { isTls: true, username: 'u', password: 'p@', database: 3 }],
    [
      'redis+sentinel://:pw@a,b:7/main',
      {
        kind: 'sentinel',
        master: 'main',
        password: 'pw',
        hosts: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 7 },
        ],
      },
    ],
    [
      'rediss+cluster://[::1]:1,h',
      {
        kind: 'cluster',
        isTls: true,
        hosts: [
          { host: '::1', port: 1 },
          { host: 'h', port: 6379 },
        ],
      },
    ],
  ]
  for (const [text, expected] of good)
    test(`${text} is read`, () => {
      const found = parseRedisUrl(text, '') as unknown as Record<string, unknown>
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name], value)
    })
  for (const text of [
    'http://a',
    'redis://',
    'redis://a/b',
    'redis://a:99999',
    'redis+sentinel://a',
    'redis+cluster://a/1',
    'redis://%zz:x@a',
  ])
    test(`${text} is refused`, () => assert.throws(() => parseRedisUrl(text, 'counters')))
})
