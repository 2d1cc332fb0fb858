import { randomBytes } from 'node:crypto'
import { loadavg } from 'node:os'
import { Secret } from '../../src/base/secret.ts'
import type { Counters, Demand } from '../../src/store/counters.ts'
import { FailoverCounters } from '../../src/store/failover-counters.ts'
import { MemoryCounters } from '../../src/store/memory-counters.ts'
import { RedisCounters } from '../../src/store/redis/redis-counters.ts'
import { openRedis } from '../../src/store/redis/redis-link.ts'
import { parseRedisUrl } from '../../src/store/redis/redis-target.ts'
import { startRedis } from '../../src/store/testing/start-redis.ts'
import { printTable, spread } from '../machine/statistics.ts'
import { paced, saturated } from './loads.ts'
import type { AskOnce, Measured } from './loads.ts'

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

/** A load, and what came of it, once for each repeat. */
interface Row {
  readonly name: string
  readonly measure: (counters: Counters, seconds: number) => Promise<Measured>
  readonly found: Measured[]
  readonly inMemoryUs: number[]
}

const asking =
  (counters: Counters, ask: Ask): AskOnce =>
  (call) =>
    ask(counters, (call * 7919) % PRINCIPALS)

function closedRow(name: string, ask: Ask, atOnce: number): Row {
  return {
    name: `${name}, ${atOnce} at once (saturated)`,
    measure: (counters, seconds) => saturated(asking(counters, ask), atOnce, seconds),
    found: [],
    inMemoryUs: [],
  }
}

/** At half of what the other load could do in the same repeat. */
function openRow(name: string, ask: Ask, full: Row): Row {
  return {
    name: `${name}, at half of that rate`,
    measure: (counters, seconds) =>
      paced(asking(counters, ask), (full.found.at(-1)?.perSecond ?? 2000) / 2, seconds),
    found: [],
    inMemoryUs: [],
  }
}

const FULL = closedRow('two bans, an address, a principal', request, 64)
const ROWS = [
  closedRow('one limit', limit, 1),
  closedRow('one limit', limit, 16),
  closedRow('one limit', limit, 64),
  closedRow('a limit and a daily quota', twoLimits, 64),
  FULL,
  openRow('two bans, an address, a principal', request, FULL),
].filter(({ name }) => name.includes(ONLY))

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

const before = loadavg()[0]?.toFixed(1)
for (const { measure } of ROWS) await measure(counters, 1)
for (let repeat = 0; repeat < REPEATS; repeat++) {
  for (const { measure, found, inMemoryUs } of ROWS) {
    inMemoryUs.push((await measure(local, SECONDS / 5)).us)
    found.push(await measure(counters, SECONDS))
  }
}
const rows = ROWS.map(({ name, found, inMemoryUs }) => [
  name,
  spread(inMemoryUs),
  spread(found.map(({ us }) => us)),
  spread(
    found.map(({ p50 }) => p50),
    2,
  ),
  spread(
    found.map(({ p99 }) => p99),
    2,
  ),
  spread(
    found.map(({ perSecond }) => perSecond),
    0,
  ),
  spread(
    found.map(({ waited }) => 100 * waited),
    0,
  ),
])
console.log(`Load average ${before} before, ${loadavg()[0]?.toFixed(1)} after\n`)
printTable(
  ['', 'in memory us', 'with Redis us', 'p50 ms', 'p99 ms', 'per second', 'waited %'],
  rows,
)
console.log(`\nRedis was called away ${losses} times`)
counters.close()
await redis.close()
