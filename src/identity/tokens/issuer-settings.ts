import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { ConfigError } from '../../base/config-error.ts'
import type { Secret } from '../../base/secret.ts'
import { DEFAULT_ALGS, KNOWN_ALGS, SECRET_ALGS } from './algorithms.ts'
import { secretWeakness } from './secret-strength.ts'

/** One trusted issuer, `auth.jwt.issuers.<iss>`. */
export interface IssuerRequest {
  /** `iss` of its tokens, compared character by character. */
  readonly iss: string
  /**
   * Names of this API, one of which `aud` must hold. Only an issuer that shares a secret may have none: an API that
   * signs for itself names no audience, and then a token that does is meant for somebody else.
   */
  readonly audience: readonly string[]
  /** `RS256, PS256, ES256, EdDSA` unless said; with a secret `HS256`. */
  readonly algs?: readonly string[]
  /** Longest `exp - iat` in milliseconds: 15 minutes unless said, at most 60. */
  readonly maxAgeMs?: number
  /** Clock tolerance in milliseconds: 10 seconds unless said, at most 60. */
  readonly toleranceMs?: number
  /** `at+jwt` (RFC 9068) unless said; `any` also takes `JWT` and none at all, for issuers that know no better. */
  readonly typ?: 'at+jwt' | 'any'
  /** Where its keys are: an absolute file path, or an https URL (http to loopback). Unsaid: its own metadata says. */
  readonly jwks?: { readonly file: string } | { readonly url: string }
  /** The key of its HMAC, in place of public keys: never both. */
  readonly secret?: Secret<Buffer>
}

/** An issuer as checked at load. Times in seconds, as in tokens. */
export interface Issuer {
  readonly iss: string
  readonly audience: ReadonlySet<string>
  readonly algs: ReadonlySet<string>
  readonly maxAgeSeconds: number
  readonly toleranceSeconds: number
  readonly typ: 'at+jwt' | 'any'
  readonly jwks: IssuerRequest['jwks']
  /** Set for an issuer that shares a secret; then `algs` holds nothing but HMACs, else none. */
  readonly secret: KeyObject | undefined
}

const MAX_AGE_MS = 3_600_000
const DEFAULT_AGE_MS = 900_000
const MAX_TOLERANCE_MS = 60_000
const DEFAULT_TOLERANCE_MS = 10_000
const DEFAULT_SECRET_ALGS: readonly string[] = ['HS256']

/** What to do about a weak secret. */
export const SECRET_CURE =
  'make one with: openssl rand -base64 48, and give the same to the API that signs'

/** Checks one issuer. Throws `ConfigError` with `path` and the key at fault. */
export function parseIssuer(request: IssuerRequest, path: string): Issuer {
  const { iss, audience, maxAgeMs = DEFAULT_AGE_MS, secret, jwks } = request
  const { toleranceMs = DEFAULT_TOLERANCE_MS, typ = 'at+jwt' } = request
  const known = secret === undefined ? KNOWN_ALGS : SECRET_ALGS
  const { algs = secret === undefined ? DEFAULT_ALGS : DEFAULT_SECRET_ALGS } = request
  const refuse = (key: string, message: string, cure: string): never => {
    throw new ConfigError({ path: key === '' ? path : `${path}.${key}`, message, cure })
  }
  // `|` joins issuer and subject in the principal's id.
  if (!/^[\x21-\x7b\x7d\x7e]{1,512}$/.test(iss))
    refuse('', 'an issuer is a URL', 'the exact iss of its tokens')
  if ((audience.length === 0 && secret === undefined) || audience.includes(''))
    refuse(
      'audience',
      'without an audience every API would take the tokens of all others',
      'the name of this API',
    )
  const unknown = algs.find((alg) => !known.includes(alg))
  if (unknown !== undefined || algs.length === 0)
    refuse('algs', `${JSON.stringify(unknown ?? '')} is not allowed`, known.join(', '))
  if (secret !== undefined && jwks !== undefined)
    refuse('secret', 'stands beside jwks', 'an issuer has public keys or a secret')
  const weakness = secret === undefined ? undefined : secretWeakness(secret.reveal())
  if (weakness !== undefined) refuse('secret', weakness, SECRET_CURE)
  if (!(maxAgeMs >= 1000 && maxAgeMs <= MAX_AGE_MS))
    refuse('maxAge', 'out of bounds', '1s to 60min')
  if (!(toleranceMs >= 0 && toleranceMs <= MAX_TOLERANCE_MS))
    refuse('tolerance', 'out of bounds', '0s to 60s')
  if (jwks === undefined && secret === undefined && !URL.canParse(iss))
    refuse('jwks', 'the issuer is no URL, so its keys cannot be found', 'name a file or a URL')
  return {
    iss,
    audience: new Set(audience),
    algs: new Set(algs),
    maxAgeSeconds: maxAgeMs / 1000,
    toleranceSeconds: toleranceMs / 1000,
    typ,
    jwks,
    secret: secret === undefined ? undefined : createSecretKey(secret.reveal()),
  }
}
