import { GenerationMap } from '../../store/generation-map.ts'
import type { KeyVersions } from '../../store/shared/key-versions.ts'
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
/**
 * With the store out of reach, what is cached stays good this long: with what the store's word may be old already, less
 * than the 60 s of CONTROLS 3.3.
 */
const HELD_MS = 55_000
const MAX_CACHED = 100_000

/** An entry with where its key's version stands, and the stamp it was read under; without versions, -1 and 0. */
interface Kept extends CachedKey {
  readonly slot: number
  readonly stamp: number
}

/**
 * Keys that were verified, by their raw text, bounded. With versions, an entry holds while the stamp of its key does;
 * without, everything goes whenever the store says that keys have changed. Expiry and idleness are looked at on every
 * use. No timer: time is compared on use.
 */
export class KeyCache {
  readonly #changeToken: () => number
  readonly #versions: KeyVersions | undefined
  readonly #entries = new GenerationMap<Kept>(MAX_CACHED)
  #token = Number.NaN
  #polledMs = -Infinity
  #answeredMs = -Infinity
  #epoch = 0

  constructor(changeToken: () => number, versions?: KeyVersions) {
    this.#changeToken = changeToken
    this.#versions = versions
  }

  /** The entry for this text while it is good. */
  get(text: string, nowMs: number): CachedKey | undefined {
    const versions = this.#versions
    if (versions === undefined && this.#isDue(nowMs)) this.#poll(nowMs)
    const entry = this.#entries.get(text)
    if (entry === undefined) return undefined
    const isCurrent = versions === undefined || versions.stampOf(entry.slot) === entry.stamp
    if (isCurrent && nowMs < entry.goodUntilMs && nowMs < entry.usedAtMs + IDLE_MS) return entry
    this.#entries.delete(text)
    return undefined
  }

  /** To be read before the store is asked for the key, and given to `set` with what was found. */
  stampOf(id: string): number {
    const versions = this.#versions
    return versions === undefined ? this.#epoch : versions.stampOf(versions.slotOf(id))
  }

  /** `stamp`: as it was before the store was read. An answer that was on its way during a change is not kept. */
  set(text: string, entry: CachedKey & { readonly id: string }, stamp: number): void {
    const versions = this.#versions
    const { verified, goodUntilMs, usedAtMs } = entry
    if (versions !== undefined)
      this.#entries.set(text, {
        verified,
        goodUntilMs,
        usedAtMs,
        slot: versions.slotOf(entry.id),
        stamp,
      })
    else if (stamp === this.#epoch)
      this.#entries.set(text, { verified, goodUntilMs, usedAtMs, slot: -1, stamp: 0 })
  }

  /** Makes the next `get` ask the store, whatever the time; called after own writes. */
  expire(): void {
    this.#polledMs = -Infinity
  }

  #isDue(nowMs: number): boolean {
    return nowMs - this.#polledMs >= POLL_MS || nowMs < this.#polledMs
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
