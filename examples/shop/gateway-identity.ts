import { createPublicKey, verify, type KeyObject } from 'node:crypto'

/** Whose word the shop takes about its callers. */
export interface GatewayTrust {
  /** URL of the gateway's public keys, such as `http://127.0.0.1:9090/.well-known/jwks.json`. */
  readonly keys: string
  /** What the gateway calls this API; `api` where its configuration names none. */
  readonly audience: string
}

/** A caller for whom the gateway vouches. */
export interface GatewayCaller {
  /** The subject of the caller's token; `undefined` for keys, and for nobody. */
  readonly subject: string | undefined
}

const ISSUER = 'sallyport'
const TYPE = 'sallyport-identity+jwt'
const TIMEOUT_MS = 2000
/** Unknown key ids are what attackers send: they must not make the shop ask for keys all the time. */
const MIN_REFRESH_MS = 10_000
/** Clocks of two machines differ. */
const SKEW_SECONDS = 5

type Claims = Readonly<Record<string, unknown>>

/**
 * Checks `Sallyport-Identity` with nothing but Node, step by step as RFC 7515 and RFC 7519 ask. Not careless: this is
 * the one file of the shop to learn from. With a library it is ten lines: docs/guide/trust-the-gateway.md.
 */
export class GatewayIdentity {
  readonly #trust: GatewayTrust
  #keys: ReadonlyMap<string, KeyObject> = new Map()
  #askedMs = -Infinity

  constructor(trust: GatewayTrust) {
    this.#trust = trust
  }

  /** Who stands behind a token; `undefined` where it proves nothing. Rejects when the keys cannot be had. */
  async callerOf(token: string | undefined): Promise<GatewayCaller | undefined> {
    const [head = '', body = '', signature = '', ...more] = (token ?? '').split('.')
    const { alg, typ, kid } = decode(head)
    if (more.length > 0 || alg !== 'ES256' || typ !== TYPE || typeof kid !== 'string')
      return undefined
    const key = await this.#keyOf(kid)
    if (key === undefined) return undefined
    const isSigned = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    const claims = decode(body)
    return isSigned && this.#isForUs(claims) ? { subject: subjectOf(claims) } : undefined
  }

  #isForUs({ iss, aud, iat, exp }: Claims): boolean {
    const now = Date.now() / 1000
    const isNow =
      typeof iat === 'number' &&
      typeof exp === 'number' &&
      iat <= now + SKEW_SECONDS &&
      exp > now - SKEW_SECONDS
    return iss === ISSUER && aud === this.#trust.audience && isNow
  }

  async #keyOf(kid: string): Promise<KeyObject | undefined> {
    const known = this.#keys.get(kid)
    if (known !== undefined || Date.now() < this.#askedMs + MIN_REFRESH_MS) return known
    this.#askedMs = Date.now()
    const answer = await fetch(this.#trust.keys, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const { keys } = (await answer.json()) as {
      keys: { kid: string; kty: string }[]
    }
    this.#keys = new Map(
      keys.map((jwk) => [jwk.kid, createPublicKey({ key: { ...jwk }, format: 'jwk' })]),
    )
    return this.#keys.get(kid)
  }
}

/** `sub` alone is unambiguous; the shop has one issuer and knows its customers by that issuer's names. */
function subjectOf(claims: Claims): string | undefined {
  const id = claims['sub_id'] as { format?: unknown; sub?: unknown } | undefined
  return id?.format === 'iss_sub' && typeof id.sub === 'string' ? id.sub : undefined
}

function decode(part: string): Claims {
  try {
    return Object(JSON.parse(Buffer.from(part, 'base64url').toString())) as Claims
  } catch {
    return {} // what is no JSON names no key, and is refused for that
  }
}
