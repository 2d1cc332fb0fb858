import { randomFillSync } from 'node:crypto'

const ID_CHARS = 32
const POOL_IDS = 256
const POOL_CHARS = POOL_IDS * ID_CHARS
const bytes = Buffer.allocUnsafeSlow(POOL_CHARS / 2)
let pool = ''
let used = POOL_CHARS

/**
 * A new request id: 128 random bits as 32 lower-case hexadecimal digits, which is also a valid W3C trace id.
 * Random bytes are drawn 256 ids at a time; each is used once.
 */
export function newId(): string {
  if (used >= POOL_CHARS) {
    pool = randomFillSync(bytes).toString('hex')
    used = 0
  }
  used += ID_CHARS
  return pool.slice(used - ID_CHARS, used)
}
