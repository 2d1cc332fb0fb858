import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { BucketRate, Counters, Demand } from './counters.ts'
import { MemoryCounters } from './memory-counters.ts'
import { CounterKeeper, newCounterMemory, SharedCounters } from './shared/shared-counters.ts'
import { SLICES } from './sliding-window.ts'

const T0 = Date.UTC(2026, 0, 1)

/** A log of every unit: what a window is an account of. */
class ReferenceLog {
  readonly #taken: { readonly atMs: number; readonly units: number }[] = []

  add(atMs: number, units: number): void {
    this.#taken.push({ atMs, units })
  }

  /** Units taken after `sinceMs`. */
  since(sinceMs: number): number {
    return this.#taken.reduce((sum, { atMs, units }) => sum + (atMs > sinceMs ? units : 0), 0)
  }
}

const rates = fc.record({
  count: fc.integer({ min: 1, max: 40 }),
  windowMs: fc.integer({ min: SLICES, max: 10_000 }),
  burst: fc.constant(1),
})
const steps = fc.array(
  fc.record({ waitMs: fc.integer({ min: 0, max: 2500 }), cost: fc.integer({ min: 0, max: 9 }) }),
  { maxLength: 120 },
)

/** An adapter under test, and what is to be done between steps. */
interface Opened {
  readonly counters: Pick<Counters, 'decide'>
  readonly tend: (nowMs: number) => void
}

const ADAPTERS: readonly [name: string, open: () => Opened][] = [
  ['in memory', () => ({ counters: new MemoryCounters(), tend: () => undefined })],
  [
    'in memory that threads share',
    () => {
      const memory = newCounterMemory(T0 - 5000, { maxSlices: 32 })
      const keeper = new CounterKeeper(memory)
      return { counters: new SharedCounters(memory, 0), tend: (nowMs) => keeper.tend(nowMs) }
    },
  ],
]

async function walk(
  { counters, tend }: Opened,
  rate: BucketRate,
  script: readonly { readonly waitMs: number; readonly cost: number }[],
): Promise<void> {
  const log = new ReferenceLog()
  let nowMs = T0
  for (const { waitMs, cost } of script) {
    nowMs += waitMs
    tend(nowMs)
    const units = Math.min(cost, rate.count)
    const demand: Demand = { key: 'k', kind: 'window', rate, cost }
    const { allowed, taken } = await counters.decide([demand], nowMs)
    const [found] = taken
    if (allowed) log.add(nowMs, units)
    assert.ok(log.since(nowMs - rate.windowMs) <= rate.count, 'never more than the count')
    const lateMs = rate.windowMs * (1 + 1 / SLICES)
    assert.ok(allowed || log.since(nowMs - lateMs - 1e-6) + units > rate.count, 'refused in vain')
    if (allowed || found === undefined) continue
    // The wait it names is the shortest that helps.
    const ask: Demand = { ...demand, cost }
    const early = await counters.decide([ask], nowMs + Math.max(0, found.retryAfterMs - 1))
    assert.equal(early.allowed, false, 'not before it said')
  }
}

suite('a sliding window', () => {
  for (const [name, open] of ADAPTERS) {
    test(`holds to its count in any stretch of time, ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(rates, steps, (rate, script) => walk(open(), rate, script)),
        { numRuns: 60 },
      )
    })

    test(`gives back in time, ${name}`, async () => {
      const { counters } = open()
      const rate: BucketRate = { count: 3, windowMs: 1000, burst: 1 }
      const ask: Demand = { key: 'k', kind: 'window', rate, cost: 3 }
      let nowMs = T0
      for (let turn = 0; turn < 50; turn++) {
        assert.equal((await counters.decide([ask], nowMs)).allowed, true, `turn ${turn}`)
        const { taken } = await counters.decide([ask], nowMs)
        nowMs += Math.ceil(taken[0]?.retryAfterMs ?? 0)
      }
      assert.ok(nowMs - T0 <= 50 * 1043, `${nowMs - T0} ms`)
    })
  }
})
