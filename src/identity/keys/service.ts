import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import type { KeyRow, Records } from '../../store/records.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import type { KeyVersions } from '../../store/shared/key-versions.ts'
import { KeyAdmin } from './admin.ts'
import type { KeyFormat, KeyText } from './format.ts'
import { keyFormat } from './format.ts'
import { KeyCache } from './key-cache.ts'
import { keyState } from './life.ts'
import type { KeyState } from './life.ts'
import { matchSecret } from './secret-hash.ts'
import { UseLog } from './use-log.ts'
import type { UseContext } from './use-log.ts'
import { verifiedKey } from './verified-key.ts'
import type { VerifiedKey } from './verified-key.ts'

/** Why a key is refused; stable codes for the log. Only `key_store_unavailable` is no fault of the caller (503). */
export type KeyReason =
  | 'key_malformed'
  | 'key_unknown'
  | 'key_wrong_secret'
  | 'key_revoked'
  | 'key_quarantined'
  | 'key_expired'
  | 'key_idle'
  | 'key_store_unavailable'

/** A refused key. */
export interface KeyRefusal {
  readonly reason: KeyReason
  /** Id that the text names; for the log. */
  readonly keyId: string | undefined
}

/** What the service works with. */
export interface KeyServiceSettings {
  readonly records: Pick<Records, 'keys' | 'changeToken'>
  readonly secrets: Secrets
  /** First part of every key, `auth.apiKey.prefix`; `sp` unless said. */
  readonly prefix?: string
  /** Life of new keys, `auth.apiKey.expires`; 90 days unless said. */
  readonly lifeMs?: number
  /** Overlap of rotations, `auth.apiKey.overlap`; 24 hours unless said. */
  readonly overlapMs?: number
  /** Versions that threads share, where there are several: what they say goes before the store's change token. */
  readonly versions?: KeyVersions
  /** Told the id after every write of `admin`, before it is answered. */
  readonly onChange?: (id: string) => void
}

/** One verification on its way. */
interface Question {
  readonly text: string
  readonly key: KeyText
  readonly nowMs: number
  readonly context: UseContext | undefined
  readonly stamp: number
}

const REFUSED: Readonly<Record<Exclude<KeyState, 'active'>, KeyReason>> = {
  revoked: 'key_revoked',
  quarantined: 'key_quarantined',
  expired: 'key_expired',
  idle: 'key_idle',
}

/**
 * API keys: checks them on the request path, and (through `admin`) makes and changes them.
 * A change is in force at once in this process and after at most 250 ms in others on the same store.
 * @see CONTROLS KEY-01..07, AUN-04
 */
export class KeyService {
  readonly admin: KeyAdmin
  readonly format: KeyFormat
  readonly #records: KeyServiceSettings['records']
  readonly #secrets: Secrets
  readonly #cache: KeyCache
  readonly #uses: UseLog

  /** Throws `ConfigError` for a prefix that cannot be one. */
  constructor(settings: KeyServiceSettings) {
    this.format = keyFormat(settings.prefix ?? 'sp')
    this.#records = settings.records
    this.#secrets = settings.secrets
    this.#cache = new KeyCache(() => settings.records.changeToken(), settings.versions)
    this.#uses = new UseLog(settings.records.keys)
    this.admin = new KeyAdmin({
      keys: settings.records.keys,
      secrets: settings.secrets,
      format: this.format,
      lifeMs: settings.lifeMs,
      overlapMs: settings.overlapMs,
      onChange: (id) => {
        this.#cache.expire()
        settings.onChange?.(id)
      },
    })
  }

  /**
   * Checks what a client sent as its key. Synchronous when it is cached or the store is.
   * Networks and origins are not compared here: the caller does, with `restrictions`.
   * Shape and checksum come first, without a look at the store; then an unknown id costs what a wrong secret costs,
   * and what is wrong with a key is only told apart for who has its secret. Never throws.
   */
  verify(
    text: string,
    nowMs: number,
    context?: UseContext,
  ): MaybePromise<VerifiedKey | KeyRefusal> {
    const cached = this.#cache.get(text, nowMs)
    if (cached !== undefined) {
      if (nowMs - cached.usedAtMs >= 60_000) {
        cached.usedAtMs = nowMs
        this.#uses.note(cached.verified.principal.credentialId, nowMs, context)
      }
      return cached.verified
    }
    const key = this.format.parse(text)
    if (key === undefined) return { reason: 'key_malformed', keyId: undefined }
    const asked: Question = { text, key, nowMs, context, stamp: this.#cache.stampOf(key.id) }
    return this.#lookUp(key, (row) => this.#judge(asked, row))
  }

  /**
   * Notes that a key was sent where it must not be (a URL, plain HTTP), when `text` is a key of ours with its right
   * secret: nobody can mark other people's keys. Works on in the background; a store that is away loses the mark.
   */
  markExposed(text: string, nowMs: number): void {
    const key = this.format.parse(text)
    if (key !== undefined) void this.#markIfOurs(key, nowMs)
  }

  async #markIfOurs(key: KeyText, nowMs: number): Promise<void> {
    try {
      const row = await this.#records.keys.get(key.id)
      const isOurs = matchSecret(key.secret, row, this.#secrets) !== 'none'
      if (isOurs) await this.admin.markExposed(key.id, nowMs)
    } catch {
      // The request is refused all the same; the event in the log stays.
    }
  }

  /** Writes the uses that are not written yet; call it before the end. Never rejects. */
  flush(): Promise<void> {
    return this.#uses.flush()
  }

  #lookUp(
    key: KeyText,
    judge: (row: KeyRow | undefined) => VerifiedKey | KeyRefusal,
  ): MaybePromise<VerifiedKey | KeyRefusal> {
    const away: KeyRefusal = { reason: 'key_store_unavailable', keyId: key.id }
    try {
      const row = this.#records.keys.get(key.id)
      return isPromise(row) ? row.then(judge).catch(() => away) : judge(row)
    } catch {
      // 503, not 401: a client must not throw its key away because our store is down (CONTROLS 3.3).
      return away
    }
  }

  #judge(asked: Question, row: KeyRow | undefined): VerifiedKey | KeyRefusal {
    const { key, nowMs } = asked
    const refuse = (reason: KeyReason): KeyRefusal => ({ reason, keyId: key.id })
    const match = matchSecret(key.secret, row, this.#secrets)
    if (row === undefined) return refuse('key_unknown')
    if (match === 'none' || row.kind !== key.kind || row.env !== key.env)
      return refuse('key_wrong_secret')
    const state = keyState(row, nowMs, this.#uses.pendingMs(row.id))
    if (state !== 'active') return refuse(REFUSED[state])
    const overlapEndMs = match === 'previous' ? (row.previousUntilMs ?? 0) : Infinity
    if (nowMs >= overlapEndMs) return refuse('key_expired')
    const verified = verifiedKey(row)
    this.#uses.note(row.id, nowMs, asked.context)
    const goodUntilMs = Math.min(row.expiresAtMs, overlapEndMs)
    const entry = { id: row.id, verified, goodUntilMs, usedAtMs: nowMs }
    this.#cache.set(asked.text, entry, asked.stamp)
    return verified
  }
}
