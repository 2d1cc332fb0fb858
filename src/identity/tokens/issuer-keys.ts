import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { VerificationKey } from './key-set.ts'
import { candidates } from './key-set.ts'
import type { KeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'

/** A set is asked for anew after this long. */
const FRESH_MS = 600_000
/** An old set is used at most this long when no new one is to be had. */
const STALE_MS = 3_600_000
/** After an attempt, an unknown `kid` or an old set starts no other one for this long. */
const REFRESH_PAUSE_MS = 30_000
/** The same while there are no keys at all. */
const RETRY_PAUSE_MS = 2000

/** What the issuer's keys report. */
export interface KeyEvents {
  /** The set was replaced by another: what was verified with the old one is to be forgotten. */
  readonly onChange: () => void
  /** The set could not be had; what is there is used until it is an hour old. */
  readonly onFault: (cause: unknown) => void
  /** The set was fetched, the same or another. */
  readonly onFetched: () => void
}

/** The keys that were found for the token before. */
interface Found {
  readonly set: KeySet
  readonly alg: string
  readonly kid: string | undefined
  readonly keys: readonly VerificationKey[]
}

/**
 * The keys of one issuer: fresh for 10 minutes, used for an hour at most, fetched once for all who wait, again for an
 * unknown `kid` at most every 30 s. No timer: a token starts a fetch.
 */
export class IssuerKeys {
  readonly #source: KeySource
  readonly #events: KeyEvents
  #set: KeySet | undefined
  #fetchedMs = -Infinity
  #triedMs = -Infinity
  #pending: Promise<void> | undefined
  #last: Found | undefined

  constructor(source: KeySource, events: KeyEvents) {
    this.#source = source
    this.#events = events
  }

  /**
   * The keys that may have signed a token; empty when there is none such.
   * @returns `undefined` when there are no keys to ask (503). Never rejects.
   */
  find(
    alg: string,
    kid: string | undefined,
    nowMs: number,
  ): MaybePromise<readonly VerificationKey[] | undefined> {
    const set = this.#current(nowMs)
    if (set === undefined) return this.#afterRefresh(alg, kid, nowMs)
    // Old but usable: this token does not wait.
    if (nowMs - this.#fetchedMs >= FRESH_MS) void this.#refresh(nowMs, REFRESH_PAUSE_MS)
    const keys = this.#candidates(set, alg, kid)
    return keys.length > 0 ? keys : this.#afterRefresh(alg, kid, nowMs)
  }

  /** Most tokens name the same key as the one before. */
  #candidates(set: KeySet, alg: string, kid: string | undefined): readonly VerificationKey[] {
    const last = this.#last
    if (last?.set === set && last.alg === alg && last.kid === kid) return last.keys
    const keys = candidates(set, alg, kid)
    this.#last = { set, alg, kid, keys }
    return keys
  }

  /** Fetches the keys ahead of the first token. Never rejects. */
  async warm(nowMs: number): Promise<void> {
    await this.#refresh(nowMs, RETRY_PAUSE_MS)
  }

  /** Whether there are keys to verify with. */
  isReady(nowMs: number): boolean {
    return this.#current(nowMs) !== undefined
  }

  #current(nowMs: number): KeySet | undefined {
    return nowMs - this.#fetchedMs < STALE_MS ? this.#set : undefined
  }

  async #afterRefresh(
    alg: string,
    kid: string | undefined,
    nowMs: number,
  ): Promise<readonly VerificationKey[] | undefined> {
    await this.#refresh(nowMs, this.isReady(nowMs) ? REFRESH_PAUSE_MS : RETRY_PAUSE_MS)
    const set = this.#current(nowMs)
    return set === undefined ? undefined : candidates(set, alg, kid)
  }

  #refresh(nowMs: number, pauseMs: number): Promise<void> {
    if (this.#pending !== undefined) return this.#pending
    if (nowMs - this.#triedMs < pauseMs) return Promise.resolve()
    this.#triedMs = nowMs
    this.#pending = this.#fetch(nowMs).finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #fetch(nowMs: number): Promise<void> {
    try {
      const set = await this.#source()
      const isOther = this.#set !== undefined && set.fingerprint !== this.#set.fingerprint
      this.#set = set
      this.#fetchedMs = nowMs
      if (isOther) this.#events.onChange()
      this.#events.onFetched()
    } catch (cause) {
      this.#events.onFault(cause)
    }
  }
}
