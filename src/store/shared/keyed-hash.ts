import { randomBytes } from 'node:crypto'
import { RecentTexts } from '../../base/recent-texts.ts'
import type { KeptKey } from '../kept-key.ts'

/** Reserved tags: a slot that nobody has claimed, and one that nobody may claim any more. */
export const FREE_TAG = 0
export const CLOSED_TAG = -1

/** A fresh secret for `KeyedHash`; every thread of a process must use the same one. */
export function newHashKey(): Int32Array {
  const bytes = randomBytes(8)
  return new Int32Array([bytes.readInt32LE(0), bytes.readInt32LE(4)])
}

/** What stands for a key in a table; neither is ever one of the reserved tags. */
export interface KeyTags {
  readonly a: number
  readonly b: number
}

/** Marks texts that have characters above U+00FF, so that none meets a text of other characters and the same bytes. */
const WIDE = 0x100

/** Texts that are remembered. A power of two. */
const MAX_RECENT = 32_768
const MAX_RECENT_CHARS = 128

/**
 * HalfSipHash-1-3 with 64 bits of output: whoever does not know the key can choose no two texts that meet, and outputs
 * are never shown. The result stands in `a` and `b`, so that nothing is allocated.
 * @see Aumasson and Bernstein, SipHash: a fast short-input PRF; 1-3 is what Rust and Python hash their tables with
 */
export class KeyedHash implements KeyTags {
  /** Neither is ever one of the reserved tags. */
  a = 0
  b = 0
  /** What was hashed twice lately: to find a text there is a fifth of the work. */
  readonly #recent = new RecentTexts<KeyTags>(MAX_RECENT)
  /** The last hashes. What came once is not kept: a collection of young objects takes as long as they live. */
  readonly #seen = new Int32Array(MAX_RECENT)
  readonly #k0: number
  readonly #k1: number
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0

  constructor(key: Int32Array) {
    this.#k0 = key[0] ?? 0
    this.#k1 = key[1] ?? 0
  }

  /** Hashes `key` into `a` and `b`. */
  of(key: string | KeptKey): void {
    if (typeof key === 'string') return this.#ofText(key)
    if (key.hashedBy !== this) {
      this.#ofText(key.text)
      key.a = this.a
      key.b = this.b
      key.hashedBy = this
    }
    this.a = key.a
    this.b = key.b
  }

  #ofText(text: string): void {
    const place = this.#recent.placeOf(text)
    const known = this.#recent.at(place, text)
    if (known === undefined) return this.#remember(place, text)
    this.a = known.a
    this.b = known.b
  }

  #remember(place: number, text: string): void {
    this.#compute(text)
    if (text.length > MAX_RECENT_CHARS) return
    const seenAt = this.a & (MAX_RECENT - 1)
    if (this.#seen[seenAt] === this.b) this.#recent.put(place, text, { a: this.a, b: this.b })
    else this.#seen[seenAt] = this.b
  }

  #compute(text: string): void {
    this.#v0 = this.#k0
    this.#v1 = this.#k1 ^ 0xee
    this.#v2 = 0x6c796765 ^ this.#k0
    this.#v3 = 0x74656462 ^ this.#k1
    if (!this.#narrow(text)) this.#wide(text)
    this.#finish(this.#v0, this.#v1, this.#v2, this.#v3)
    if (this.a === FREE_TAG || this.a === CLOSED_TAG) this.a = 1
    if (this.b === FREE_TAG || this.b === CLOSED_TAG) this.b = 1
  }

  /** Four characters to a word. @returns false, with nothing done, when some character is above U+00FF. */
  #narrow(text: string): boolean {
    const units = text.length
    const whole = units & ~3
    let v0 = this.#v0
    let v1 = this.#v1
    let v2 = this.#v2
    let v3 = this.#v3
    let seen = 0
    for (let at = 0; at <= whole; at += 4) {
      let word: number
      if (at < whole) {
        const c0 = text.charCodeAt(at)
        const c1 = text.charCodeAt(at + 1)
        const c2 = text.charCodeAt(at + 2)
        const c3 = text.charCodeAt(at + 3)
        seen |= c0 | c1 | c2 | c3
        word = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24)
      } else {
        // What is left, and the length in the top byte.
        word = units << 24
        for (let rest = whole; rest < units; rest++) {
          const unit = text.charCodeAt(rest)
          seen |= unit
          word |= unit << ((rest - whole) * 8)
        }
      }
      v3 ^= word
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    if (seen > 0xff) return false
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
    return true
  }

  /** Rare: one character to a word. */
  #wide(text: string): void {
    this.#v1 ^= WIDE
    for (let at = 0; at < text.length; at++) this.#absorb(text.charCodeAt(at))
    this.#absorb(text.length << 16)
  }

  #absorb(word: number): void {
    this.#v3 ^= word
    this.#round()
    this.#v0 ^= word
  }

  /** Both halves of the output; in locals, for speed. */
  #finish(s0: number, s1: number, s2: number, s3: number): void {
    let v0 = s0
    let v1 = s1
    let v2 = s2 ^ 0xee
    let v3 = s3
    for (let round = 1; round <= 6; round++) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      if (round !== 3) continue
      this.a = v1 ^ v3
      v1 ^= 0xdd
    }
    this.b = v1 ^ v3
  }

  #round(): void {
    const v0 = (this.#v0 + this.#v1) | 0
    const v1 = ((this.#v1 << 5) | (this.#v1 >>> 27)) ^ v0
    const turned = (v0 << 16) | (v0 >>> 16)
    const v2 = (this.#v2 + this.#v3) | 0
    const v3 = ((this.#v3 << 8) | (this.#v3 >>> 24)) ^ v2
    this.#v0 = (turned + v3) | 0
    this.#v3 = ((v3 << 7) | (v3 >>> 25)) ^ this.#v0
    const sum = (v2 + v1) | 0
    this.#v1 = ((v1 << 13) | (v1 >>> 19)) ^ sum
    this.#v2 = (sum << 16) | (sum >>> 16)
  }
}
