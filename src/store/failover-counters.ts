import { setTimeout as sleep } from 'node:timers/promises'
import { andThen, isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { UnavailableError } from '../base/unavailable.ts'
import { systemClock } from '../base/clock.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from './counters.ts'
import { UnaskedError, Unsettled } from './unsettled.ts'
import type { Settling } from './unsettled.ts'

/** What counts while the shared counters are away: this process by itself, nothing, or nobody passes. */
export type WhenAway = 'local' | 'open' | 'closed'

/** Counters elsewhere, which may fail. */
export interface SharedElsewhere extends Counters, Settling {
  /** Says that this process is here, and asks how many are. */
  nodes(): Promise<number>
}

export interface FailoverParts {
  readonly shared: SharedElsewhere
  /** This process alone. */
  readonly local: Counters
  readonly whenAway: WhenAway
  /** Tries a connection that gives no sign of life anew. */
  readonly reconnect: () => void
  readonly close: () => void
}

/** What is told when the shared counters go away and come back. */
export type HearState = (state: { readonly isUp: boolean; readonly cause: unknown }) => void

/** How often the shared counters are asked whether they are there. */
const PROBE_MS = 500
/** How often a store that was not there yet is asked at the start. */
const START_PROBE_MS = 20
/** Probes in a row that fail before the connection is made anew. */
const SILENT_PROBES = 4

/**
 * Counters that outlive their store: while it is away, decisions are made here at once, and it is asked in the background
 * whether it is back. Counting locally, each node allows its share of a limit: the limit by the nodes last known. What was
 * allowed and banned meanwhile is told to the store when it is back.
 */
export class FailoverCounters implements Counters {
  readonly #parts: FailoverParts
  #timer: NodeJS.Timeout | undefined
  #hear: HearState = () => undefined
  readonly #unsettled = new Unsettled()
  #isUp = true
  #nodes = 1
  #failedProbes = 0
  #isClosed = false

  constructor(parts: FailoverParts) {
    this.#parts = parts
    this.#watchOver()
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** From here on tells of every change. */
  watch(hear: HearState): void {
    this.#hear = hear
  }

  /**
   * Waits for the store, `maxMs` at most: what is decided before the first connection stands would be counted here alone,
   * and by one of nobody knows how many. Then goes on without it, and says so.
   */
  async ready(maxMs: number): Promise<void> {
    const endMs = performance.now() + maxMs
    clearInterval(this.#timer)
    while (performance.now() < endMs && !(await this.#hasCome())) await sleep(START_PROBE_MS)
    if (this.#isClosed) return
    await this.#probe()
    this.#watchOver()
  }

  take(key: string, rate: BucketRate, cost: number, nowMs: number): MaybePromise<Taken> {
    if (!this.#isUp) return this.#takeAway({ key, kind: 'bucket', rate, cost }, nowMs, true)
    const found = this.#parts.shared.take(key, rate, cost, nowMs)
    if (!isPromise(found)) return found
    return found.then(
      (taken) => {
        if (taken.allowed && this.#countsHere && isWorthNoting(taken, rate))
          void this.#parts.local.take(key, this.#share(rate), cost, nowMs)
        return taken
      },
      (cause: unknown) => {
        const isUnasked = this.#fall(cause)
        return this.#takeAway({ key, kind: 'bucket', rate, cost }, nowMs, isUnasked)
      },
    )
  }

  peek(key: string, rate: BucketRate, cost: number, nowMs: number): MaybePromise<Taken> {
    return this.#run(
      () => this.#parts.shared.peek(key, rate, cost, nowMs),
      () => this.#parts.local.peek(key, this.#share(rate), cost, nowMs),
      () => passes(rate),
    )
  }

  decide(demands: readonly Demand[], nowMs: number): MaybePromise<Decision> {
    if (!this.#isUp) return this.#decideAway(demands, nowMs, true)
    const found = this.#parts.shared.decide(demands, nowMs)
    if (!isPromise(found)) return found
    return found.then(
      (decision) => {
        if (decision.allowed && this.#countsHere && isAnyWorthNoting(decision, demands))
          void this.#parts.local.decide(this.#shares(demands), nowMs)
        return decision
      },
      (cause: unknown) => this.#decideAway(demands, nowMs, this.#fall(cause)),
    )
  }

  fail(key: string, rule: BanRule, nowMs: number): MaybePromise<Failed> {
    return this.#run(
      () => this.#parts.shared.fail(key, rule, nowMs),
      () =>
        andThen(this.#parts.local.fail(key, rule, nowMs), (failed) => {
          if (failed.bannedUntilMs !== undefined) this.#unsettled.ban(key, failed.bannedUntilMs)
          return failed
        }),
      () => ({ failures: 1, bannedUntilMs: undefined }),
    )
  }

  isBanned(key: string, nowMs: number): MaybePromise<number | undefined> {
    if (!this.#isUp) return this.#isBannedAway(key, nowMs)
    const found = this.#parts.shared.isBanned(key, nowMs)
    if (!isPromise(found)) return found
    return found.then(
      (untilMs) => {
        // Whoever is known to be banned stays so when the store goes away.
        if (untilMs !== undefined && this.#countsHere)
          void this.#parts.local.ban(key, untilMs, nowMs)
        return untilMs
      },
      (cause: unknown) => {
        this.#fall(cause)
        return this.#isBannedAway(key, nowMs)
      },
    )
  }

  ban(key: string, untilMs: number, nowMs: number): MaybePromise<void> {
    return this.#run(
      () => this.#parts.shared.ban(key, untilMs, nowMs),
      () => {
        this.#unsettled.ban(key, untilMs)
        return this.#parts.local.ban(key, untilMs, nowMs)
      },
      () => undefined,
    )
  }

  reset(key: string): MaybePromise<void> {
    const { shared, local } = this.#parts
    return this.#run(
      () => andThen(shared.reset(key), () => local.reset(key)),
      () => {
        this.#unsettled.ban(key, 0)
        return local.reset(key)
      },
      () => undefined,
    )
  }

  enter(key: string, max: number): boolean {
    return this.#parts.local.enter(key, max)
  }

  leave(key: string): void {
    this.#parts.local.leave(key)
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#parts.close()
  }

  /**
   * What was allowed is taken from the own share as well: when the store goes away, even for a moment, a caller who used
   * up its limit does not find a fresh one here.
   */
  get #countsHere(): boolean {
    return this.#parts.whenAway === 'local'
  }

  /** `isOwed`: the store cannot have counted it already. */
  #takeAway(demand: Demand, nowMs: number, isOwed: boolean): MaybePromise<Taken> {
    const { key, rate, cost } = demand
    return this.#away(
      () =>
        andThen(this.#parts.local.take(key, this.#share(rate), cost, nowMs), (taken) => {
          if (taken.allowed && isOwed) this.#unsettled.allow([demand])
          return taken
        }),
      () => passes(rate),
    )
  }

  #decideAway(demands: readonly Demand[], nowMs: number, isOwed: boolean): MaybePromise<Decision> {
    return this.#away(
      () =>
        andThen(this.#parts.local.decide(this.#shares(demands), nowMs), (decision) => {
          if (decision.allowed && isOwed) this.#unsettled.allow(demands)
          return decision
        }),
      () => ({ allowed: true, taken: demands.map(({ rate }) => passes(rate)) }),
    )
  }

  #isBannedAway(key: string, nowMs: number): MaybePromise<number | undefined> {
    return this.#away(
      () => this.#parts.local.isBanned(key, nowMs),
      () => undefined,
    )
  }

  #run<T>(
    shared: () => MaybePromise<T>,
    local: () => MaybePromise<T>,
    open: () => T,
  ): MaybePromise<T> {
    if (!this.#isUp) return this.#away(local, open)
    const found = shared()
    if (!isPromise(found)) return found
    return found.catch((cause: unknown) => {
      this.#fall(cause)
      return this.#away(local, open)
    })
  }

  /** The store has failed. It is looked for at once: mostly it only was late. @returns whether it was never asked. */
  #fall(cause: unknown): boolean {
    const isUnasked = cause instanceof UnaskedError
    if (this.#isUp) {
      this.#setUp(false, isUnasked ? cause.cause : cause)
      setImmediate(() => void this.#probe())
    }
    return isUnasked
  }

  #away<T>(local: () => MaybePromise<T>, open: () => T): MaybePromise<T> {
    const { whenAway } = this.#parts
    if (whenAway === 'local') return local()
    if (whenAway === 'open') return open()
    throw new UnavailableError('the shared counters are away')
  }

  #shares(demands: readonly Demand[]): readonly Demand[] {
    if (this.#nodes <= 1) return demands
    return demands.map((demand) => ({ ...demand, rate: this.#share(demand.rate) }))
  }

  /** What one node of those that were there last may allow. */
  #share(rate: BucketRate): BucketRate {
    const nodes = this.#nodes
    if (nodes <= 1) return rate
    const burst = Math.max(1, Math.floor(rate.burst / nodes))
    return { ...rate, count: Math.max(1, rate.count / nodes), burst }
  }

  async #hasCome(): Promise<boolean> {
    return (
      this.#isClosed ||
      this.#parts.shared.nodes().then(
        () => true,
        () => false,
      )
    )
  }

  #watchOver(): void {
    this.#timer = setInterval(() => void this.#probe(), PROBE_MS)
    this.#timer.unref()
  }

  async #probe(): Promise<void> {
    try {
      this.#nodes = Math.max(1, await this.#parts.shared.nodes())
      this.#failedProbes = 0
      this.#setUp(true, undefined)
      if (!this.#unsettled.isEmpty)
        await this.#unsettled.settle(this.#parts.shared, systemClock.nowMs())
    } catch (cause) {
      this.#setUp(false, cause)
      this.#failedProbes += 1
      if (this.#failedProbes % SILENT_PROBES === 0) this.#parts.reconnect()
    }
  }

  #setUp(isUp: boolean, cause: unknown): void {
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    this.#hear({ isUp, cause })
  }
}

/** Where one unit is a small part of all. */
const LARGE_BURST = 20

/** Most requests find a full bucket: one unit more or less of a large one is not worth what the note costs. */
function isWorthNoting({ remaining }: Taken, { burst }: BucketRate): boolean {
  return burst < LARGE_BURST || remaining < burst - 1
}

function isAnyWorthNoting({ taken }: Decision, demands: readonly Demand[]): boolean {
  return taken.some((one, index) => {
    const demand = demands[index]
    if (demand === undefined) return true
    const { kind, rate } = demand
    return isWorthNoting(one, kind === 'window' ? { ...rate, burst: rate.count } : rate)
  })
}

function passes(rate: BucketRate): Taken {
  return { allowed: true, remaining: rate.burst, resetMs: 0, retryAfterMs: 0 }
}
