import { sign } from 'node:crypto'
import { newId } from '../../base/ids.ts'
import { inOnePiece } from '../../base/one-piece.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { SigningKeys } from '../../identity/signing/signing-keys.ts'
import { GenerationMap } from '../../store/generation-map.ts'
import { callerClaims } from './claims.ts'

/** How long a token is good, in seconds [TOK-10]. */
export const LIFE_SECONDS = 60
/** How long a token is used again, so that the API has at least as long to look at it. */
export const REUSE_MS = 30_000
/** Says what the token is for, so that it is taken for no other (RFC 8725 section 3.11). */
export const TOKEN_TYPE = 'sallyport-identity+jwt'

interface Minted {
  readonly text: string
  readonly mintedMs: number
  /** What it says of the caller, as JSON. */
  readonly claims: string
}

/** What one API's tokens are made of. */
export interface MinterParts {
  readonly iss: string
  readonly aud: string
  readonly keys: SigningKeys
  /** Callers remembered at most. */
  readonly maxCallers: number
}

/**
 * Makes the tokens of one API. A caller is known by the object that verification gave, which is another one as soon
 * as anything of it changes; so no token outlives the rights it tells of by more than its reuse. Whoever comes with
 * another credential that tells the same of the same caller, such as the next token of a session, needs no signature.
 */
export class Minter {
  readonly #parts: MinterParts
  readonly #minted: GenerationMap<Minted, Principal>
  /** The last one of each caller, by the caller's id. */
  readonly #latest: GenerationMap<Minted>
  /** How the claims of all tokens begin. */
  readonly #begin: string
  /** The header of all tokens of one key, encoded. */
  #header = ''
  #kid: string | undefined = undefined

  constructor(parts: MinterParts) {
    this.#parts = parts
    this.#minted = new GenerationMap(parts.maxCallers)
    this.#latest = new GenerationMap(parts.maxCallers)
    const { iss, aud } = parts
    this.#begin = `{"iss":${JSON.stringify(iss)},"aud":${JSON.stringify(aud)},`
  }

  /** The token for a caller. Synchronous; a signature (some 25 microseconds) only once in `REUSE_MS`. */
  token(principal: Principal, nowMs: number): string {
    // One token for all of whom nothing is verified: strangers cannot order signatures.
    const caller = principal.kind === 'upstream' ? ANONYMOUS : principal
    const known = this.#minted.get(caller)
    if (known !== undefined && isFresh(known, nowMs)) return known.text
    const claims = JSON.stringify(callerClaims(caller))
    const latest = this.#latest.get(caller.id)
    const isSame = latest?.claims === claims && isFresh(latest, nowMs)
    const minted = isSame ? latest : { text: this.#mint(claims, nowMs), mintedMs: nowMs, claims }
    if (!isSame) this.#latest.set(caller.id, minted)
    this.#minted.set(caller, minted)
    return minted.text
  }

  #headerOf(kid: string): string {
    if (this.#kid !== kid) {
      const header = JSON.stringify({ alg: 'ES256', kid, typ: TOKEN_TYPE })
      this.#header = `${Buffer.from(header).toString('base64url')}.`
      this.#kid = kid
    }
    return this.#header
  }

  /** `claims`: the JSON of what is said of a caller, at least one member. */
  #mint(claims: string, nowMs: number): string {
    const { kid, privateKey } = this.#parts.keys.current(nowMs)
    const iat = Math.floor(nowMs / 1000)
    const payload = `${this.#begin}${claims.slice(1, -1)},"iat":${iat},"exp":${iat + LIFE_SECONDS},"jti":"${newId()}"}`
    const signed = this.#headerOf(kid) + Buffer.from(payload).toString('base64url')
    // RFC 7518 section 3.4: R and S side by side, no DER.
    const signature = sign('sha256', Buffer.from(signed, 'latin1'), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    // It goes into the head of each request for half a minute.
    return inOnePiece(`${signed}.${signature.toString('base64url')}`)
  }
}

/** The clock may be set back; a token from the future is refused by whoever checks it. */
function isFresh({ mintedMs }: Minted, nowMs: number): boolean {
  return nowMs < mintedMs + REUSE_MS && nowMs >= mintedMs
}
