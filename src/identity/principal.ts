import type { KeptKey } from '../store/kept-key.ts'

/**
 * How a caller proved who they are. `wrapped`: by a token of the API that the gateway had sealed. `upstream`: the API itself checks the
 * credential, nothing was verified here.
 */
export type CredentialKind = 'none' | 'apiKey' | 'jwt' | 'wrapped' | 'upstream'

/** What was signed about a caller, and when. */
export interface SignedWord {
  readonly text: string
  readonly mintedMs: number
}

/**
 * Texts that others make of a principal with each request, kept as long as it is. Each has one writer, who also says
 * what it was made by: another gateway of the process, or one that was loaded again, makes its own.
 */
export class PrincipalNotes {
  /** `principal-limit`: space and key of its bucket. */
  limitSpace = ''
  limitKey: KeptKey | undefined = undefined
  /** `telemetry`: what records say of it. */
  logOwner: object | undefined = undefined
  logFields = ''
  /** `upstream-identity`: the word about it that was signed last, and about whom. */
  identityOwner: object | undefined = undefined
  identityOf: Principal | undefined = undefined
  identity: SignedWord | undefined = undefined
}

/** Who is calling. Built by `identity`, read by everyone else. */
export interface Principal {
  /** Stable and unique across kinds: `anonymous`, `key:<id>`, `<iss>|<sub>`, `wrapped:<api>|<sub>`, `upstream:<hash of the credential>`. */
  readonly id: string
  readonly kind: CredentialKind
  /** The key's owner, or the token's `sub`; empty for nobody. */
  readonly subject: string
  /** The token's `iss`; empty for other kinds. */
  readonly issuer: string
  /** What the credential may be called in a log: the key id, the token's `jti` or a short hash. Never the credential. */
  readonly credentialId: string
  readonly scopes: ReadonlySet<string>
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** Claims of a token; a null-prototype object, empty for other kinds. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Operations the credential is confined to; `undefined` for all. */
  readonly operations: ReadonlySet<string> | undefined
  /** Milliseconds since the epoch; `Infinity` where the credential names none. */
  readonly expiresAtMs: number
  /** Of a principal that is the same for many requests, as one that was verified is. */
  readonly notes?: PrincipalNotes
}

/** The claims of a credential that has none. */
export const NO_CLAIMS: Readonly<Record<string, unknown>> = Object.freeze(
  Object.create(null) as Record<string, unknown>,
)

/** Nobody: no rights at all. Every exchange starts here, so that a forgotten check denies. */
export const ANONYMOUS: Principal = Object.freeze({
  id: 'anonymous',
  kind: 'none',
  subject: '',
  issuer: '',
  credentialId: '',
  scopes: new Set<string>(),
  roles: [],
  groups: [],
  claims: NO_CLAIMS,
  operations: new Set<string>(),
  expiresAtMs: Infinity,
})
