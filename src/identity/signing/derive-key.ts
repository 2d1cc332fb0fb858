import { createECDH, createPrivateKey, hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** The public half of a key, as it stands in a key set (RFC 7517). */
export interface PublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

/** A key that signs with ES256. */
export interface SigningKey {
  /** RFC 7638 thumbprint, SHA-256, base64url. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicJwk: PublicJwk
}

/** Order of the group of P-256 (SEC 2 section 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** 64 bits more than the order has, so that the remainder shows no bias worth a name (FIPS 186-5 A.2.1). */
export const SIGNING_SEED_BYTES = 40

/**
 * The P-256 key of a seed of `SIGNING_SEED_BYTES` derived bytes: the same for everybody who has it, now and later.
 * @see FIPS 186-5 appendix A.2.1
 */
export function signingKeyOf(seed: Buffer): SigningKey {
  const scalar = (BigInt(`0x${seed.toString('hex')}`) % (ORDER - 1n)) + 1n
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(d)
  // 4, then x, then y (SEC 1 section 2.3.3).
  const point = ecdh.getPublicKey()
  const x = point.subarray(1, 33).toString('base64url')
  const y = point.subarray(33).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x, y } as const
  const privateKey = createPrivateKey({
    key: { ...jwk, d: d.toString('base64url') },
    format: 'jwk',
  })
  const kid = thumbprint(jwk)
  return { kid, privateKey, publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } }
}

/** RFC 7638 section 3: the required members alone, in the order of their names. */
function thumbprint({ crv, kty, x, y }: Pick<PublicJwk, 'crv' | 'kty' | 'x' | 'y'>): string {
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
}
