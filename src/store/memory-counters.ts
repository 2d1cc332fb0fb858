import { BanTable } from './ban-table.ts'
import { BucketTable } from './bucket-table.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from './counters.ts'
import { describeTaken, EPSILON_MS, startOf } from './gcra.ts'
import { sliceAt } from './sliding-window.ts'
import type { KeptKey } from './kept-key.ts'
import { SlotTable } from './slot-table.ts'
import { WindowTable } from './window-table.ts'

/** Bounds of the tables of one process. */
export interface CounterLimits {
  /** Buckets, default 2,000,000, of which a million may be live: 24 bytes each, 48 while generations turn; memory grows with them. */
  readonly maxBuckets?: number
  /** Keys with a quota, default 200,000; half of them for keys that are proven, which are not forgotten. */
  readonly maxWindows?: number
  /** Keys with failures, default 200,000. */
  readonly maxFailureLogs?: number
  /** Keys that are banned, default 1,000,000. */
  readonly maxBans?: number
}

/** Counters of one process: synchronous, bounded, gone with it. Time may be any clock that does not run backwards. */
export class MemoryCounters implements Counters {
  readonly #buckets: BucketTable
  readonly #windows: WindowTable
  readonly #bans: BanTable
  readonly #slots = new SlotTable()
  #originMs: number | undefined

  constructor(limits: CounterLimits = {}) {
    this.#buckets = new BucketTable(limits.maxBuckets ?? 2_000_000)
    this.#windows = new WindowTable(limits.maxWindows ?? 200_000)
    this.#bans = new BanTable({
      maxLogs: limits.maxFailureLogs ?? 200_000,
      maxBans: limits.maxBans ?? 1_000_000,
    })
  }

  take(key: string, rate: BucketRate, cost: number, nowMs: number): Taken {
    return this.takeKept(key, rate, cost, nowMs)
  }

  takeKept(key: string | KeptKey, rate: BucketRate, cost: number, nowMs: number): Taken {
    const now = this.#relative(nowMs)
    const place = this.#buckets.open(key, now)
    const intervalMs = rate.windowMs / rate.count
    const spanMs = rate.burst * intervalMs
    const start = startOf(this.#buckets.at(place), now, spanMs)
    const tatMs = start + Math.min(cost, rate.burst) * intervalMs
    const overMs = tatMs - now - spanMs
    if (overMs > EPSILON_MS) return describeTaken(rate, start - now, overMs)
    this.#buckets.set(place, tatMs)
    return describeTaken(rate, tatMs - now, 0)
  }

  peek(key: string, rate: BucketRate, cost: number, nowMs: number): Taken {
    const now = this.#relative(nowMs)
    const intervalMs = rate.windowMs / rate.count
    const spanMs = rate.burst * intervalMs
    const filledMs = startOf(this.#buckets.find(key) ?? now, now, spanMs) - now
    const overMs = filledMs + (Math.min(cost, rate.burst) - rate.burst) * intervalMs
    return describeTaken(rate, filledMs, overMs > EPSILON_MS ? overMs : 0)
  }

  decide(demands: readonly Demand[], nowMs: number): Decision {
    const seen = demands.map((demand) => this.look(demand, nowMs))
    if (seen.some(({ allowed }) => !allowed)) return { allowed: false, taken: seen }
    return { allowed: true, taken: demands.map((demand) => this.takeOne(demand, nowMs)) }
  }

  /** What one policy of a decision would answer. */
  look(demand: Demand, nowMs: number): Taken {
    const { key, kind, rate, cost } = demand
    if (kind === 'bucket') return this.peek(key, rate, cost, nowMs)
    return this.#windows.take(key, { rate, cost, nowMs }, false)
  }

  /** Takes from one policy of a decision. */
  takeOne(demand: Demand, nowMs: number): Taken {
    const { key, kind, rate, cost, isProven } = demand
    if (kind === 'bucket') return this.take(key, rate, cost, nowMs)
    return this.#windows.take(key, { rate, cost, nowMs, isProven }, true)
  }

  /** Gives back what `takeOne` took at this moment. */
  giveBack({ key, kind, rate, cost }: Demand, nowMs: number): void {
    if (kind === 'window')
      return this.#windows.giveBack(key, sliceAt(rate, nowMs), Math.min(cost, rate.count))
    this.#buckets.shift(key, -(Math.min(cost, rate.burst) * rate.windowMs) / rate.count)
  }

  fail(key: string, rule: BanRule, nowMs: number): Failed {
    return this.#bans.fail(key, rule, nowMs)
  }

  isBanned(key: string, nowMs: number): number | undefined {
    return this.#bans.until(key, nowMs)
  }

  ban(key: string, untilMs: number, nowMs: number): void {
    this.#bans.ban(key, untilMs, nowMs)
  }

  enter(key: string, max: number): boolean {
    return this.#slots.enter(key, max)
  }

  leave(key: string): void {
    this.#slots.leave(key)
  }

  reset(key: string): void {
    this.#buckets.delete(key)
    this.#bans.delete(key)
  }

  /** Buckets held now; for metrics. */
  get bucketCount(): number {
    return this.#buckets.size
  }

  #relative(nowMs: number): number {
    this.#originMs ??= nowMs
    return nowMs - this.#originMs
  }
}
