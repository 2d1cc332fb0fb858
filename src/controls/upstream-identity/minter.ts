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
 * as anything of it changes; so no token outlives the rights it tells of by more than its reuse.
 */
export class Minter {
  readonly #parts: MinterParts
  readonly #minted: GenerationMap<Minted, Principal>
  /** The header of all tokens of one key, encoded. */
  #header = ''
  #kid: string | undefined = undefined

  constructor(parts: MinterParts) {
    this.#parts = parts
    this.#minted = new GenerationMap(parts.maxCallers)
  }

  /** The token for a caller. Synchronous; a signature (some 30 microseconds) only once in `REUSE_MS`. */
  token(principal: Principal, nowMs: number): string {
    // One token for all of whom nothing is verified: strangers cannot order signatures.
    const caller = principal.kind === 'upstream' ? ANONYMOUS : principal
    const known = this.#minted.get(caller)
    // The clock may be set back; a token from the future is refused by whoever checks it.
    if (known !== undefined && nowMs < known.mintedMs + REUSE_MS && nowMs >= known.mintedMs)
      return known.text
    const text = this.#mint(caller, nowMs)
    this.#minted.set(caller, { text, mintedMs: nowMs })
    return text
  }

  #headerOf(kid: string): string {
    if (this.#kid !== kid) {
      this.#header = encode({ alg: 'ES256', kid, typ: TOKEN_TYPE })
      this.#kid = kid
    }
    return this.#header
  }

  #mint(principal: Principal, nowMs: number): string {
    const { iss, aud, keys } = this.#parts
    const { kid, privateKey } = keys.current(nowMs)
    const iat = Math.floor(nowMs / 1000)
    const times = { iat, exp: iat + LIFE_SECONDS, jti: newId() }
    const signed = `${this.#headerOf(kid)}.${encode({ iss, aud, ...callerClaims(principal), ...times })}`
    // RFC 7518 section 3.4: R and S side by side, no DER.
    const signature = sign('sha256', Buffer.from(signed), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    // It goes into the head of each request for half a minute.
    return inOnePiece(`${signed}.${signature.toString('base64url')}`)
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
