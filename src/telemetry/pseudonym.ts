import { hash } from 'node:crypto'
import { RecentTexts } from '../base/recent-texts.ts'
import type { Secret } from '../base/secret.ts'

/** Most pseudonyms remembered at once. */
const MAX_RECENT = 8192

/**
 * Makes the function that names principals in logs: 12 hex digits of HMAC-SHA-256, so that lines of one caller can be
 * joined, but nobody without the key finds the caller [LOG-01, LOG-07]. Remembers at most 8 192 names.
 */
export function createPseudonyms(key: Secret<Buffer>): (id: string) => string {
  const mac = createMac(key.reveal())
  const recent = new RecentTexts<string>(MAX_RECENT)
  return (id) => {
    const place = recent.placeOf(id)
    const known = recent.at(place, id)
    if (known !== undefined) return known
    const name = mac(id).slice(0, 12)
    recent.put(place, id, name)
    return name
  }
}

/** Bytes that SHA-256 reads at a time. */
const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
/** Longer ones are put together anew. */
const MAX_TEXT_BYTES = 1024

/**
 * HMAC-SHA-256 of texts under one key, as hexadecimal digits. Two plain hashes: the object that `createHmac` makes
 * costs as much as both, and as much again when it is collected. @see RFC 2104 section 2
 */
function createMac(key: Buffer): (text: string) => string {
  const block = Buffer.alloc(BLOCK_BYTES)
  const own = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key
  own.copy(block)
  // Both hashes read what stands here: the block, and what follows it.
  const inner = Buffer.alloc(
    BLOCK_BYTES + MAX_TEXT_BYTES,
    block.map((byte) => byte ^ 0x36),
  )
  const outer = Buffer.alloc(
    BLOCK_BYTES + DIGEST_BYTES,
    block.map((byte) => byte ^ 0x5c),
  )
  return (text) => {
    const bytes = Buffer.byteLength(text)
    const asked =
      bytes > MAX_TEXT_BYTES
        ? Buffer.concat([inner.subarray(0, BLOCK_BYTES), Buffer.from(text)])
        : inner.subarray(0, BLOCK_BYTES + inner.write(text, BLOCK_BYTES))
    outer.write(hash('sha256', asked, 'latin1'), BLOCK_BYTES, 'latin1')
    return hash('sha256', outer, 'hex')
  }
}
