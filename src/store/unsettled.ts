import type { Counters, Demand } from './counters.ts'

/** Something that was allowed elsewhere and is to count: `demand.cost` units from `agoMs` milliseconds ago on. */
export interface Debt {
  readonly demand: Demand
  readonly agoMs: number
}

/** Where it is told to when it is back. */
export interface Settling extends Pick<Counters, 'ban' | 'reset'> {
  /** Counts what was allowed while it was away, whether there is room for it or not. */
  owe(debts: readonly Debt[], nowMs: number): Promise<void>
}

/** The rejection of what was never sent, so that it cannot have been counted; `cause`: why. */
export class UnaskedError extends Error {}

/** Keys of each kind that are remembered; what is allowed to others is not told afterwards. */
const MAX_KEYS = 10_000
/** Told with one call. */
const AT_ONCE = 64

interface Owed {
  readonly demand: Demand
  readonly sinceMs: number
}

/**
 * What was decided here while the shared counters were away, and what they are told when they are back: else a moment
 * without them would give everybody a little more than the limit, and a ban of that time would be forgotten.
 */
export class Unsettled {
  #owed = new Map<string, Owed>()
  /** Key -> until when it was banned, on the wall clock; 0: it was reset. */
  #bans = new Map<string, number>()
  #isSettling = false

  get isEmpty(): boolean {
    return this.#owed.size === 0 && this.#bans.size === 0
  }

  /** These were allowed here. */
  allow(demands: readonly Demand[]): void {
    for (const demand of demands) this.#add(demand, performance.now())
  }

  /** It was banned here until then; 0: it was reset. */
  ban(key: string, untilMs: number): void {
    if (this.#bans.has(key) || this.#bans.size < MAX_KEYS) this.#bans.set(key, untilMs)
  }

  /** Tells all of it, a part at a time, so that requests get their turn. Rejects where it went away again: the rest is kept. */
  async settle(shared: Settling, nowMs: number): Promise<void> {
    if (this.#isSettling) return
    this.#isSettling = true
    try {
      while (this.#bans.size > 0) await this.#tellBans(shared, nowMs)
      while (this.#owed.size > 0) await this.#tellDebts(shared, nowMs)
    } finally {
      this.#isSettling = false
    }
  }

  #add(demand: Demand, sinceMs: number): void {
    const { key, kind, cost } = demand
    const name = `${kind}:${key}`
    const known = this.#owed.get(name)
    if (known === undefined && this.#owed.size >= MAX_KEYS) return
    const sum = cost + (known?.demand.cost ?? 0)
    const first = Math.min(sinceMs, known?.sinceMs ?? sinceMs)
    this.#owed.set(name, { demand: { ...demand, cost: sum }, sinceMs: first })
  }

  async #tellBans(shared: Settling, nowMs: number): Promise<void> {
    const part = [...this.#bans].slice(0, AT_ONCE)
    await Promise.all(
      part.map(async ([key, untilMs]) =>
        untilMs === 0 ? shared.reset(key) : shared.ban(key, untilMs, nowMs),
      ),
    )
    // Who was banned anew meanwhile is told about again.
    for (const [key, untilMs] of part) if (this.#bans.get(key) === untilMs) this.#bans.delete(key)
  }

  /** A debt is told once: where it is unknown whether it arrived, it is not told again. */
  async #tellDebts(shared: Settling, nowMs: number): Promise<void> {
    const part = [...this.#owed].slice(0, AT_ONCE)
    for (const [name] of part) this.#owed.delete(name)
    const now = performance.now()
    const debts = part.map(([, { demand, sinceMs }]) => ({ demand, agoMs: now - sinceMs }))
    try {
      await shared.owe(debts, nowMs)
    } catch (cause) {
      if (cause instanceof UnaskedError)
        for (const [, { demand, sinceMs }] of part) this.#add(demand, sinceMs)
      throw cause
    }
  }
}
