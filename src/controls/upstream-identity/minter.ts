import { newId } from '../../base/ids.ts'
import { RecentTexts } from '../../base/recent-texts.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import { signEs256 } from '../../identity/native/es256-sign.ts'
import type { Principal, PrincipalNotes, SignedWord } from '../../identity/principal.ts'
import type { SigningKeys } from '../../identity/signing/signing-keys.ts'
import { GenerationMap } from '../../store/generation-map.ts'
import { callerText } from './claims.ts'

/** How long a token is good, in seconds [TOK-10]. */
export const LIFE_SECONDS = 60
/** How long a token is used again, so that the API has at least as long to look at it. */
export const REUSE_MS = 30_000
/** Says what the token is for, so that it is taken for no other (RFC 8725 section 3.11). */
export const TOKEN_TYPE = 'sallyport-identity+jwt'

/** Room for most tokens while they are put together. */
const SCRATCH_BYTES = 4096
/** Of one UTF-16 unit, at most. */
const MAX_UTF8_BYTES = 3
const DOT = 0x2e
/** What follows the claims about a caller. */
const UP_TO_TIMES = ',"iat":'
/** Two times and an id. */
const MAX_TIMES_CHARS = 128
/** 64 bytes as base64url. */
const SIGNATURE_CHARS = 86

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
  /** Those of callers that have no notes, or whose notes are another API's. */
  readonly #minted: GenerationMap<SignedWord, Principal>
  /** The last one of each caller, by the caller's id. */
  readonly #latest: RecentTexts<SignedWord>
  /** Marks the notes of callers whose token of this API stands there. */
  readonly #owner = {}
  /** How the claims of all tokens begin. */
  readonly #begin: string
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES)
  /** The header of all tokens of one key, encoded. */
  #header = ''
  #kid: string | undefined = undefined

  constructor(parts: MinterParts) {
    this.#parts = parts
    this.#minted = new GenerationMap(parts.maxCallers)
    this.#latest = new RecentTexts(parts.maxCallers)
    const { iss, aud } = parts
    this.#begin = `{"iss":${JSON.stringify(iss)},"aud":${JSON.stringify(aud)},`
  }

  /** The token for a caller. Synchronous; a signature (some 25 microseconds) only once in `REUSE_MS`. */
  token(principal: Principal, nowMs: number): string {
    // One token for all of whom nothing is verified: strangers cannot order signatures.
    const caller = principal.kind === 'upstream' ? ANONYMOUS : principal
    const { notes } = caller
    if (notes === undefined || !this.#mayNote(notes, caller)) return this.#fromMap(caller, nowMs)
    const { identity } = notes
    if (identity !== undefined && isFresh(identity.mintedMs, nowMs)) return identity.text
    const newest = this.#newest(caller, nowMs)
    notes.identityOwner = this.#owner
    notes.identityOf = caller
    notes.identity = newest
    return newest.text
  }

  /**
   * Of several APIs that one credential is used at, the first has its notes. A copy of a caller may have other rights
   * and the same notes: what stands there is only about the object it was written for.
   */
  #mayNote({ identityOf, identityOwner }: PrincipalNotes, caller: Principal): boolean {
    return identityOf === undefined || (identityOf === caller && identityOwner === this.#owner)
  }

  #fromMap(caller: Principal, nowMs: number): string {
    const known = this.#minted.get(caller)
    if (known !== undefined && isFresh(known.mintedMs, nowMs)) return known.text
    const newest = this.#newest(caller, nowMs)
    this.#minted.set(caller, newest)
    return newest.text
  }

  /** The one that was made for another credential of the same caller, or a new one. */
  #newest(caller: Principal, nowMs: number): SignedWord {
    const place = this.#latest.placeOf(caller.id)
    const latest = this.#latest.at(place, caller.id)
    const claims = `${this.#begin}${callerText(caller)}${UP_TO_TIMES}`
    const bytes = this.#room(claims.length * MAX_UTF8_BYTES + MAX_TIMES_CHARS)
    const end = bytes.write(claims)
    // Three bytes are four characters, whatever follows; only `"` or `:` of `UP_TO_TIMES` may be left for later.
    const whole = end - (end % 3)
    const told = bytes.toString('base64url', 0, whole)
    const isTold = latest?.text.startsWith(told, this.#header.length) === true
    if (isTold && isFresh(latest.mintedMs, nowMs)) return latest
    const iat = Math.floor(nowMs / 1000)
    const times = `${iat},"exp":${iat + LIFE_SECONDS},"jti":"${newId()}"}`
    const rest = bytes.toString('base64url', whole, end + bytes.write(times, end, 'latin1'))
    const minted = { text: this.#sign(told + rest, nowMs), mintedMs: nowMs }
    this.#latest.put(place, caller.id, minted)
    return minted
  }

  #headerOf(kid: string): string {
    if (this.#kid !== kid) {
      const header = JSON.stringify({ alg: 'ES256', kid, typ: TOKEN_TYPE })
      this.#header = `${Buffer.from(header).toString('base64url')}.`
      this.#kid = kid
    }
    return this.#header
  }

  /** The token with this payload, which is encoded. */
  #sign(payload: string, nowMs: number): string {
    const { kid, privateKey: key } = this.#parts.keys.current(nowMs)
    const signed = this.#headerOf(kid) + payload
    // Put together in one piece: it goes into the head of each request for half a minute.
    const bytes = this.#room(signed.length + 1 + SIGNATURE_CHARS)
    bytes.write(signed, 'latin1')
    bytes[signed.length] = DOT
    const at = signed.length + 1
    const end = at + bytes.write(signEs256(signed, key), at, 'latin1')
    return bytes.toString('latin1', 0, end)
  }

  /** Bytes to write into at once; nobody may hold on to them. */
  #room(bytes: number): Buffer {
    return bytes <= SCRATCH_BYTES ? this.#scratch : Buffer.allocUnsafe(bytes)
  }
}

/** The clock may be set back; a token from the future is refused by whoever checks it. */
function isFresh(mintedMs: number, nowMs: number): boolean {
  return nowMs < mintedMs + REUSE_MS && nowMs >= mintedMs
}
