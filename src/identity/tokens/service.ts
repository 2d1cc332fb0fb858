import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import type { ClaimPaths, TokenRefusal } from './claims.ts'
import { checkClaims, checkType, principalOf } from './claims.ts'
import type { CompactFault, CompactToken, JsonObject } from './compact.ts'
import { parseClaims, parseCompact } from './compact.ts'
import { IssuerKeys } from './issuer-keys.ts'
import type { Issuer, IssuerRequest } from './issuer-settings.ts'
import { parseIssuer } from './issuer-settings.ts'
import { secretSet } from './key-set.ts'
import type { VerificationKey } from './key-set.ts'
import { keySource } from './key-source.ts'
import type { KeySource } from './key-source.ts'
import { isSigned } from './signature.ts'
import { TokenCache } from './token-cache.ts'
import type { VerifiedToken } from './token-cache.ts'

/** What the service works with. */
export interface TokenServiceSettings {
  readonly issuers: readonly IssuerRequest[]
  /** Where roles and groups stand; `['roles']` and `['groups']` unless said. */
  readonly claimPaths?: ClaimPaths
  /** Told when an issuer's keys cannot be had; a `FetchError` with code `blocked` is `sp_ssrf_blocked`. */
  readonly onKeyFault?: (iss: string, cause: unknown) => void
  /** Told each time when an issuer's keys were fetched. */
  readonly onKeysFetched?: (iss: string) => void
  /** What the age of keys is measured by, in milliseconds; the time that is given to `verify` unless said. */
  readonly steadyMs?: () => number
  /** Where an issuer's keys come from; for embedding and tests. The configured place unless said. */
  readonly source?: (issuer: Issuer) => KeySource
}

interface TrustedIssuer {
  readonly settings: Issuer
  readonly keys: IssuerKeys
}

/** A token on its way: taken apart, nothing verified but its shape. */
interface Candidate {
  readonly token: CompactToken
  readonly claims: JsonObject
  readonly issuer: TrustedIssuer
  readonly nowMs: number
}

const DEFAULT_PATHS: ClaimPaths = { roles: ['roles'], groups: ['groups'] }

/**
 * JWT access tokens of the configured issuers.
 * @see CONTROLS TOK-01..05, RFC 9068 section 4, RFC 8725
 */
export class TokenService {
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>
  readonly #paths: ClaimPaths
  readonly #cache = new TokenCache()
  /** The text that was taken apart last, until its signature is looked at. */
  #apart: CompactToken | undefined
  readonly #steadyMs: (() => number) | undefined

