import { createHmac } from 'node:crypto'
import type { Secret } from '../base/secret.ts'

/** Most pseudonyms remembered at once, in each of two generations. */
const GENERATION = 4096

/**
 * Makes the function that names principals in logs: 12 hex digits of HMAC-SHA-256, so that lines of one caller can be
 * joined, but nobody without the key finds the caller [LOG-01, LOG-07]. Remembers at most 8 192 names.
 */
export function createPseudonyms(key: Secret<Buffer>): (id: string) => string {
  let young = new Map<string, string>()
  let old = new Map<string, string>()
  return (id) => {
    const known = young.get(id)
    if (known !== undefined) return known
    const name =
      old.get(id) ??
      createHmac('sha256', key.reveal()).update(id, 'utf8').digest('hex').slice(0, 12)
    if (young.size >= GENERATION) {
      old = young
      young = new Map()
    }
    young.set(id, name)
    return name
  }
}
