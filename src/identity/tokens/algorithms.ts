import { constants } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** How OpenSSL checks signatures of an algorithm. */
export interface SignatureOptions {
  /** `null` where the algorithm brings its own (RFC 8032). */
  readonly hash: string | null
  /** `undefined` where a key alone says it. */
  readonly padding:
    | {
        readonly padding?: number
        readonly saltLength?: number
        readonly dsaEncoding?: 'ieee-p1363'
      }
    | undefined
}

/** One signature algorithm of JOSE: the only keys it may be used with, and how. */
interface Algorithm extends SignatureOptions {
  readonly keyType: 'rsa' | 'ec' | 'ed25519'
  /** OpenSSL's name of the curve, for `ec`. */
  readonly curve?: string
}

const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = constants

/** RFC 7518 section 3.3: the padding that Node documents for RSA keys where none is named. */
const rsa = (hash: string): Algorithm => ({
  keyType: 'rsa',
  hash,
  padding: undefined,
})
/** RFC 7518 section 3.5: the salt is as long as the hash. */
const pss = (hash: string): Algorithm => ({
  keyType: 'rsa',
  hash,
  padding: { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST },
})
/** RFC 7518 section 3.4: both numbers one after the other, not DER. */
const ecdsa = (hash: string, curve: string): Algorithm => ({
  keyType: 'ec',
  curve,
  hash,
  padding: { dsaEncoding: 'ieee-p1363' },
})
const ED25519: Algorithm = { keyType: 'ed25519', hash: null, padding: undefined }

/** Every algorithm that may be configured for public keys. No `none`, no HMAC, no RSA encryption [TOK-02]. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', rsa('sha256')],
  ['RS384', rsa('sha384')],
  ['RS512', rsa('sha512')],
  ['PS256', pss('sha256')],
  ['PS384', pss('sha384')],
  ['PS512', pss('sha512')],
  ['ES256', ecdsa('sha256', 'prime256v1')],
  ['ES384', ecdsa('sha384', 'secp384r1')],
  ['ES512', ecdsa('sha512', 'secp521r1')],
  ['EdDSA', ED25519],
  ['Ed25519', ED25519],
])

/** RFC 7518 section 3.2: algorithms of issuers that share a secret, and of no others. */
const HMACS: ReadonlyMap<string, string> = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])

/** Names of the algorithms of issuers that share a secret. */
export const SECRET_ALGS: readonly string[] = [...HMACS.keys()]

/** The hash of an algorithm that works with a shared secret; `undefined` for any other. */
export function hmacHash(alg: string): string | undefined {
  return HMACS.get(alg)
}

/** How a signature is checked; `undefined` for an unknown algorithm. */
export function signatureOptions(alg: string): SignatureOptions | undefined {
  return ALGORITHMS.get(alg)
}

/** Allowed where an issuer says nothing. */
export const DEFAULT_ALGS: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** Names of the algorithms that may be configured. */
export const KNOWN_ALGS: readonly string[] = [...ALGORITHMS.keys()]

/** RSA keys below this are refused, RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048

/** Bytes of a shared secret below which it is refused; a shorter one than the hash adds nothing (RFC 2104 section 3). */
const MIN_SECRET_BYTES = 32

/** Whether an algorithm may be used with a key: type, curve and size. `false` for an unknown algorithm. */
export function fitsKey(alg: string, key: KeyObject): boolean {
  // Key confusion: only what was configured as a secret is ever one, and a secret is never anything else.
  if (key.type === 'secret' || HMACS.has(alg))
    return (
      key.type === 'secret' && HMACS.has(alg) && (key.symmetricKeySize ?? 0) >= MIN_SECRET_BYTES
    )
  const algorithm = ALGORITHMS.get(alg)
  if (algorithm === undefined || key.asymmetricKeyType !== algorithm.keyType) return false
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  if (algorithm.keyType === 'rsa') return (modulusLength ?? 0) >= MIN_RSA_BITS
  return algorithm.curve === undefined || namedCurve === algorithm.curve
}
