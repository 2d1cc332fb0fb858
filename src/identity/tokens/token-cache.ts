import { GenerationMap } from '../../store/generation-map.ts'
import type { Principal } from '../principal.ts'

/** A token that was verified. */
export interface VerifiedToken {
  readonly principal: Principal
}

interface Entry {
  readonly verified: VerifiedToken
  /** First moment at which the token is expired, tolerance included. */
  readonly goodUntilMs: number
}

const MAX_ENTRIES = 50_000
/** Characters of token text put in since the cache was last empty; beyond it, it starts anew. */
const MAX_CHARS = 128 * 1024 * 1024

/** Verified tokens by their raw text, bounded. Expiry is looked at on every use. */
export class TokenCache {
  readonly #entries = new GenerationMap<Entry>(MAX_ENTRIES)
  #chars = 0
  #epoch = 0

  /** Changes whenever the cache was emptied. */
  get epoch(): number {
    return this.#epoch
  }

  get(text: string, nowMs: number): VerifiedToken | undefined {
    const entry = this.#entries.get(text)
    if (entry === undefined) return undefined
    if (nowMs < entry.goodUntilMs) return entry.verified
    this.#entries.delete(text)
    return undefined
  }

  /** Whether this very text was verified; it may have expired since. */
  has(text: string): boolean {
    return this.#entries.get(text) !== undefined
  }

  /** `epoch`: as it was before the keys were asked; what was verified with keys that are gone is not kept. */
  set(text: string, entry: Entry, epoch: number): void {
    if (epoch !== this.#epoch) return
    this.#chars += text.length
    if (this.#chars > MAX_CHARS) this.clear()
    this.#entries.set(text, entry)
  }

  clear(): void {
    this.#entries.clear()
    this.#chars = 0
    this.#epoch++
  }
}
