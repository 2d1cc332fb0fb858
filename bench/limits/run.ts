import { KeptKey } from '../../src/store/kept-key.ts'
import { MemoryCounters } from '../../src/store/memory-counters.ts'
import { newCounterMemory, SharedCounters } from '../../src/store/shared/shared-counters.ts'
import type { Counters, Demand } from '../../src/store/counters.ts'

/** Best of so many runs, in one process. */
const RUNS = 80
const CALLS = 20_000
const CALLERS = 2_000
const NOW = Date.UTC(2026, 0, 1)

const RATE = { count: 600, windowMs: 60_000, burst: 100 }
const DAY = { count: 100_000, windowMs: 86_400_000, burst: 100_000 }

const ADDRESSES = Array.from({ length: CALLERS }, (_, i) => `ip:10.${i >> 8}.${i & 255}.7`)
const KEYS = Array.from({ length: CALLERS }, (_, i) => `principal:600/60000/100:key:k${i}abcdef`)
/** The gateway keeps the key of a verified caller with the caller. */
const KEPT = KEYS.map((key) => new KeptKey(key))
const BANS = Array.from({ length: CALLERS }, (_, i) => `penalty-box:10.${i >> 8}.${i & 255}.7`)
const DEMANDS = KEYS.map((key): readonly Demand[] => [
  { key, kind: 'bucket', rate: RATE, cost: 1 },
  { key: `tenant:${key.length % 7}`, kind: 'bucket', rate: { ...RATE, count: 1e9 }, cost: 1 },
])
const QUOTAS = KEYS.map((key): readonly Demand[] => [
  { key, kind: 'bucket', rate: RATE, cost: 1 },
  { key, kind: 'window', rate: DAY, cost: 1 },
])

type Work = (counters: Counters, call: number) => unknown

const ROWS: readonly [name: string, work: Work][] = [
  [
    'a request: address, verified caller, one ban',
    (counters, call) => {
      const i = call % CALLERS
      void counters.take(ADDRESSES[i] ?? '', RATE, 1, NOW + call)
      void counters.isBanned(BANS[i] ?? '', NOW + call)
      const kept = KEPT[i]
      return kept && counters.takeKept?.(kept, RATE, 1, NOW + call)
    },
  ],
  [
    'one bucket',
    (counters, call) => counters.take(KEYS[call % CALLERS] ?? '', RATE, 1, NOW + call),
  ],
  [
    'a decision over two buckets',
    (counters, call) => counters.decide(DEMANDS[call % CALLERS] ?? [], NOW + call),
  ],
  [
    'a decision over a bucket and a daily quota',
    (counters, call) => counters.decide(QUOTAS[call % CALLERS] ?? [], NOW + call),
  ],
]

/** Nanoseconds per call, the best run. */
function best(counters: Counters, work: Work): number {
  let bestNs = Infinity
  for (let run = 0; run < RUNS; run++) {
    const begun = process.hrtime.bigint()
    for (let call = 0; call < CALLS; call++) work(counters, run * CALLS + call)
    bestNs = Math.min(bestNs, Number(process.hrtime.bigint() - begun) / CALLS)
  }
  return bestNs
}

const million = new MemoryCounters()
million.take('first', RATE, 1, NOW)
const before = process.memoryUsage()
for (let i = 0; i < 1_000_000; i++)
  void million.take(`principal:600/60000/100:key:${i}`, { ...RATE, windowMs: 6e8 }, 50, NOW)
const after = process.memoryUsage()
const grown = after.rss - before.rss
const held = after.arrayBuffers - before.arrayBuffers
console.log(`1,000,000 live principals: ${(held / 1e6).toFixed(1)} bytes each in tables, `)
console.log(
  `${(grown / 1e6).toFixed(1)} bytes each by the growth of the process (garbage included)`,
)

const shared = new SharedCounters(newCounterMemory(NOW), 0)
console.log('| ns per call, best of 80 | in memory | shared by threads |')
console.log('| --- | --- | --- |')
for (const [name, work] of ROWS) {
  const own = best(new MemoryCounters(), work)
  console.log(`| ${name} | ${own.toFixed(0)} | ${best(shared, work).toFixed(0)} |`)
}
