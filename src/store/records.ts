import type { MaybePromise } from '../base/maybe-promise.ts'
import type { RelationRecords } from './relations/relation.ts'

/** What a publishable (`pk`) or secret (`sk`) key is made of in the store. The secret itself is not here. */
export interface KeyRow {
  /** 12 characters, lower-case base32. */
  readonly id: string
  readonly kind: 'sk' | 'pk'
  readonly env: string
  readonly owner: string
  readonly name: string
  /** HMAC-SHA-256(pepper, secret), lower-case hexadecimal. */
  readonly secretHashHex: string
  readonly pepperVersion: number
  /** Last four characters of the secret, for people to tell keys apart. */
  readonly lastFour: string
  /** The secret before the last rotation, good until `previousUntilMs`. */
  readonly previousHashHex: string | undefined
  readonly previousPepperVersion: number | undefined
  readonly previousUntilMs: number | undefined
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** Operation ids the key is confined to; `undefined`: all. */
  readonly operations: readonly string[] | undefined
  /** CIDR texts the key may be used from; `undefined`: everywhere. */
  readonly cidrs: readonly string[] | undefined
  /** Serialized origins a publishable key may be used from; `undefined`: any. */
  readonly origins: readonly string[] | undefined
  readonly tags: readonly string[]
  readonly createdAtMs: number
  readonly createdBy: string
  /** Milliseconds since the epoch; `Infinity`: never. */
  readonly expiresAtMs: number
  readonly rotatedAtMs: number | undefined
  readonly revokedAtMs: number | undefined
  readonly revokedWhy: string | undefined
  readonly quarantinedAtMs: number | undefined
  readonly quarantinedWhy: string | undefined
  /** When the key was first seen in a URL or in clear. */
  readonly exposedAtMs: number | undefined
  /** To the minute. */
  readonly lastUsedAtMs: number | undefined
  readonly firstUsedAtMs: number | undefined
  readonly firstNetwork: string | undefined
  readonly firstAgent: string | undefined
}

/** One use of a key, written lazily. `firstNetwork` and `firstAgent` count only for the first use ever. */
export interface KeyUse {
  readonly id: string
  readonly usedAtMs: number
  readonly firstNetwork: string | undefined
  readonly firstAgent: string | undefined
}

/** Port: keys. A write that was answered is on disk; a crash loses none. Throws `StoreError`. */
export interface KeyRecords {
  /** Throws `StoreError` `conflict` when the id is taken. */
  insert(row: KeyRow): MaybePromise<void>
  /**
   * Inserts those rows whose ids are free, all in one transaction or none.
   * @returns the ids of the others, which stay as they are.
   */
  insertNew(rows: readonly KeyRow[]): MaybePromise<readonly string[]>
  get(id: string): MaybePromise<KeyRow | undefined>
  /** Oldest first. */
  list(): MaybePromise<readonly KeyRow[]>
  /**
   * Replaces the row by what `change` makes of it, in one transaction: no write of another process comes between.
   * The id and the fields of use (`lastUsedAtMs`, `first…`) stay as they are; only `touch` writes those.
   * @returns the row as stored, or `undefined` when there is none.
   */
  update(id: string, change: (row: KeyRow) => KeyRow): MaybePromise<KeyRow | undefined>
  /** @returns whether there was such a row. */
  delete(id: string): MaybePromise<boolean>
  /** Notes uses: one transaction, the latest time wins, unknown ids are passed over. May be lost in a crash. */
  touch(uses: readonly KeyUse[]): MaybePromise<void>
}

/** How often one operation met one deviation of the document. Identity: `api`, `operation`, `kind`, `pointer`. */
export interface AdoptFinding {
  readonly api: string
  /** Operation id, or its label where it has none. */
  readonly operation: string
  /** What was met, such as `response-undeclared-field`. */
  readonly kind: string
  /** Where; at most 512 characters are kept. */
  readonly pointer: string
  /** Last value seen, as the writer encodes it, without personal data; at most 4,096 characters are kept. */
  readonly sample: string
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

/** An operation that left the profile `adopt` and is enforced. */
export interface Graduation {
  readonly api: string
  readonly operation: string
  readonly atMs: number
}

/** Port: what `adopt` counted. Throws `StoreError`. */
export interface AdoptRecords {
  /**
   * Adds counts, widens the time span, keeps the newest sample. An operation holds at most
   * `MAX_FINDINGS_PER_OPERATION` findings, since traffic chooses the pointers; further ones are dropped.
   * @returns how many findings were dropped.
   */
  merge(findings: readonly AdoptFinding[]): MaybePromise<number>
  /** Most frequent first; of one API, or of all. */
  list(api?: string): MaybePromise<readonly AdoptFinding[]>
  /** Forgets the findings of an operation. */
  clear(api: string, operation: string): MaybePromise<void>
  /** Remembers that an operation is enforced from `atMs` on; an earlier graduation stays. */
  graduate(graduation: Graduation): MaybePromise<void>
  graduations(): MaybePromise<readonly Graduation[]>
}

/** Port: small named values of the installation. Throws `StoreError`. */
export interface Meta {
  get(name: string): MaybePromise<string | undefined>
  set(name: string, value: string): MaybePromise<void>
}

/** Port: everything that outlives a restart. */
export interface Records {
  readonly keys: KeyRecords
  readonly adopt: AdoptRecords
  readonly meta: Meta
  readonly relations: RelationRecords
  /**
   * A number that differs from every earlier one once a key was inserted, changed or deleted, by this process or
   * another (uses do not count); of another node it is known within 5 s. A few microseconds. Throws `StoreError` when the
   * store cannot be read, or has not answered lately.
   */
  changeToken(): number
  /**
   * To be called once before anything else. Brings the store to this version where the role is `owner`; `reader`: the
   * owner did. Throws or rejects with `ConfigError` at `store` when the store cannot be used.
   */
  open(role?: StoreRole): MaybePromise<void>
  /** Migrations that were done when it was opened. */
  readonly migrated: number
  /** Has `listener` told why when the store stops to answer, and `undefined` when it answers again. */
  onAway(listener: (cause: string | undefined) => void): void
  close(): MaybePromise<void>
}

/** What somebody opens a store for. */
export type StoreRole = 'owner' | 'reader'

/** Findings kept per operation. */
export const MAX_FINDINGS_PER_OPERATION = 500
/** Characters kept of a finding's pointer and sample. */
export const MAX_POINTER_CHARS = 512
export const MAX_SAMPLE_CHARS = 4096

/** The store did not do what was asked: `conflict` (the id is taken) or `unavailable` (see `cause`). */
export class StoreError extends Error {
  readonly code: 'conflict' | 'unavailable'

  constructor(code: 'conflict' | 'unavailable', message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StoreError'
    this.code = code
  }
}
