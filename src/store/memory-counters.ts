import { BanTable } from './ban-table.ts'
import { BucketTable } from './bucket-table.ts'
import type { BanRule, BucketRate, Counters, Failed, Taken } from './counters.ts'
import { describeTaken, EPSILON_MS } from './gcra.ts'

/** Bounds of the tables of one process. */
export interface CounterLimits {
  /** Buckets, default 1,000,000. */
  readonly maxBuckets?: number
  /** Keys with failures, default 200,000. */
  readonly maxFailureLogs?: number
  /** Keys that are banned, default 1,000,000. */
  readonly maxBans?: number
}

/** Counters of one process: synchronous, bounded, gone with it. Time may be any clock that does not run backwards. */
export class MemoryCounters implements Counters {
  readonly #buckets: BucketTable
  readonly #bans: BanTable
  #originMs: number | undefined

  constructor(limits: CounterLimits = {}) {
    this.#buckets = new BucketTable(limits.maxBuckets ?? 1_000_000)
    this.#bans = new BanTable({
      maxLogs: limits.maxFailureLogs ?? 200_000,
      maxBans: limits.maxBans ?? 1_000_000,
    })
  }

  take(key: string, rate: BucketRate, cost: number, nowMs: number): Taken {
    const now = this.#relative(nowMs)
    const bucket = this.#buckets.open(key, now)
    const intervalMs = rate.windowMs / rate.count
    const start = bucket.tatMs > now ? bucket.tatMs : now
    const tatMs = start + Math.min(cost, rate.burst) * intervalMs
    const overMs = tatMs - now - rate.burst * intervalMs
    if (overMs > EPSILON_MS) return describeTaken(rate, start - now, overMs)
    bucket.tatMs = tatMs
    return describeTaken(rate, tatMs - now, 0)
  }

  peek(key: string, rate: BucketRate, cost: number, nowMs: number): Taken {
    const now = this.#relative(nowMs)
    const filledMs = Math.max(0, (this.#buckets.find(key)?.tatMs ?? now) - now)
    const intervalMs = rate.windowMs / rate.count
    const overMs = filledMs + (Math.min(cost, rate.burst) - rate.burst) * intervalMs
    return describeTaken(rate, filledMs, overMs > EPSILON_MS ? overMs : 0)
  }

  fail(key: string, rule: BanRule, nowMs: number): Failed {
    return this.#bans.fail(key, rule, nowMs)
  }

  isBanned(key: string, nowMs: number): number | undefined {
    return this.#bans.until(key, nowMs)
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
