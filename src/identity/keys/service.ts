import type { MaybePromise } from '../../base/maybe-promise.ts'
import { andThen, isPromise } from '../../base/maybe-promise.ts'
import type { KeyRow, Records } from '../../store/records.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import type { KeyVersions } from '../../store/shared/key-versions.ts'
import { KeyAdmin } from './admin.ts'
import type { KeyFormat, KeyText } from './format.ts'
import { keyFormat } from './format.ts'
import { foreignDigest, foreignIds, foreignSecret, foreignWeakness } from './foreign-key.ts'
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
  readonly secret: string
  /** What the text says of itself; `undefined` for a key of another system, which says nothing. */
  readonly native: KeyText | undefined
  readonly nowMs: number
  readonly context: UseContext | undefined
}

/** Keys of other systems whose exposure is looked up in a second, at most: floods must not buy hashes. */
const MAX_EXPOSED_LOOKS = 100

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
  #looksAt = { second: Number.NaN, count: 0 }

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
   * and what is wrong with a key is only told apart for who has its secret. What is no key of ours may be one that was
   * imported: it is looked for by an HMAC of all of it, and only where it is hard to guess. Never throws.
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
    const native = this.format.parse(text)
    if (native !== undefined) {
      const { id, secret } = native
      return this.#lookUp({ text, secret, native, nowMs, context }, id)
    }
    if (foreignWeakness(text, this.format.prefix) !== undefined)
      return { reason: 'key_malformed', keyId: undefined }
    const secret = foreignSecret(foreignDigest(text))
    const asked: Question = { text, secret, native, nowMs, context }
    return this.#lookUpForeign(asked, foreignIds(secret, this.#secrets))
  }

  /** Whether the text was found good lately, and still is. */
  isKnown(text: string, nowMs: number): boolean {
    return this.#cache.get(text, nowMs) !== undefined
  }

  /**
   * Notes that a key was sent where it must not be (a URL, plain HTTP), when `text` is a key of ours with its right
   * secret: nobody can mark other people's keys. Works on in the background; a store that is away loses the mark.
   */
  markExposed(text: string, nowMs: number): void {
    const native = this.format.parse(text)
    if (native !== undefined) return void this.#markIfOurs([native.id], native.secret, nowMs)
    if (foreignWeakness(text, this.format.prefix) !== undefined || !this.#mayLook(nowMs)) return
    const secret = foreignSecret(foreignDigest(text))
    void this.#markIfOurs(foreignIds(secret, this.#secrets), secret, nowMs)
  }

  #mayLook(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#looksAt.second) this.#looksAt = { second, count: 0 }
    return ++this.#looksAt.count <= MAX_EXPOSED_LOOKS
  }

  async #markIfOurs(ids: readonly string[], secret: string, nowMs: number): Promise<void> {
    try {
      for (const id of ids) {
        const row = await this.#records.keys.get(id)
        if (matchSecret(secret, row, this.#secrets) !== 'none')
          await this.admin.markExposed(id, nowMs)
      }
    } catch {
      // The request is refused all the same; the event in the log stays.
    }
  }

  /** Writes the uses that are not written yet; call it before the end. Never rejects. */
  flush(): Promise<void> {
    return this.#uses.flush()
  }

  #lookUp(asked: Question, id: string): MaybePromise<VerifiedKey | KeyRefusal> {
    const away: KeyRefusal = { reason: 'key_store_unavailable', keyId: id }
    const stamp = this.#cache.stampOf(id)
    const judge = (row: KeyRow | undefined): VerifiedKey | KeyRefusal =>
      this.#judge(asked, row, { id, stamp })
    try {
      const row = this.#records.keys.get(id)
      return isPromise(row) ? row.then(judge).catch(() => away) : judge(row)
    } catch {
      // 503, not 401: a client must not throw its key away because our store is down (CONTROLS 3.3).
      return away
    }
  }

  /** One id for each version of the pepper, nearly always one; only where there is no such row, the next is asked. */
  #lookUpForeign(
    asked: Question,
    [id, ...others]: readonly string[],
  ): MaybePromise<VerifiedKey | KeyRefusal> {
    if (id === undefined) return { reason: 'key_unknown', keyId: undefined }
    return andThen(this.#lookUp(asked, id), (found) =>
      'reason' in found && found.reason === 'key_unknown' && others.length > 0
        ? this.#lookUpForeign(asked, others)
        : found,
    )
  }

  #judge(
    { text, secret, native, nowMs, context }: Question,
    row: KeyRow | undefined,
    { id, stamp }: { readonly id: string; readonly stamp: number },
  ): VerifiedKey | KeyRefusal {
    const refuse = (reason: KeyReason): KeyRefusal => ({ reason, keyId: id })
    const match = matchSecret(secret, row, this.#secrets)
    if (row === undefined) return refuse('key_unknown')
    if (match === 'none' || (native !== undefined && !isOfKind(row, native)))
      return refuse('key_wrong_secret')
    const state = keyState(row, nowMs, this.#uses.pendingMs(row.id))
    if (state !== 'active') return refuse(REFUSED[state])
    const overlapEndMs = match === 'previous' ? (row.previousUntilMs ?? 0) : Infinity
    if (nowMs >= overlapEndMs) return refuse('key_expired')
    const verified = verifiedKey(row)
    this.#uses.note(row.id, nowMs, context)
    const goodUntilMs = Math.min(row.expiresAtMs, overlapEndMs)
    this.#cache.set(text, { id: row.id, verified, goodUntilMs, usedAtMs: nowMs }, stamp)
    return verified
  }
}

function isOfKind(row: KeyRow, { kind, env }: KeyText): boolean {
  return row.kind === kind && row.env === env
}
