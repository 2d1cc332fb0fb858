import { inOnePiece } from '../../base/one-piece.ts'
import { GenerationMap } from '../../store/generation-map.ts'
import type { Principal } from '../principal.ts'

/** A token that was verified. */
export interface VerifiedToken {
  readonly principal: Principal
}

/** What is put into the cache of a token. */
export interface KnownToken extends VerifiedToken {
  /** How long after its principal's `expiresAtMs` the token is still good. */
  readonly toleranceMs: number
}

/**
 * One object and one text for each token, besides its principal: what is held is copied twice by the collector, which
 * costs by the object.
 */
interface Entry extends KnownToken {
  /** The `Authorization` field that such a token usually comes in: `Bearer`, a space, the token. */
  readonly field: string
}

const MAX_ENTRIES = 50_000
/** Characters of token text put in since the cache was last empty; beyond it, it starts anew. */
const MAX_CHARS = 128 * 1024 * 1024

const BEARER = 'Bearer '
/** Room for the field of the longest token. */
const SCRATCH_BYTES = 8192 + BEARER.length

/**
 * Verified tokens, bounded. Expiry is looked at on every use.
 * They are found by a few characters of their signature and compared as a whole: to look a text up in a map the engine
 * hashes it, which costs several times as much. Where two tokens have the same fingerprint, the one that came last is
 * found.
 */
export class TokenCache {
  readonly #entries = new GenerationMap<Entry, number>(MAX_ENTRIES)
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES)
  #chars = 0
  /** The field that was looked for last, and what was found: several guards of one request ask for it. */
  #latestField: string | undefined = undefined
  #latest: Entry | undefined = undefined

  constructor() {
    this.#scratch.write(BEARER, 'latin1')
  }

  get(text: string, nowMs: number): VerifiedToken | undefined {
    const entry = this.#find(text)
    return entry === undefined ? undefined : this.#fresh(entry, nowMs)
  }

  /** As `get`, for the value of an `Authorization` field: `Bearer`, one space and the token, spelled exactly so. */
  ofField(value: string, nowMs: number): VerifiedToken | undefined {
    const entry = this.#latestField === value ? this.#latest : this.#findField(value)
    return entry === undefined ? undefined : this.#fresh(entry, nowMs)
  }

  hasField(value: string): boolean {
    const entry = this.#findField(value)
    this.#latest = entry
    // The very string, so that asking again compares no characters.
    this.#latestField = value
    return entry !== undefined
  }

  /** Whether this very text was verified; it may have expired since. */
  has(text: string): boolean {
    return this.#find(text) !== undefined
  }

  /**
   * To be called in the same turn as the keys were found, so that what was verified with keys that are gone is not kept.
   * @returns what `get` will give.
   */
  set(text: string, { principal, toleranceMs }: KnownToken): VerifiedToken {
    this.#chars += text.length
    if (this.#chars > MAX_CHARS) this.clear()
    // It may be cut out of a whole head, which must not be kept with it.
    const entry: Entry = { principal, toleranceMs, field: this.#fieldOf(text) }
    this.#entries.set(fingerprint(text), entry)
    this.#forgetLatest()
    return entry
  }

  clear(): void {
    this.#entries.clear()
    this.#chars = 0
    this.#forgetLatest()
  }

  /** In one piece, and put together without a second copy. A text that is too long for that is no token. */
  #fieldOf(text: string): string {
    const end = BEARER.length + text.length
    if (end > this.#scratch.length) return inOnePiece(BEARER + text)
    this.#scratch.write(text, BEARER.length, 'latin1')
    return this.#scratch.toString('latin1', 0, end)
  }

  #find(text: string): Entry | undefined {
    const entry = this.#entries.get(fingerprint(text))
    if (entry === undefined || entry.field.length !== BEARER.length + text.length) return undefined
    return entry.field.endsWith(text) ? entry : undefined
  }

  #findField(value: string): Entry | undefined {
    const entry = this.#entries.get(fingerprint(value))
    return entry?.field === value ? entry : undefined
  }

  #fresh(entry: Entry, nowMs: number): VerifiedToken | undefined {
    if (nowMs < entry.principal.expiresAtMs + entry.toleranceMs) return entry
    this.#entries.delete(fingerprint(entry.field))
    this.#forgetLatest()
    return undefined
  }

  #forgetLatest(): void {
    this.#latest = undefined
    this.#latestField = undefined
  }
}

/** Characters of the end that make a fingerprint; the very last one holds bits that are always zero. */
const FINGERPRINT_CHARS = 5

/** Six bits of each of some characters of the signature, which are as good as random. */
function fingerprint(value: string): number {
  let bits = 0
  for (let at = value.length - 1 - FINGERPRINT_CHARS; at < value.length - 1; at++)
    bits = (bits << 6) | (value.charCodeAt(at) & 63)
  return bits
}
