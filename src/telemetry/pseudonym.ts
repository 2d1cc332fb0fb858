import { hash } from 'node:crypto'
import type { Secret } from '../base/secret.ts'

/** Most pseudonyms remembered at once, in each of two generations. */
const GENERATION = 4096

/**
 * Makes the function that names principals in logs: 12 hex digits of HMAC-SHA-256, so that lines of one caller can be
 * joined, but nobody without the key finds the caller [LOG-01, LOG-07]. Remembers at most 8 192 names.
 */
export function createPseudonyms(key: Secret<Buffer>): (id: string) => string {
  const mac = createMac(key.reveal())
  let young = new Map<string, string>()
  let old = new Map<string, string>()
  return (id) => {
    const known = young.get(id)
    if (known !== undefined) return known
    const name = old.get(id) ?? mac(id).slice(0, 12)
    if (young.size >= GENERATION) {
      old = young
      young = new Map()
    }
    young.set(id, name)
    return name
  }
}

/** Bytes that SHA-256 reads at a time. */
const BLOCK_BYTES = 64

/**
 * HMAC-SHA-256 of texts under one key, as hexadecimal digits. Two plain hashes: the object that `createHmac` makes
 * costs as much as both, and as much again when it is collected. @see RFC 2104 section 2
 */
function createMac(key: Buffer): (text: string) => string {
  const block = Buffer.alloc(BLOCK_BYTES)
  const own = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key
  own.copy(block)
  const inner = block.map((byte) => byte ^ 0x36)
  const outer = block.map((byte) => byte ^ 0x5c)
  return (text) => {
    const digest = hash('sha256', Buffer.concat([inner, Buffer.from(text)]), 'buffer')
    return hash('sha256', Buffer.concat([outer, digest]), 'hex')
  }
}
