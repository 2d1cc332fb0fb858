/** Where a value is taken from when a token is sealed: its own claims, the answer it came in, or the request for it. */
export interface ValueSource {
  readonly from: 'token' | 'response' | 'request'
  /** Names of members, from the outside in. */
  readonly path: readonly string[]
}

/** Where the API hands a token out. */
export type TokenPlace =
  | { readonly in: 'field'; readonly path: readonly string[] }
  | { readonly in: 'header' | 'cookie'; readonly name: string }

/** One kind of tokens that an API signs itself and the gateway wraps. Plain data. */
export interface WrapRule {
  /** Name of the API; `undefined`: every API that has one of the operations. */
  readonly api: string | undefined
  /** Operations whose answers hand such a token out: log-in, refresh. */
  readonly operations: readonly string[]
  readonly place: TokenPlace
  readonly subject: ValueSource
  /** What becomes claims of the principal, under the last name of its path. */
  readonly claims: readonly ValueSource[]
  /** Longest life of a wrapped token; the token's own `exp` may end it sooner. */
  readonly lifeMs: number
  /** Operations that end a token when the API answers below 400. */
  readonly logout: readonly string[]
  /** Operation id -> member of its request body in which it comes back, for refresh tokens. Such a token is no credential. */
  readonly opens: ReadonlyMap<string, readonly string[]>
}

/** What a token of a rule is good for; sealed for one thing, it opens for no other. */
export function purposeOf(api: string, { opens, place }: WrapRule): string {
  if (opens.size === 0) return `${api}\0credential`
  return `${api}\0body\0${place.in === 'field' ? place.path.join('.') : place.name}`
}
