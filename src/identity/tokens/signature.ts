import { createHmac, createVerify, timingSafeEqual, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isRsaHash, rsaVerify } from '../native/rsa-verify.ts'
import { hmacHash, signatureOptions } from './algorithms.ts'
import type { SignatureOptions } from './algorithms.ts'
import type { CompactToken } from './compact.ts'
import type { VerificationKey } from './key-set.ts'

/**
 * Whether one of the keys made the token's signature. `keys` come from `candidates`: type, size, use and algorithm of
 * each are right already. At most 4 signatures are computed, at once: a detour over another thread costs as much as
 * the signature. Never throws.
 * @see RFC 7515 section 5.2, RFC 7518 section 3, RFC 8037 section 3.1
 */
export function isSigned(token: CompactToken, keys: readonly VerificationKey[]): boolean {
  const signed = token.text.slice(0, token.signedChars)
  const digest = hmacHash(token.alg)
  if (digest !== undefined)
    return keys.some(({ key }) => isMacOf(signed, token.signature, { digest, key }))
  const options = signatureOptions(token.alg)
  if (options === undefined) return false
  for (const { key } of keys) {
    try {
      if (isRight({ signed, signature: token.signature }, key, options)) return true
    } catch {
      // OpenSSL throws for a signature or key that it does not take: not this key.
    }
  }
  return false
}

function isRight(
  { signed, signature }: { readonly signed: string; readonly signature: Buffer },
  key: KeyObject,
  { hash, padding }: SignatureOptions,
): boolean {
  const way = padding === undefined ? key : { key, ...padding }
  if (hash !== null && padding === undefined && isRsaHash(hash)) {
    const known = rsaVerify(hash, key, { signed, signature })
    if (known !== undefined) return known
  }
  if (hash === null) return verify(null, Buffer.from(signed, 'latin1'), way, signature)
  // The same as `verify`, a microsecond cheaper: that one makes a job that might have gone to another thread.
  return createVerify(hash).update(signed, 'latin1').verify(way, signature)
}

/** RFC 7518 section 3.2. A public key never gets here, and where it did it would make no MAC. */
function isMacOf(
  signed: string,
  signature: Buffer,
  { digest, key }: { readonly digest: string; readonly key: KeyObject },
): boolean {
  if (key.type !== 'secret') return false
  const mac = createHmac(digest, key).update(signed, 'latin1').digest()
  return mac.length === signature.length && timingSafeEqual(mac, signature)
}
