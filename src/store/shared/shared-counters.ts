import { catchUp } from '../../base/clock.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from '../counters.ts'
import { describeTaken, EPSILON_MS, startOf } from '../gcra.ts'
import type { KeptKey } from '../kept-key.ts'
import { MemoryCounters } from '../memory-counters.ts'
import { FailureTable, FailureTableKeeper, newFailureTable } from './failure-table.ts'
import { KeyedHash, newHashKey } from './keyed-hash.ts'
import { newSlotCounts, SlotCounts, SlotCountsKeeper } from './slot-counts.ts'
import { newTimeTable, TimeTable, TimeTableKeeper } from './time-table.ts'
import { expiredBits, newWindowCounts, NO_ROOM, WindowCounts } from './window-counts.ts'

/** What threads share to count together; every part can be handed over in a message. */
export interface SharedCounterMemory {
  readonly originMs: number
  readonly hashKey: Int32Array
  readonly buckets: SharedArrayBuffer
  readonly bans: SharedArrayBuffer
  readonly failures: SharedArrayBuffer
  readonly windows: SharedArrayBuffer
  readonly slots: SharedArrayBuffer
}

/** Bounds of the shared tables; each is rounded up to a power of two. Memory is used as it is filled. */
export interface SharedCounterLimits {
  /** Buckets, default 524,288: 16 bytes each, twice. */
  readonly maxBuckets?: number
  /** Banned keys, default 131,072: 16 bytes each, twice. */
  readonly maxBans?: number
  /** Keys with failures, default 131,072: 16 bytes and 4 to 8 bytes per failure of the rule, twice. */
  readonly maxFailureLogs?: number
  /** Slices of windows that hold something, default 524,288: 16 bytes each, twice. */
  readonly maxSlices?: number
}

/** Words of the failure logs per key: room for rules of up to 16 failures. */
const LOG_WORDS = 40

/** Makes the memory; `nowMs`: the wall clock. Times before it count as the same moment. */
export function newCounterMemory(
  nowMs: number,
  limits: SharedCounterLimits = {},
): SharedCounterMemory {
  const {
    maxBuckets = 524_288,
    maxBans = 131_072,
    maxFailureLogs = 131_072,
    maxSlices = 524_288,
  } = limits
  const logs = slotsFor(maxFailureLogs)
  return {
    originMs: nowMs - 1,
    hashKey: newHashKey(),
    buckets: newTimeTable(slotsFor(maxBuckets)),
    bans: newTimeTable(slotsFor(maxBans)),
    failures: newFailureTable(logs, (logs / 2) * LOG_WORDS),
    windows: newWindowCounts(slotsFor(maxSlices)),
    slots: newSlotCounts(),
  }
}

/** A half turns when it is half full. */
function slotsFor(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(32, entries * 2)))
}

/** What a look into a cell found when the cell moved on meanwhile. */
const MOVED = -1

/**
 * Counters of all threads of a process: exact, synchronous, lock-free, bounded. What does not fit into the shared
 * tables while more than the bound of keys is live is counted by each thread on its own.
 */
