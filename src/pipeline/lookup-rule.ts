import type { Secret } from '../base/secret.ts'

/** Where the value of a look-up is read. */
export type LookupSource =
  | {
      readonly kind: 'sqlite'
      /** Absolute. */
      readonly path: string
      readonly query: string
    }
  | {
      readonly kind: 'postgres'
      /** It may hold a password. */
      readonly url: Secret
      readonly query: string
    }
  | {
      readonly kind: 'operation'
      /** A GET with one id at the end of its path, or one about the caller without any; asked with the caller's credential. */
      readonly operation: string
      /** Where the value stands in its answer. */
      readonly member: readonly string[]
    }

/** One entry of `authorize.lookups`. */
export interface LookupRule {
  readonly source: LookupSource
  /** How long a value is remembered; 0: not at all. */
  readonly cacheMs: number
  /** How long it is remembered that there is none; at most `cacheMs`. */
  readonly missMs: number
  /** How long one question may take. */
  readonly timeoutMs: number
}
