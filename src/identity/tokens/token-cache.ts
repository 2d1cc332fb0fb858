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

const BEARER = 'Bearer '

/**
 * Verified tokens by their raw text, bounded. Expiry is looked at on every use.
 * Those that came as `Authorization: Bearer …` are found by the field's value too: a request's own text is hashed once,
 * however often it is looked up, a piece of it each time.
 */
export class TokenCache {
  readonly #entries = new GenerationMap<Entry>(MAX_ENTRIES)
  readonly #fields = new GenerationMap<Entry>(MAX_ENTRIES)
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

  /** As `get`, for the value of an `Authorization` field, see `linkField`. */
  ofField(value: string, nowMs: number): VerifiedToken | undefined {
    const entry = this.#fields.get(value)
    if (entry === undefined) return undefined
    if (nowMs < entry.goodUntilMs) return entry.verified
    this.#fields.delete(value)
    return undefined
  }

  hasField(value: string): boolean {
    return this.#fields.get(value) !== undefined
  }

  /** Makes a token that is held findable by the value of its `Authorization` field. */
  linkField(value: string): void {
    const entry = value.startsWith(BEARER)
      ? this.#entries.get(value.slice(BEARER.length))
      : undefined
    if (entry === undefined) return
    this.#count(value)
    this.#fields.set(value, entry)
  }

  /** Whether this very text was verified; it may have expired since. */
  has(text: string): boolean {
    return this.#entries.get(text) !== undefined
  }

  /** `epoch`: as it was before the keys were asked; what was verified with keys that are gone is not kept. */
  set(text: string, entry: Entry, epoch: number): void {
    if (epoch !== this.#epoch) return
    this.#count(text)
    this.#entries.set(text, entry)
  }

  #count(text: string): void {
    this.#chars += text.length
    if (this.#chars > MAX_CHARS) this.clear()
  }

  clear(): void {
    this.#entries.clear()
    this.#fields.clear()
    this.#chars = 0
    this.#epoch++
  }
}