export class SharedCounters implements Counters {
  readonly #originMs: number
  readonly #hash: KeyedHash
  readonly #buckets: TimeTable
  readonly #bans: TimeTable
  readonly #failures: FailureTable
  readonly #windows: WindowCounts
  readonly #slots: SlotCounts
  readonly #overflow = new MemoryCounters({
    maxBuckets: 50_000,
    maxFailureLogs: 10_000,
    maxBans: 50_000,
  })
  readonly #time = new Float64Array(1)
  readonly #bits = new BigInt64Array(this.#time.buffer)
  /** How much too early the last take came; 0 when it was allowed. */
  #overMs = 0

  /** `thread`: as in `TimeTable`. */
  constructor(memory: SharedCounterMemory, thread: number) {
    this.#originMs = memory.originMs
    this.#hash = new KeyedHash(memory.hashKey)
    this.#buckets = new TimeTable(memory.buckets, thread)
    this.#bans = new TimeTable(memory.bans, thread)
    this.#failures = new FailureTable(memory.failures, thread)
    this.#windows = new WindowCounts(memory.windows, thread, memory.originMs)
    this.#slots = new SlotCounts(memory.slots, thread)
  }

  take(key: string, rate: BucketRate, cost: number, nowMs: number): Taken {
    return this.takeKept(key, rate, cost, nowMs)
  }

  /**
   * Each thread may hold its clock (`holdTime`) since another moment. A bucket that another thread has just begun would
   * seem not yet full enough to a thread whose time is before that, so it is asked for the time of now before it refuses.
   */
  takeKept(key: string | KeptKey, rate: BucketRate, cost: number, nowMs: number): Taken {
    const taken = this.#take(key, rate, cost, nowMs)
    const behindMs = taken.allowed ? 0 : catchUp(nowMs)
    return behindMs === 0 ? taken : this.#take(key, rate, cost, nowMs + behindMs)
  }

  #take(key: string | KeptKey, rate: BucketRate, cost: number, nowMs: number): Taken {
    this.#hash.of(key)
    const now = this.#relative(nowMs)
    const incrementMs = (Math.min(cost, rate.burst) * rate.windowMs) / rate.count
    const spanMs = (rate.burst * rate.windowMs) / rate.count
    const buckets = this.#buckets
    for (;;) {
      const cell = buckets.enter(this.#hash, true)
      const filledMs = cell < 0 ? 0 : this.#advance(cell, now, incrementMs, spanMs)
      buckets.leave()
      if (cell < 0) return this.#overflow.takeKept(key, rate, cost, nowMs)
      if (filledMs !== MOVED) return describeTaken(rate, filledMs, this.#overMs)
    }
  }

  peek(key: string, rate: BucketRate, cost: number, nowMs: number): Taken {
    const found = this.#peek(key, rate, cost, nowMs)
    const behindMs = found.allowed ? 0 : catchUp(nowMs)
    return behindMs === 0 ? found : this.#peek(key, rate, cost, nowMs + behindMs)
  }

  #peek(key: string, rate: BucketRate, cost: number, nowMs: number): Taken {
    const now = this.#relative(nowMs)
    const intervalMs = rate.windowMs / rate.count
    const filledMs = startOf(this.#look(this.#buckets, key), now, rate.burst * intervalMs) - now
    if (filledMs === 0) return this.#overflow.peek(key, rate, cost, nowMs)
    const overMs = filledMs + (Math.min(cost, rate.burst) - rate.burst) * intervalMs
    return describeTaken(rate, filledMs, overMs > EPSILON_MS ? overMs : 0)
  }

  decide(demands: readonly Demand[], nowMs: number): Decision {
    const seen = demands.map((demand) => this.#lookAt(demand, nowMs))
    if (seen.some(({ allowed }) => !allowed)) return { allowed: false, taken: seen }
    for (const [index, demand] of demands.entries()) {
      const taken = this.#takeOne(demand, nowMs)
      seen[index] = taken
      if (taken.allowed) continue
      // Another thread was faster: what was taken goes back, so that nothing is taken in part.
      for (const before of demands.slice(0, index)) this.#giveBack(before, nowMs)
      return { allowed: false, taken: demands.map((one) => this.#lookAt(one, nowMs)) }
    }
    return { allowed: true, taken: seen }
  }

  #lookAt(demand: Demand, nowMs: number): Taken {
    const { key, kind, rate, cost } = demand
    if (kind === 'bucket') return this.peek(key, rate, cost, nowMs)
    this.#hash.of(key)
    const taken = this.#windows.look(this.#hash, { demand, nowMs })
    // Nothing taken here: it may be one of those that had no room.
    return taken.resetMs > 0 ? taken : this.#overflow.look(demand, nowMs)
  }

  #takeOne(demand: Demand, nowMs: number): Taken {
    const { key, kind, rate, cost } = demand
    if (kind === 'bucket') return this.take(key, rate, cost, nowMs)
    this.#hash.of(key)
    const taken = this.#windows.take(this.#hash, { demand, nowMs })
    return taken === NO_ROOM ? this.#overflow.takeOne(demand, nowMs) : taken
  }

  #giveBack(demand: Demand, nowMs: number): void {
    const { key, kind, rate, cost } = demand
    const incrementMs = (Math.min(cost, rate.burst) * rate.windowMs) / rate.count
    this.#hash.of(key)
    const isGiven =
      kind === 'window'
        ? this.#windows.giveBack(this.#hash, { demand, nowMs })
        : this.#change(this.#buckets, key, (tat) => Math.max(tat - incrementMs, 1))
    if (!isGiven) this.#overflow.giveBack(demand, nowMs)
  }

  enter(key: string, max: number): boolean {
    this.#hash.of(key)
    return this.#slots.enter(this.#hash, max)
  }

  leave(key: string): void {
    this.#hash.of(key)
    this.#slots.leave(this.#hash)
  }

  ban(key: string, untilMs: number, nowMs: number): void {
    if ((this.isBanned(key, nowMs) ?? 0) >= untilMs) return
    this.#ban(key, untilMs - this.#originMs)
  }

  fail(key: string, rule: BanRule, nowMs: number): Failed {
    const bannedUntilMs = this.isBanned(key, nowMs)
    if (bannedUntilMs !== undefined) return { failures: rule.count, bannedUntilMs }
    const now = this.#relative(nowMs)
    this.#hash.of(key)
    const failures = this.#failures.add(this.#hash, rule, Math.floor(now))
    if (failures < 0) return this.#overflow.fail(key, rule, nowMs)
    if (failures < rule.count) return { failures, bannedUntilMs: undefined }
    this.#ban(key, now + rule.banMs)
    // After the ban: whoever fails in between must find one or the other.
    this.#failures.clear(this.#hash)
    return { failures, bannedUntilMs: nowMs + rule.banMs }
  }

  isBanned(key: string, nowMs: number): number | undefined {
    const until = this.#look(this.#bans, key)
    if (until > this.#relative(nowMs)) return until + this.#originMs
    return this.#overflow.isBanned(key, nowMs)
  }

  reset(key: string): void {
    this.#overflow.reset(key)
    this.#change(this.#buckets, key, () => 1)
    this.#change(this.#bans, key, () => 1)
    this.#hash.of(key)
    this.#failures.clear(this.#hash)
  }

  /** GCRA on one cell. @returns how far the bucket is from full, or `MOVED`. */
  #advance(cell: number, now: number, incrementMs: number, spanMs: number): number {
    const { values } = this.#buckets
    for (;;) {
      const value = Atomics.load(values, cell)
      if (value < 0n) return MOVED
      if (value === 0n) {
        this.#buckets.settle(cell, this.#hash)
        continue
      }
      this.#bits[0] = value
      const start = startOf(this.#time[0] ?? 0, now, spanMs)
      const next = start + incrementMs
      const overMs = next - now - spanMs
      if (overMs > EPSILON_MS) {
        this.#overMs = overMs
        return start - now
      }
      this.#time[0] = next
      if (Atomics.compareExchange(values, cell, value, this.#bits[0] ?? 0n) !== value) continue
      this.#overMs = 0
      return next - now
    }
  }

  /** `until` on the scale of the table; a ban that lasts longer stays, whoever set it meanwhile. */
  #ban(key: string, until: number): void {
    const isSet = this.#change(this.#bans, key, (time) => Math.max(time, until), true)
    if (!isSet) this.#overflow.ban(key, until + this.#originMs, this.#originMs)
  }

  /** The key's time, 0 for none. */
  #look(table: TimeTable, key: string): number {
    this.#hash.of(key)
    for (;;) {
      const cell = table.enter(this.#hash, false)
      const value = cell < 0 ? 0n : this.#settled(table, cell)
      table.leave()
      if (value < 0n) continue
      this.#bits[0] = value
      return this.#time[0] ?? 0
    }
  }

  /** Changes the key's time; a key that has none gets one only when `mayClaim`. @returns whether it has one. */
  #change(
    table: TimeTable,
    key: string,
    change: (time: number) => number,
    mayClaim = false,
  ): boolean {
    this.#hash.of(key)
    for (;;) {
      const cell = table.enter(this.#hash, mayClaim)
      const value = cell < 0 ? 0n : this.#settled(table, cell)
      this.#bits[0] = value
      this.#time[0] = change(this.#time[0] ?? 0)
      const isSet =
        value > 0n &&
        Atomics.compareExchange(table.values, cell, value, this.#bits[0] ?? 0n) === value
      table.leave()
      if (cell < 0 || isSet) return cell >= 0
    }
  }

  #settled(table: TimeTable, cell: number): bigint {
    const value = Atomics.load(table.values, cell)
    if (value !== 0n) return value
    table.settle(cell, this.#hash)
    return Atomics.load(table.values, cell)
  }

  #relative(nowMs: number): number {
    return Math.max(1, nowMs - this.#originMs)
  }
}

/** Keeps the shared tables in order; the thread that outlives the others has it. */
export class CounterKeeper {
  readonly #originMs: number
  readonly #buckets: TimeTableKeeper
  readonly #bans: TimeTableKeeper
  readonly #windows: TimeTableKeeper
  readonly #failures: FailureTableKeeper
  readonly #slots: SlotCountsKeeper
  readonly #time = new Float64Array(1)
  readonly #bits = new BigInt64Array(this.#time.buffer)

  constructor(memory: SharedCounterMemory) {
    this.#originMs = memory.originMs
    this.#buckets = new TimeTableKeeper(memory.buckets)
    this.#bans = new TimeTableKeeper(memory.bans)
    this.#windows = new TimeTableKeeper(memory.windows)
    this.#failures = new FailureTableKeeper(memory.failures)
    this.#slots = new SlotCountsKeeper(memory.slots)
  }

  /** One step of a few milliseconds at most; call it every 50 ms or so. */
  tend(nowMs: number): void {
    const now = Math.max(1, nowMs - this.#originMs)
    this.#time[0] = now
    const bits = this.#bits[0] ?? 0n
    this.#buckets.tend(bits)
    this.#bans.tend(bits)
    this.#windows.tend(expiredBits(now))
    this.#failures.tend()
  }

  /** A thread died, wherever it stood: its number may be given to another one afterwards. */
  threadGone(thread: number): void {
    for (const table of [this.#buckets, this.#bans, this.#windows]) table.threadGone(thread)
    this.#failures.threadGone(thread)
    this.#slots.threadGone(thread)
  }

  /** Buckets in use, full ones that were not dropped yet included. */
  get bucketCount(): number {
    return this.#buckets.size
  }
}
