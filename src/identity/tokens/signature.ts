import { compactVerify } from 'jose'
import type { CompactToken } from './compact.ts'
import type { VerificationKey } from './key-set.ts'

/**
 * Whether one of the keys made the token's signature. `keys` come from `candidates`: type, size, use and algorithm of
 * each are right already. At most 4 signatures are computed. Never rejects.
 * @see RFC 7515 section 5.2
 */
export async function isSigned(
  token: CompactToken,
  keys: readonly VerificationKey[],
): Promise<boolean> {
  for (const { key } of keys) {
    try {
      await compactVerify(token.text, key, { algorithms: [token.alg] })
      return true
    } catch {
      // jose throws for a wrong signature and for a key it does not take; both mean: not this key.
    }
  }
  return false
}
