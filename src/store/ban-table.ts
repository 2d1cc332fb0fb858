import type { BanRule, Failed } from './counters.ts'
import { GenerationMap } from './generation-map.ts'

/** Failure times held over all keys at most, for rules with a large count; beyond it the logs (not the bans) start anew. */
const MAX_TIMES = 5_000_000

/** Exact sliding logs of failures, and the bans they led to, each in a table of its own with its own bound. */
export class BanTable {
  readonly #logs: GenerationMap<number[]>
  readonly #bans = new Map<string, number>()
  readonly #maxBans: number
  #times = 0

  constructor(limits: { readonly maxLogs: number; readonly maxBans: number }) {
    this.#logs = new GenerationMap(limits.maxLogs)
    this.#maxBans = limits.maxBans
  }

  /** Wall clock until which the key is banned. */
  until(key: string, nowMs: number): number | undefined {
    const untilMs = this.#bans.get(key)
    if (untilMs === undefined) return undefined
    if (untilMs > nowMs) return untilMs
    this.#bans.delete(key)
    return undefined
  }

  /** Counts a failure at `nowMs`; see `Counters.fail`. */
  fail(key: string, rule: BanRule, nowMs: number): Failed {
    const bannedUntilMs = this.until(key, nowMs)
    if (bannedUntilMs !== undefined) return { failures: rule.count, bannedUntilMs }
    const log = this.#recent(key, nowMs - rule.windowMs)
    log.push(nowMs)
    this.#count()
    if (log.length < rule.count) return { failures: log.length, bannedUntilMs: undefined }
    this.#logs.delete(key)
    this.ban(key, nowMs + rule.banMs, nowMs)
    return { failures: log.length, bannedUntilMs: nowMs + rule.banMs }
  }

  delete(key: string): void {
    this.#logs.delete(key)
    this.#bans.delete(key)
  }

  /** The key's failures after `sinceMs`; older ones are forgotten. Never longer than the rule's count. */
  #recent(key: string, sinceMs: number): number[] {
    const known = this.#logs.get(key)
    const log = known ?? []
    if (known === undefined) this.#logs.set(key, log)
    let expired = 0
    while (expired < log.length && (log[expired] ?? 0) <= sinceMs) expired++
    if (expired > 0) log.splice(0, expired)
    return log
  }

  /** An upper bound of the times held: nothing is subtracted, so the logs go a little early, never too late. */
  #count(): void {
    this.#times++
    if (this.#times < MAX_TIMES) return
    this.#times = 0
    this.#logs.clear()
  }

  /** Bans the key until then, unless it is banned for longer. */
  ban(key: string, untilMs: number, nowMs: number): void {
    if ((this.#bans.get(key) ?? 0) >= untilMs) return
    if (this.#bans.size >= this.#maxBans) this.#makeRoom(nowMs)
    this.#bans.set(key, untilMs)
  }

  /** Ended bans go first; when none has ended, the oldest tenth. */
  #makeRoom(nowMs: number): void {
    for (const [key, untilMs] of this.#bans) if (untilMs <= nowMs) this.#bans.delete(key)
    let surplus = this.#bans.size - Math.floor(this.#maxBans * 0.9)
    for (const key of this.#bans.keys()) {
      if (surplus-- <= 0) return
      this.#bans.delete(key)
    }
  }
}
