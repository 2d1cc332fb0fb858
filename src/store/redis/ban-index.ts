import { Fingerprints } from './fingerprints.ts'

/** What was banned after a moment, see `FOLLOW`: how many there are in all, the latest moment, names. */
export type Follow = (after: string, most: number) => Promise<readonly (string | number)[]>

const POLL_MS = 100
/** What is known is no older than that; otherwise the store is asked. */
const FRESH_MS = 200
/** Names in one answer. */
const PAGE = 2000
/** What was told in the last second is read again: another server may have taken over, and its clock is another. */
const OVERLAP_US = 1_000_000
/** Names that may be over before all is read anew. */
const MAX_STALE_NAMES = 1000

/**
 * Says of which keys it is known that nobody has banned them, in any node: those are most, and asking about each of them
 * would be a round trip per look. Follows what is banned; begins with the first question.
 */
export class BanIndex {
  readonly #follow: Follow
  #known = new Fingerprints()
  #after = '0'
  #freshAtMs = -Infinity
  #timer: NodeJS.Timeout | undefined
  #isPolling = false
  #isCrowded = false

  constructor(follow: Follow) {
    this.#follow = follow
  }

  /** Whether the store has to be asked about a name. */
  mayHold(name: string): boolean {
    return !this.#isFresh() || this.#known.has(name)
  }

  /** True where nobody at all is banned. */
  get isEmpty(): boolean {
    return this.#known.size === 0 && this.#isFresh()
  }

  /** This process has banned it. */
  add(name: string): void {
    this.#known.add(name)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#freshAtMs = -Infinity
  }

  #isFresh(): boolean {
    if (this.#timer === undefined) this.#start()
    return performance.now() - this.#freshAtMs < FRESH_MS
  }

  #start(): void {
    this.#timer = setInterval(() => void this.#poll(), POLL_MS)
    this.#timer.unref()
    void this.#poll()
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return
    this.#isPolling = true
    try {
      if (this.#isCrowded) this.#startAnew()
      const startedAtMs = performance.now()
      const total = await this.#readOn()
      this.#freshAtMs = startedAtMs
      this.#isCrowded = this.#known.size > 2 * total + MAX_STALE_NAMES
    } catch {
      // The store is away: what is known gets too old, and whoever asks the store finds out.
    } finally {
      this.#isPolling = false
    }
  }

  /** @returns how many there are. */
  async #readOn(): Promise<number> {
    for (;;) {
      const [total, latest, ...names] = await this.#follow(this.#after, PAGE)
      for (const name of names) this.#known.add(String(name))
      if (names.length === PAGE) {
        this.#after = String(latest)
        continue
      }
      this.#after = String(Math.max(0, Number(latest) - OVERLAP_US))
      return Number(total)
    }
  }

  /** Bans that are over are forgotten. Until all is read, the store is asked about everybody. */
  #startAnew(): void {
    this.#freshAtMs = -Infinity
    this.#known = new Fingerprints()
    this.#after = '0'
  }
}
