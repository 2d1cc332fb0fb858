import { setTimeout as sleep } from 'node:timers/promises'
import { andThen, isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { UnavailableError } from '../base/unavailable.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from './counters.ts'

/** What counts while the shared counters are away: this process by itself, nothing, or nobody passes. */
export type WhenAway = 'local' | 'open' | 'closed'

/** Counters elsewhere, which may fail. */
export interface SharedElsewhere extends Counters {
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
 * whether it is back. Counting locally, each node allows its share of a limit: the limit by the nodes last known.
 */
export class FailoverCounters implements Counters {
  readonly #parts: FailoverParts
  #timer: NodeJS.Timeout | undefined
  #hear: HearState = () => undefined
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
    return this.#run(
      (counters) =>
        this.#noted(counters.take(key, rate, cost, nowMs), (local) =>
          local.take(key, this.#share(rate), cost, nowMs),
        ),
      (counters) => counters.take(key, this.#share(rate), cost, nowMs),
      () => passes(rate),
    )
  }

  peek(key: string, rate: BucketRate, cost: number, nowMs: number): MaybePromise<Taken> {
    return this.#run(
      (counters) => counters.peek(key, rate, cost, nowMs),
      (counters) => counters.peek(key, this.#share(rate), cost, nowMs),
      () => passes(rate),
    )
  }

  decide(demands: readonly Demand[], nowMs: number): MaybePromise<Decision> {
    const shares = (): readonly Demand[] =>
      demands.map((demand) => ({ ...demand, rate: this.#share(demand.rate) }))
    return this.#run(
      (counters) =>
        this.#noted(counters.decide(demands, nowMs), (local) => local.decide(shares(), nowMs)),
      (counters) => counters.decide(shares(), nowMs),
      () => ({ allowed: true, taken: demands.map(({ rate }) => passes(rate)) }),
    )
  }

  fail(key: string, rule: BanRule, nowMs: number): MaybePromise<Failed> {
    return this.#run(
      (counters) => counters.fail(key, rule, nowMs),
      (counters) => counters.fail(key, rule, nowMs),
      () => ({ failures: 1, bannedUntilMs: undefined }),
    )
  }

  isBanned(key: string, nowMs: number): MaybePromise<number | undefined> {
    return this.#run(
      (counters) => counters.isBanned(key, nowMs),
      (counters) => counters.isBanned(key, nowMs),
      () => undefined,
    )
  }

  ban(key: string, untilMs: number, nowMs: number): MaybePromise<void> {
    const ban = (counters: Counters): MaybePromise<void> => counters.ban(key, untilMs, nowMs)
    return this.#run(ban, ban, () => undefined)
  }

  reset(key: string): MaybePromise<void> {
    const reset = (counters: Counters): MaybePromise<void> => counters.reset(key)
    return this.#run(reset, reset, () => undefined)
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
  #noted<T extends { readonly allowed: boolean }>(
    found: MaybePromise<T>,
    take: (local: Counters) => unknown,
  ): MaybePromise<T> {
    if (this.#parts.whenAway !== 'local') return found
    return andThen(found, (result) => {
      if (result.allowed) take(this.#parts.local)
      return result
    })
  }

  #run<T>(
    shared: (counters: Counters) => MaybePromise<T>,
    local: (counters: Counters) => MaybePromise<T>,
    open: () => T,
  ): MaybePromise<T> {
    if (!this.#isUp) return this.#away(local, open)
    const found = shared(this.#parts.shared)
    if (!isPromise(found)) return found
    return found.catch((cause: unknown) => {
      this.#setUp(false, cause)
      return this.#away(local, open)
    })
  }

  #away<T>(local: (counters: Counters) => MaybePromise<T>, open: () => T): MaybePromise<T> {
    const { whenAway } = this.#parts
    if (whenAway === 'local') return local(this.#parts.local)
    if (whenAway === 'open') return open()
    throw new UnavailableError('the shared counters are away')
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

function passes(rate: BucketRate): Taken {
  return { allowed: true, remaining: rate.burst, resetMs: 0, retryAfterMs: 0 }
}
