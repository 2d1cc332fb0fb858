import type { KeyObject } from 'node:crypto'

/** One signature algorithm of JOSE: the only keys it may be used with. */
interface Algorithm {
  readonly keyType: 'rsa' | 'ec' | 'ed25519'
  /** OpenSSL's name of the curve, for `ec`. */
  readonly curve?: string
}

const RSA: Algorithm = { keyType: 'rsa' }
const ED25519: Algorithm = { keyType: 'ed25519' }

/** Every algorithm that may be configured. No `none`, no HMAC, no RSA encryption [TOK-02]. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', RSA],
  ['RS384', RSA],
  ['RS512', RSA],
  ['PS256', RSA],
  ['PS384', RSA],
  ['PS512', RSA],
  ['ES256', { keyType: 'ec', curve: 'prime256v1' }],
  ['ES384', { keyType: 'ec', curve: 'secp384r1' }],
  ['ES512', { keyType: 'ec', curve: 'secp521r1' }],
  ['EdDSA', ED25519],
  ['Ed25519', ED25519],
])

/** Allowed where an issuer says nothing. */
export const DEFAULT_ALGS: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** Names of the algorithms that may be configured. */
export const KNOWN_ALGS: readonly string[] = [...ALGORITHMS.keys()]

/** RSA keys below this are refused, RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048

/** Whether an algorithm may be used with a key: type, curve and size. `false` for an unknown algorithm. */
export function fitsKey(alg: string, key: KeyObject): boolean {
  const algorithm = ALGORITHMS.get(alg)
  if (algorithm === undefined || key.asymmetricKeyType !== algorithm.keyType) return false
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  if (algorithm.keyType === 'rsa') return (modulusLength ?? 0) >= MIN_RSA_BITS
  return algorithm.curve === undefined || namedCurve === algorithm.curve
}
