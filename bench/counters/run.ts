import { randomBytes } from 'node:crypto'
import { Secret } from '../../src/base/secret.ts'
import type { Counters, Demand } from '../../src/store/counters.ts'
import { FailoverCounters } from '../../src/store/failover-counters.ts'
import { MemoryCounters } from '../../src/store/memory-counters.ts'
import { RedisCounters } from '../../src/store/redis/redis-counters.ts'
import { openRedis } from '../../src/store/redis/redis-link.ts'
import { parseRedisUrl } from '../../src/store/redis/redis-target.ts'
import { startRedis } from '../../src/store/testing/start-redis.ts'
import { median, percentile } from '../machine/statistics.ts'

const REPEATS = 5
const SECONDS = Number(process.argv[2] ?? 3)
/** Only rows whose name has this in it. */
const ONLY = process.argv[3] ?? ''
const PRINCIPALS = 50_000
const RATE = { count: 1e6, windowMs: 60_000, burst: 1e6 }
const DAY = { count: 1e8, windowMs: 86_400_000, burst: 1e8 }

const KEYS = Array.from({ length: PRINCIPALS }, (_, i) => `principal:600/60000/100:key:k${i}abcdef`)
const ONE = KEYS.map((key): readonly Demand[] => [{ key, kind: 'bucket', rate: RATE, cost: 1 }])
const TWO = KEYS.map((key): readonly Demand[] => [
  { key, kind: 'bucket', rate: RATE, cost: 1 },
  { key, kind: 'window', rate: DAY, cost: 1 },
])

type Ask = (counters: Counters, call: number) => unknown

const limit: Ask = (counters, call) => counters.decide(ONE[call % PRINCIPALS] ?? [], Date.now())
const twoLimits: Ask = (counters, call) => counters.decide(TWO[call % PRINCIPALS] ?? [], Date.now())
/** What stands before and after authentication: two bans of an address, its limit, that of the principal. */
const request: Ask = async (counters, call) => {
  const address = `10.${(call >> 8) & 255}.${call & 255}.7`
  await counters.isBanned(`penalty-box:${address}`, Date.now())
  await counters.take(`ip:${address}`, RATE, 1, Date.now())
  await counters.isBanned(`failures:${address}`, Date.now())
  await limit(counters, call)
}

interface Row {
  readonly name: string
  readonly ask: Ask
  readonly atOnce: number
  readonly us: number[]
  readonly p50: number[]
  readonly p99: number[]
  readonly perSecond: number[]
}

const row = (name: string, ask: Ask, atOnce: number): Row => ({
  name: `${name}, ${atOnce} at once`,
  ask,
  atOnce,
  us: [],
  p50: [],
  p99: [],
  perSecond: [],
})

const ROWS = [
  row('one limit', limit, 1),
  row('one limit', limit, 16),
  row('one limit', limit, 64),
  row('a limit and a daily quota', twoLimits, 64),
  row('two bans, an address, a principal', request, 64),
].filter(({ name }) => name.includes(ONLY))

/** Callers that decide one after another; every hundredth decision is timed. */
async function measure(counters: Counters, { ask, atOnce }: Row, seconds: number) {
  const tookMs: number[] = []
  let calls = 0
  const endMs = performance.now() + seconds * 1000
  const cpu = process.cpuUsage()
  const begunMs = performance.now()
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) {
      calls += 1
      const isTimed = calls % 100 === 0
      const startedMs = isTimed ? performance.now() : 0
      await ask(counters, (calls * 7919) % PRINCIPALS)
      if (isTimed) tookMs.push(performance.now() - startedMs)
      // Where nothing waits, other callers get their turn all the same.
      if (calls % 1024 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, caller))
  const { user, system } = process.cpuUsage(cpu)
  const perSecond = (calls * 1000) / (performance.now() - begunMs)
  const us = (user + system) / calls
  return { us, p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99), perSecond }
}

const redis = await startRedis()
const local = new MemoryCounters()
const link = openRedis(parseRedisUrl(redis.url, 'url'))
const shared = new RedisCounters({ link, local, pepper: new Secret(randomBytes(32)) })
const counters = new FailoverCounters({
  shared,
  local,
  whenAway: 'local',
  reconnect: () => link.reconnect(),
  close: () => link.close(),
})
await counters.ready(5000)
let losses = 0
counters.watch(({ isUp }) => void (losses += isUp ? 0 : 1))

const memory = new Map(ROWS.map(({ name }) => [name, [] as number[]]))
for (const one of ROWS) await measure(counters, one, 1)
for (let repeat = 0; repeat < REPEATS; repeat++) {
  for (const one of ROWS) {
    memory.get(one.name)?.push((await measure(local, one, SECONDS / 5)).us)
    const found = await measure(counters, one, SECONDS)
    one.us.push(found.us)
    one.p50.push(found.p50)
    one.p99.push(found.p99)
    one.perSecond.push(found.perSecond)
  }
}
console.log(
  '| | in memory us | with Redis us, median (best) | p50 ms | p99 ms, median (best) | per second |',
)
console.log('| --- | --- | --- | --- | --- | --- |')
for (const { name, us, p50, p99, perSecond } of ROWS) {
  const cells = [
    name,
    median(memory.get(name) ?? []).toFixed(2),
    `${median(us).toFixed(1)} (${Math.min(...us).toFixed(1)})`,
    median(p50).toFixed(2),
    `${median(p99).toFixed(2)} (${Math.min(...p99).toFixed(2)})`,
    median(perSecond).toFixed(0),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
console.log(`\nRedis was called away ${losses} times`)
counters.close()
await redis.close()
