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

/** An `Authorization` field whose token was verified. */
interface Field {
  readonly value: string
  readonly entry: Entry
}

/**
 * Verified tokens by their raw text, bounded. Expiry is looked at on every use.
 * Those that came as `Authorization: Bearer …` are found by a few characters of the field's value too and compared as a
 * whole: to look a text up in a map the engine interns it, which costs several times as much.
 */
export class TokenCache {
  readonly #entries = new GenerationMap<Entry>(MAX_ENTRIES)
  readonly #fields = new GenerationMap<Field, number>(MAX_ENTRIES)
  #chars = 0

  get(text: string, nowMs: number): VerifiedToken | undefined {
    const entry = this.#entries.get(text)
    if (entry === undefined) return undefined
    if (nowMs < entry.goodUntilMs) return entry.verified
    this.#entries.delete(text)
    return undefined
  }

  /** As `get`, for the value of an `Authorization` field, see `linkField`. */
  ofField(value: string, nowMs: number): VerifiedToken | undefined {
    const field = this.#fields.get(fingerprint(value))
    if (field === undefined || field.value !== value) return undefined
    if (nowMs < field.entry.goodUntilMs) return field.entry.verified
    this.#fields.delete(fingerprint(value))
    return undefined
  }

  hasField(value: string): boolean {
    return this.#fields.get(fingerprint(value))?.value === value
  }

  /** Makes a token that is held findable by the value of its `Authorization` field. */
  linkField(value: string): void {
    const entry = value.startsWith(BEARER)
      ? this.#entries.get(value.slice(BEARER.length))
      : undefined
    if (entry === undefined) return
    this.#count(value)
    this.#fields.set(fingerprint(value), { value, entry })
  }

  /** Whether this very text was verified; it may have expired since. */
  has(text: string): boolean {
    return this.#entries.get(text) !== undefined
  }

  /** To be called in the same turn as the keys were found, so that what was verified with keys that are gone is not kept. */
  set(text: string, entry: Entry): void {
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
  }
}

/** Characters of the end that make a fingerprint; the very last one holds bits that are always zero. */
const FINGERPRINT_CHARS = 5

/**
 * Six bits of each of some characters of the signature, which are as good as random. Where two tokens have the same,
 * the one that came last is found.
 */
function fingerprint(value: string): number {
  let bits = 0
  for (let at = value.length - 1 - FINGERPRINT_CHARS; at < value.length - 1; at++)
    bits = (bits << 6) | (value.charCodeAt(at) & 63)
  return bits
}
