import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
const POOL_BYTES = ID_BYTES * 256
const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let used = POOL_BYTES

/**
 * A new request id: 128 random bits as 32 lower-case hexadecimal digits, which is also a valid W3C trace id.
 * Random bytes are drawn 256 ids at a time; each is used once.
 */
export function newId(): string {
  if (used >= POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return pool.toString('hex', used - ID_BYTES, used)
}
