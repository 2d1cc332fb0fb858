import type { Watch } from '../../pipeline/control.ts'
import type { SecretKind } from './detectors.ts'
import { withoutSecrets } from './detectors.ts'
import { mayHoldSecret } from './scan.ts'

/** Longest secret that two pieces may share, and what stands before it. */
const TAIL_BYTES = 256

/** What nobody writes into a text by chance. For the others an answer is not broken off: they may be an example. */
const CERTAIN: ReadonlySet<SecretKind> = new Set(['private-key', 'cloud-key', 'gateway-key'])

/**
 * Looks at a text that is passed on as it comes: whether it may go on. Of a secret that comes in two pieces the first may
 * have left.
 */
export function secretWatch(): Watch {
  let tail = Buffer.alloc(0)
  return (chunk) => {
    const seen = tail.length === 0 ? chunk : Buffer.concat([tail, chunk])
    tail = Buffer.from(seen.subarray(-TAIL_BYTES))
    if (!mayHoldSecret(seen)) return true
    return withoutSecrets(seen.toString('latin1'), (kind) => !CERTAIN.has(kind)) === undefined
  }
}
