import { hash } from 'node:crypto'

/** Keys that are remembered; a power of two. */
const SLOTS = 8192
/** Characters that choose the slot, from the end: names of callers differ there. */
const MARK_CHARS = 12
const MAX_CHARS = 256

/**
 * What stands for keys in the store: they hold addresses and account names, which nobody is to read there, so that a
 * secret goes into each digest (SHA-256, 132 bits of it). Those of busy callers are remembered: a key is kept when it
 * comes twice without another of its slot in between. Were all kept, each would be a text that outlives its request, and
 * a collection of young objects takes as long as what outlives it is large: several milliseconds for a thousand callers.
 */
export class KeyDigests {
  readonly #salt: string
  readonly #marks = new Int32Array(SLOTS)
  readonly #keys = Array.from({ length: SLOTS }, () => '')
  readonly #digests = Array.from({ length: SLOTS }, () => '')

  constructor(salt: string) {
    this.#salt = salt
  }

  /** Letters, digits, `-` and `_`. */
  of(key: string): string {
    const mark = markOf(key)
    const slot = (mark ^ (mark >>> 15)) & (SLOTS - 1)
    if (this.#marks[slot] !== mark) {
      this.#marks[slot] = mark
      return this.#compute(key)
    }
    if (key !== '' && this.#keys[slot] === key) return this.#digests[slot] ?? ''
    const digest = this.#compute(key)
    if (key.length > MAX_CHARS) return digest
    this.#keys[slot] = key
    this.#digests[slot] = digest
    return digest
  }

  #compute(key: string): string {
    return hash('sha256', this.#salt + key, 'base64url').slice(0, 22)
  }
}

function markOf(key: string): number {
  let mark = key.length
  for (let at = Math.max(0, key.length - MARK_CHARS); at < key.length; at++)
    mark = Math.imul(mark ^ key.charCodeAt(at), 0x01000193)
  return mark
}
