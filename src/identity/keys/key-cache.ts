import { GenerationMap } from '../../store/generation-map.ts'
import { IDLE_MS } from './life.ts'
import type { VerifiedKey } from './verified-key.ts'

/** A key text that was found good, and until when it needs no second look. */
export interface CachedKey {
  readonly verified: VerifiedKey
  /** End of the key, or of the overlap when it is the secret before the last rotation. */
  readonly goodUntilMs: number
  usedAtMs: number
}

/** The store is asked for changes at most this often: a revocation elsewhere is seen within it. */
const POLL_MS = 250
/** With the store out of reach, what is cached stays good this long (CONTROLS 3.3). */
const HELD_MS = 60_000
const MAX_CACHED = 100_000

/**
 * Keys that were verified, by their raw text, bounded. Emptied whenever the store says that keys have changed;
 * expiry and idleness are looked at on every use. No timer: time is compared on use.
 */
export class KeyCache {
  readonly #changeToken: () => number
  readonly #entries = new GenerationMap<CachedKey>(MAX_CACHED)
  #token = Number.NaN
  #polledMs = -Infinity
  #answeredMs = -Infinity
  #epoch = 0

  constructor(changeToken: () => number) {
    this.#changeToken = changeToken
  }

  /** The entry for this text while it is good. */
  get(text: string, nowMs: number): CachedKey | undefined {
    if (nowMs - this.#polledMs >= POLL_MS || nowMs < this.#polledMs) this.#poll(nowMs)
    const entry = this.#entries.get(text)
    if (entry === undefined) return undefined
    if (nowMs < entry.goodUntilMs && nowMs < entry.usedAtMs + IDLE_MS) return entry
    this.#entries.delete(text)
    return undefined
  }

  /** Changes whenever the cache was emptied. */
  get epoch(): number {
    return this.#epoch
  }

  /** `epoch`: as it was before the store was read. An answer that was on its way during a change is not kept. */
  set(text: string, entry: CachedKey, epoch: number): void {
    if (epoch === this.#epoch) this.#entries.set(text, entry)
  }

  /** Makes the next `get` ask the store, whatever the time; called after own writes. */
  expire(): void {
    this.#polledMs = -Infinity
  }

  #poll(nowMs: number): void {
    this.#polledMs = nowMs
    try {
      const token = this.#changeToken()
      this.#answeredMs = nowMs
      if (token === this.#token) return
      this.#token = token
      this.#clear()
    } catch {
      // Held, then closed: a store that is away for longer may hide revocations.
      if (nowMs - this.#answeredMs > HELD_MS) this.#clear()
    }
  }

  #clear(): void {
    this.#entries.clear()
    this.#epoch++
  }
}
