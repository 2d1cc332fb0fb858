import { hash, timingSafeEqual } from 'node:crypto'

/**
 * Compares two secrets through their SHA-256 digests, so that neither the place of the first difference nor the length
 * shows in the time it takes (only the length of each input in hashing it, which the sender of that input knows).
 */
export function constantTimeEqual(left: string | Uint8Array, right: string | Uint8Array): boolean {
  return timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'))
}
