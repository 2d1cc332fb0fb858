import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { fitsKey } from './algorithms.ts'
import { isObject, member } from './compact.ts'
import type { JsonObject } from './compact.ts'

/** One public key of an issuer that may verify signatures, or the secret that it shares with the gateway. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** The one algorithm it may be used with, where the issuer says so. */
  readonly alg: string | undefined
  readonly key: KeyObject
}

/** The keys of one issuer. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  /** Differs when the keys differ. */
  readonly fingerprint: string
}

/** Keys read of one set, and tried for one token without `kid`. */
const MAX_KEYS = 100
const MAX_TRIES = 4

/**
 * Reads a JWK Set. Keys that cannot verify signatures here are left out, as RFC 7517 section 5 asks: other use or
 * operations, symmetric, private, unknown type. Certificates and URLs in keys are never looked at.
 * @returns `undefined` when it is no JWK Set.
 */
export function parseKeySet(document: unknown): KeySet | undefined {
  const list = isObject(document) ? member(document, 'keys') : undefined
  if (!Array.isArray(list)) return undefined
  const jwks = list.slice(0, MAX_KEYS).filter(isObject)
  const keys = jwks.map(parseKey).filter((key) => key !== undefined)
  return { keys, fingerprint: JSON.stringify(jwks) }
}

/**
 * The keys that may have signed a token: by `kid` when the token names one, and always only those that fit the
 * algorithm. At most 4.
 */
export function candidates(
  set: KeySet,
  alg: string,
  kid: string | undefined,
): readonly VerificationKey[] {
  return (
    set.keys
      // A shared secret has no name: there is one, whatever the token calls it.
      .filter(({ kid: name, key }) => kid === undefined || key.type === 'secret' || name === kid)
      .filter((key) => (key.alg === undefined || key.alg === alg) && fitsKey(alg, key.key))
      .slice(0, MAX_TRIES)
  )
}

/** The set of an issuer that shares a secret. Such a key is configured; none is ever read from a JWK Set. */
export function secretSet(key: KeyObject): KeySet {
  return { keys: [{ kid: undefined, alg: undefined, key }], fingerprint: 'secret' }
}

function parseKey(jwk: JsonObject): VerificationKey | undefined {
  const use = member(jwk, 'use')
  const operations = member(jwk, 'key_ops')
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined
  const kid = member(jwk, 'kid')
  const alg = member(jwk, 'alg')
  if (alg !== undefined && typeof alg !== 'string') return undefined
  const key = importPublic(jwk)
  return key === undefined
    ? undefined
    : { kid: typeof kid === 'string' ? kid : undefined, alg, key }
}

/** Only the members that make a public key go into OpenSSL; a published private key is nobody's proof of anything. */
function importPublic(jwk: JsonObject): KeyObject | undefined {
  if (Object.hasOwn(jwk, 'd') || Object.hasOwn(jwk, 'k')) return undefined
  const names = ['kty', 'n', 'e', 'crv', 'x', 'y']
  const entries = names.map((name) => [name, member(jwk, name)] as const)
  const parts = Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'))
  try {
    return createPublicKey({ key: parts, format: 'jwk' })
  } catch {
    // A key of a type or with numbers that OpenSSL does not take verifies nothing; others of the set may.
    return undefined
  }
}
