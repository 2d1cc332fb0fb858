import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyRow } from '../../store/records.ts'
import type { Secrets } from '../../store/secrets-file.ts'

/** What the store keeps of a secret: HMAC-SHA-256(pepper, secret). A fast hash is right: secrets have 256 bit. */
export interface SecretHash {
  readonly hashHex: string
  readonly pepperVersion: number
}

/** Hashes a new secret with the current pepper. */
export function hashSecret(secret: string, secrets: Secrets): SecretHash {
  const pepperVersion = secrets.currentPepperVersion
  return { hashHex: digest(secret, pepperVersion, secrets).toString('hex'), pepperVersion }
}

const NO_HASH = '00'.repeat(32)

/**
 * Which of the row's secrets this is. The same work for every answer: one HMAC (two while a pepper is being replaced)
 * and two constant-time comparisons, also when there is no row.
 */
export function matchSecret(
  secret: string,
  row: KeyRow | undefined,
  secrets: Secrets,
): 'current' | 'previous' | 'none' {
  const version = row?.pepperVersion ?? secrets.currentPepperVersion
  const previousVersion = row?.previousPepperVersion ?? version
  const hash = digest(secret, version, secrets)
  const previousHash = previousVersion === version ? hash : digest(secret, previousVersion, secrets)
  const isCurrent = equals(hash, row?.secretHashHex ?? NO_HASH)
  const isPrevious = equals(previousHash, row?.previousHashHex ?? NO_HASH)
  if (row === undefined) return 'none'
  if (isCurrent) return 'current'
  return isPrevious && row.previousHashHex !== undefined ? 'previous' : 'none'
}

/** With a pepper that is not known no secret can be right: the zero key only keeps the work equal. */
function digest(secret: string, version: number, secrets: Secrets): Buffer {
  const pepper = secrets.pepper(version)?.reveal()
  const hash = createHmac('sha256', pepper ?? Buffer.alloc(32))
    .update(secret)
    .digest()
  return pepper === undefined ? Buffer.alloc(32, 0xff) : hash
}

function equals(hash: Buffer, hashHex: string): boolean {
  const expected = Buffer.from(hashHex, 'hex')
  return expected.length === hash.length && timingSafeEqual(hash, expected)
}
