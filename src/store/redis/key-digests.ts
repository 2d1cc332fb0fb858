import { hash } from 'node:crypto'

/** Keys that are remembered; a power of two. */
const SLOTS = 8192
/** Characters that choose the slot, from the end: names of callers differ there. */
const MARK_CHARS = 12
const MAX_CHARS = 256

/**
 * What stands for keys in the store: they hold addresses and account names, which nobody is to read there, so that a
 * secret goes into each digest (SHA-256, 132 bits of it). Those of the latest callers are remembered.
 */
export class KeyDigests {
  readonly #salt: string
  readonly #keys = Array.from({ length: SLOTS }, () => '')
  readonly #digests = Array.from({ length: SLOTS }, () => '')

  constructor(salt: string) {
    this.#salt = salt
  }

  /** Letters, digits, `-` and `_`. */
  of(key: string): string {
    const slot = slotOf(key)
    if (key !== '' && this.#keys[slot] === key) return this.#digests[slot] ?? ''
    const digest = hash('sha256', this.#salt + key, 'base64url').slice(0, 22)
    if (key.length > MAX_CHARS) return digest
    this.#keys[slot] = key
    this.#digests[slot] = digest
    return digest
  }
}

function slotOf(key: string): number {
  let mark = key.length
  for (let at = Math.max(0, key.length - MARK_CHARS); at < key.length; at++)
    mark = Math.imul(mark ^ key.charCodeAt(at), 0x01000193)
  return (mark ^ (mark >>> 15)) & (SLOTS - 1)
}
