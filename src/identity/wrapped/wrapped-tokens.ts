import { randomBytes } from 'node:crypto'
import { inOnePiece } from '../../base/one-piece.ts'
import { GenerationMap } from '../../store/generation-map.ts'
import { PrincipalNotes } from '../principal.ts'
import type { Principal } from '../principal.ts'
import { namesAt, scopesOf } from '../tokens/claims.ts'
import type { ClaimPaths } from '../tokens/claims.ts'
import { parseObject } from '../tokens/compact.ts'
import type { JsonObject } from '../tokens/compact.ts'
import { identityOf, isWrappable } from './app-token.ts'
import type { TokenContext } from './app-token.ts'
import { MAX_SEALED_CHARS, openText, SEALED_PREFIX, sealText } from './sealed-text.ts'
import type { SealingKeys } from './sealing-keys.ts'
import { purposeOf } from './wrap-rule.ts'
import type { WrapRule } from './wrap-rule.ts'

/** A wrapped token that holds. */
export interface OpenedToken {
  readonly principal: Principal
  /** What the API gave, for the API alone. */
  readonly appToken: string
}

/** Why a token is refused; for the log. */
export interface WrapRefusal {
  readonly reason: 'token_raw' | 'token_forged' | 'token_expired'
}

/** What the tokens of one API are made of. */
export interface WrappedTokensParts {
  readonly api: string
  readonly rules: readonly WrapRule[]
  readonly keys: SealingKeys
  readonly claimPaths: ClaimPaths
}

const MAX_ENTRIES = 20_000
/** Characters of opened tokens that are kept; beyond it the cache starts anew. */
const MAX_CHARS = 64 * 1024 * 1024

/** Members of what is sealed, named shortly: the text travels with every request. */
interface Sealed {
  readonly t: string
  readonly s: string
  readonly c: Readonly<Record<string, unknown>>
  /** Wall clock in milliseconds. */
  readonly e: number
  readonly i: string
}

/** Wraps and opens the tokens that one API signs itself. Opened ones are remembered; their end is looked at every time. */
export class WrappedTokens {
  readonly rules: readonly WrapRule[]
  readonly #parts: WrappedTokensParts
  readonly #opened = new GenerationMap<OpenedToken>(MAX_ENTRIES)
  #chars = 0

  constructor(parts: WrappedTokensParts) {
    this.#parts = parts
    this.rules = parts.rules
  }

  /** Whether a token can be ended before its time. */
  get endsEarly(): boolean {
    return this.rules.some(({ logout }) => logout.length > 0)
  }

  /** Whether some rule makes credentials, and not only tokens that come back in bodies. */
  get makesCredentials(): boolean {
    return this.rules.some(({ opens }) => opens.size === 0)
  }

  /** Seals a token as it leaves the API. @returns why it must not go out, or what goes out in its place. */
  seal(
    token: string,
    context: TokenContext,
    { rule, nowMs }: { readonly rule: WrapRule; readonly nowMs: number },
  ): string | { readonly fault: string } {
    if (!isWrappable(token)) return { fault: 'is none of 8 to 4096 visible characters' }
    const found = identityOf(token, context, rule)
    if ('fault' in found) return found
    const { subject, claims, expiresAtMs = Infinity } = found
    const e = Math.min(expiresAtMs, nowMs + rule.lifeMs)
    const i = randomBytes(12).toString('base64url')
    const plain = Buffer.from(JSON.stringify({ t: token, s: subject, c: claims, e, i }))
    const purpose = purposeOf(this.#parts.api, rule)
    const text = sealText(this.#parts.keys, plain, { purpose, nowMs })
    return text.length > MAX_SEALED_CHARS ? { fault: 'is too long once it is sealed' } : text
  }

  /** Opens a credential. A token that this gateway did not seal for this API is refused, however good it is there. */
  open(text: string, nowMs: number): OpenedToken | WrapRefusal {
    const known = this.#opened.get(text)
    if (known !== undefined) return ended(known, nowMs) ?? known
    const found = this.#read(text, `${this.#parts.api}\0credential`, nowMs)
    if (found === undefined) return refusalOf(text)
    const opened = this.#openedOf(found)
    if (ended(opened, nowMs) === undefined) this.#keep(text, opened)
    return ended(opened, nowMs) ?? opened
  }

  /** The API's token in a text that comes back in a body, see `WrapRule.opens`. */
  openBody(text: string, rule: WrapRule, nowMs: number): string | WrapRefusal {
    const found = this.#read(text, purposeOf(this.#parts.api, rule), nowMs)
    if (found === undefined) return refusalOf(text)
    return nowMs < found.e ? found.t : { reason: 'token_expired' }
  }

  #read(text: string, purpose: string, nowMs: number): Sealed | undefined {
    const plain = openText(this.#parts.keys, text, { purpose, nowMs })
    const value = plain === undefined ? undefined : parseObject(plain)
    // What we sealed we wrote; the type is that of `seal`.
    return value === undefined ? undefined : (value as unknown as Sealed)
  }

  #openedOf({ t, s, c, e, i }: Sealed): OpenedToken {
    const { api, claimPaths } = this.#parts
    const claims = Object.assign(Object.create(null) as Record<string, unknown>, c) as JsonObject
    const principal: Principal = Object.freeze({
      id: `wrapped:${api}|${s}`,
      kind: 'wrapped',
      subject: s,
      issuer: '',
      credentialId: i,
      scopes: scopesOf(claims),
      roles: namesAt(claims, claimPaths.roles),
      groups: namesAt(claims, claimPaths.groups),
      claims: Object.freeze(claims),
      operations: undefined,
      expiresAtMs: e,
      notes: new PrincipalNotes(),
    })
    return { principal, appToken: inOnePiece(t) }
  }

  #keep(text: string, opened: OpenedToken): void {
    this.#chars += text.length
    if (this.#chars > MAX_CHARS) {
      this.#opened.clear()
      this.#chars = text.length
    }
    this.#opened.set(text, opened)
  }
}

const EXPIRED: WrapRefusal = Object.freeze({ reason: 'token_expired' })

function ended({ principal }: OpenedToken, nowMs: number): WrapRefusal | undefined {
  return nowMs < principal.expiresAtMs ? undefined : EXPIRED
}

/** Both are 401 outside; the log tells a client that found a way around from one that makes tokens up. */
function refusalOf(text: string): WrapRefusal {
  return { reason: text.startsWith(SEALED_PREFIX) ? 'token_forged' : 'token_raw' }
}
