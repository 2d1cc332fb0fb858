import { createHmac, timingSafeEqual, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { hmacHash, signatureOptions } from './algorithms.ts'
import type { CompactToken } from './compact.ts'
import type { VerificationKey } from './key-set.ts'

/**
 * Whether one of the keys made the token's signature. `keys` come from `candidates`: type, size, use and algorithm of
 * each are right already. At most 4 signatures are computed, at once: a detour over another thread costs as much as
 * the signature. Never throws.
 * @see RFC 7515 section 5.2, RFC 7518 section 3, RFC 8037 section 3.1
 */
export function isSigned(token: CompactToken, keys: readonly VerificationKey[]): boolean {
  const signed = Buffer.from(token.text.slice(0, token.signedChars), 'latin1')
  const digest = hmacHash(token.alg)
  if (digest !== undefined)
    return keys.some(({ key }) => isMacOf(signed, token.signature, { digest, key }))
  const options = signatureOptions(token.alg)
  if (options === undefined) return false
  const { hash, padding } = options
  for (const { key } of keys) {
    try {
      if (verify(hash, signed, { key, ...padding }, token.signature)) return true
    } catch {
      // OpenSSL throws for a signature or key that it does not take: not this key.
    }
  }
  return false
}

/** RFC 7518 section 3.2. A public key never gets here, and where it did it would make no MAC. */
function isMacOf(
  signed: Buffer,
  signature: Buffer,
  { digest, key }: { readonly digest: string; readonly key: KeyObject },
): boolean {
  if (key.type !== 'secret') return false
  const mac = createHmac(digest, key).update(signed).digest()
  return mac.length === signature.length && timingSafeEqual(mac, signature)
}