  /** Throws `ConfigError` at `auth.jwt.issuers.<iss>` for an issuer that cannot be trusted as written. */
  constructor(settings: TokenServiceSettings) {
    this.#paths = settings.claimPaths ?? DEFAULT_PATHS
    this.#steadyMs = settings.steadyMs
    const source = settings.source ?? keySource
    this.#issuers = new Map(
      settings.issuers.map((request) => {
        const issuer = parseIssuer(request, `auth.jwt.issuers.${request.iss}`)
        const keys = new IssuerKeys(sourceOf(issuer, source), {
          onChange: () => this.#cache.clear(),
          onFault: (cause) => settings.onKeyFault?.(issuer.iss, cause),
          onFetched: () => settings.onKeysFetched?.(issuer.iss),
        })
        return [issuer.iss, { settings: issuer, keys }]
      }),
    )
  }

  /**
   * Checks a bearer token. Synchronous for a token seen before and for most refusals; a promise where keys are
   * needed. Cheap checks come first; only a token of a known issuer, with an allowed algorithm, of the right
   * type, whose key is known costs a signature. Never throws or rejects.
   */
  verify(text: string, nowMs: number): MaybePromise<VerifiedToken | TokenRefusal> {
    const apart = this.#takeApart(text)
    const cached = apart === undefined ? this.#cache.get(text, nowMs) : undefined
    if (cached !== undefined) return cached
    const candidate = this.#parse(apart ?? parseCompact(text), nowMs)
    if ('reason' in candidate) return candidate
    const { alg, kid } = candidate.token
    const keys = candidate.issuer.keys.find(alg, kid, this.#ageMs(nowMs))
    return isPromise(keys)
      ? keys.then((found) => this.#verifyWith(candidate, found))
      : this.#verifyWith(candidate, keys)
  }

  /**
   * Whether this very text was verified before, whatever became of it since, or can be taken apart as a token: it is a
   * `token68` then, and nothing else follows.
   */
  isWellFormed(text: string): boolean {
    if (this.#cache.has(text)) return true
    const token = parseCompact(text)
    if ('reason' in token) return false
    this.#apart = token
    return true
  }

  /**
   * What `verify` says of the token in an `Authorization` field, where it was verified before and nothing but `Bearer`
   * and one space, spelled exactly so, stands before it. `undefined`: nothing is known, ask `verify`.
   */
  ofField(value: string, nowMs: number): VerifiedToken | undefined {
    return this.#cache.ofField(value, nowMs)
  }

  /** Whether `ofField` knows the value; the token in it may have expired. */
  hasField(value: string): boolean {
    return this.#cache.hasField(value)
  }

  /** Fetches every issuer's keys ahead of the first token. Never rejects; an issuer that is away is asked again later. */
  async warm(nowMs: number): Promise<void> {
    const ageMs = this.#ageMs(nowMs)
    await Promise.all([...this.#issuers.values()].map((issuer) => issuer.keys.warm(ageMs)))
  }

  /** Issuers whose tokens cannot be verified now; for health and `doctor`. */
  issuersWithoutKeys(nowMs: number): readonly string[] {
    const ageMs = this.#ageMs(nowMs)
    return [...this.#issuers].filter(([, { keys }]) => !keys.isReady(ageMs)).map(([iss]) => iss)
  }

  /** Forgets every verified token. */
  clear(): void {
    this.#cache.clear()
  }

  /** A clock that is set must not make old keys young. */
  #ageMs(nowMs: number): number {
    return this.#steadyMs?.() ?? nowMs
  }

  /** What `isWellFormed` made of this very text, which no cache knows: once. */
  #takeApart(text: string): CompactToken | undefined {
    const apart = this.#apart
    this.#apart = undefined
    return apart?.text === text ? apart : undefined
  }

  #parse(token: CompactToken | CompactFault, nowMs: number): Candidate | TokenRefusal {
    if ('reason' in token) return token
    const claims = parseClaims(token.payload)
    if (claims === undefined)
      return { reason: 'token_malformed', detail: 'claims are no strict JSON object' }
    // Read before it is verified, but only to choose whose keys to ask: the signature must be made with one of them.
    const { iss } = claims
    const issuer = typeof iss === 'string' ? this.#issuers.get(iss) : undefined
    if (issuer === undefined) return { reason: 'token_issuer', detail: 'iss is not configured' }
    if (!issuer.settings.algs.has(token.alg))
      return { reason: 'token_alg', detail: 'alg is not allowed for this issuer' }
    return checkType(token.typ, issuer.settings) ?? { token, claims, issuer, nowMs }
  }

  #verifyWith(
    candidate: Candidate,
    keys: readonly VerificationKey[] | undefined,
  ): VerifiedToken | TokenRefusal {
    if (keys === undefined)
      return { reason: 'token_keys_unavailable', detail: 'no keys of the issuer are to be had' }
    if (keys.length === 0)
      return { reason: 'token_key', detail: 'no key of the issuer fits kid and alg' }
    return isSigned(candidate.token, keys)
      ? this.#conclude(candidate)
      : { reason: 'token_signature', detail: 'the signature is not right' }
  }

  #conclude(candidate: Candidate): VerifiedToken | TokenRefusal {
    const { token, claims, issuer, nowMs } = candidate
    const refusal = checkClaims(claims, issuer.settings, nowMs)
    if (refusal !== undefined) return refusal
    const principal = principalOf(token, claims, this.#paths)
    const toleranceMs = issuer.settings.toleranceSeconds * 1000
    return this.#cache.set(token.text, { principal, toleranceMs })
  }
}

function sourceOf(issuer: Issuer, source: (issuer: Issuer) => KeySource): KeySource {
  const { secret } = issuer
  if (secret === undefined) return source(issuer)
  const set = secretSet(secret)
  return async () => set
}
