import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export const ISS = 'https://id.example.com'
export const AUD = 'https://api.example.com'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Keys made once for all tests of the process. */
export const PAIRS: Readonly<Record<PairName, Pair>> = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ec384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed: generateKeyPairSync('ed25519'),
  weak: generateKeyPairSync('rsa', { modulusLength: 1024 }),
  evil: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}

export type PairName = 'rsa' | 'ec' | 'ec384' | 'ed' | 'weak' | 'evil'
type SignerName =
  | 'rs256'
  | 'rs512'
  | 'ps256'
  | 'es256'
  | 'es256der'
  | 'es384'
  | 'eddsa'
  | 'weak'
  | 'evil'
  | 'hmacPem'
  | 'zeros'
  | 'none'
type Signer = (data: Buffer) => Buffer

/** Signers by name; the name says algorithm and key. */
const SIGNERS: Readonly<Record<SignerName, Signer>> = {
  rs256: (data: Buffer) => sign('sha256', data, PAIRS.rsa.privateKey),
  rs512: (data: Buffer) => sign('sha512', data, PAIRS.rsa.privateKey),
  ps256: (data: Buffer) =>
    sign('sha256', data, {
      key: PAIRS.rsa.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    }),
  es256: (data: Buffer) =>
    sign('sha256', data, { key: PAIRS.ec.privateKey, dsaEncoding: 'ieee-p1363' }),
  es256der: (data: Buffer) => sign('sha256', data, PAIRS.ec.privateKey),
  es384: (data: Buffer) =>
    sign('sha384', data, { key: PAIRS.ec384.privateKey, dsaEncoding: 'ieee-p1363' }),
  eddsa: (data: Buffer) => sign(null, data, PAIRS.ed.privateKey),
  weak: (data: Buffer) => sign('sha256', data, PAIRS.weak.privateKey),
  evil: (data: Buffer) => sign('sha256', data, PAIRS.evil.privateKey),
  hmacPem: (data: Buffer) =>
    createHmac('sha256', PAIRS.rsa.publicKey.export({ type: 'spki', format: 'pem' }))
      .update(data)
      .digest(),
  zeros: () => Buffer.alloc(64),
  none: () => Buffer.alloc(0),
}

/** A public key as it stands in a JWK Set. */
export function jwk(pair: Pair, fields: Record<string, unknown>): Record<string, unknown> {
  return { ...pair.publicKey.export({ format: 'jwk' }), ...fields }
}

/** What the issuer publishes. */
export function keySetDocument(): { keys: Record<string, unknown>[] } {
  return {
    keys: [
      jwk(PAIRS.rsa, { kid: 'rsa-1', alg: 'RS256', use: 'sig' }),
      jwk(PAIRS.ec, { kid: 'ec-1', alg: 'ES256', use: 'sig' }),
      jwk(PAIRS.ed, { kid: 'ed-1', alg: 'EdDSA', use: 'sig' }),
      jwk(PAIRS.ec384, { kid: 'enc-1', use: 'enc' }),
      jwk(PAIRS.weak, { kid: 'weak-1', alg: 'RS256' }),
    ],
  }
}

/** Base64url of a text, of bytes, or of a value as JSON. */
export function encode(value: unknown): string {
  const bytes = Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value)
  return Buffer.from(bytes ?? '').toString('base64url')
}

/** Signs header and claims as they are, texts untouched. */
export function forge(header: unknown, claims: unknown, signer: SignerName = 'rs256'): string {
  const data = `${encode(header)}.${encode(claims)}`
  return `${data}.${SIGNERS[signer](Buffer.from(data)).toString('base64url')}`
}

/** A header that is right for `rs256`. */
export const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: 'rsa-1' } as const

/** Claims that are right at `nowMs`; `part` overrides, `undefined` leaves out. */
export function claimsAt(
  nowMs: number,
  part: Record<string, unknown> = {},
): Record<string, unknown> {
  const now = Math.floor(nowMs / 1000)
  const whole: Record<string, unknown> = {
    iss: ISS,
    aud: AUD,
    sub: 'user-1',
    client_id: 'app',
    scope: 'orders:read orders:write',
    jti: 'j-1',
    iat: now,
    exp: now + 900,
    ...part,
  }
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
}
