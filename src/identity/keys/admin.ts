import { ConfigError } from '../../base/config-error.ts'
import { Secret } from '../../base/secret.ts'
import { NEVER_HAPPENED } from '../../store/key-row.ts'
import type { KeyRecords, KeyRow } from '../../store/records.ts'
import { StoreError } from '../../store/records.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import type { KeyFormat, KeyText } from './format.ts'
import { expiry, parseKeyRequest } from './key-request.ts'
import type { KeyGrant, KeyRequest } from './key-request.ts'
import { DEFAULT_LIFE_MS, DEFAULT_OVERLAP_MS, MAX_OVERLAP_MS, dueOf, keyState } from './life.ts'
import type { DueKey } from './life.ts'
import { importKeys } from './key-import.ts'
import type { ForeignKey, KeyImport } from './key-import.ts'
import { hashSecret } from './secret-hash.ts'

/** A key right after it was made: the only moment its text exists here. */
export interface IssuedKey {
  readonly row: KeyRow
  /** What the client sends. */
  readonly key: Secret
}

/** What `rotate` may be told. */
export interface RotateOptions {
  /** The old secret works this long beside the new one: 0 to 7 days. */
  readonly overlapMs?: number
  /** New end of the key; unless said, it lives as long again as it was meant to. */
  readonly expiresAtMs?: number
}

/** Which keys a bulk revocation means; all that is said must apply. */
export interface KeySelection {
  readonly owner?: string
  readonly tag?: string
  readonly createdBeforeMs?: number
}

/** What may be changed of a key that exists. Left out: stays; `null`: the restriction goes. */
export interface KeyChange {
  readonly owner?: string
  readonly name?: string
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  readonly groups?: readonly string[]
  readonly tags?: readonly string[]
  readonly operations?: readonly string[] | null
  readonly cidrs?: readonly string[] | null
  readonly origins?: readonly string[] | null
  readonly expiresAtMs?: number
}

interface KeyAdminSettings {
  readonly keys: KeyRecords
  readonly secrets: Secrets
  readonly format: KeyFormat
  readonly lifeMs: number | undefined
  readonly overlapMs: number | undefined
  /** Called with the id after every write. */
  readonly onChange: (id: string) => void
}

/**
 * Makes and changes keys. Methods that name a key answer `undefined` when there is none of that id.
 * They throw `ConfigError` for what cannot be asked and `StoreError` when the store did not do it; what is answered
 * is on disk. `nowMs` is the wall clock.
 */
export class KeyAdmin {
  readonly #settings: KeyAdminSettings
  readonly #lifeMs: number

  constructor(settings: KeyAdminSettings) {
    this.#settings = settings
    this.#lifeMs = settings.lifeMs ?? DEFAULT_LIFE_MS
  }

  /** Makes a key. */
  async create(request: KeyRequest, nowMs: number): Promise<IssuedKey> {
    const grant = parseKeyRequest(request, nowMs, this.#lifeMs)
    // 60 random bits meet once in a life of the universe or so; a second try costs nothing.
    return (await this.#insertNew(grant, nowMs)) ?? (await this.#insertNew(grant, nowMs)) ?? fail()
  }

  /** Brings keys of another system in, as `importKeys`. */
  async import(
    entries: readonly ForeignKey[],
    moment: { readonly nowMs: number; readonly isDryRun: boolean },
  ): Promise<KeyImport> {
    const { keys, secrets, onChange } = this.#settings
    const done = await importKeys({ keys, secrets, lifeMs: this.#lifeMs }, entries, moment)
    if (!moment.isDryRun) for (const { row } of done.made) onChange(row.id)
    return done
  }

  /** Gives the key a new secret; the old one works for `overlapMs` more. Revoked and expired keys stay so. */
  async rotate(id: string, options: RotateOptions, nowMs: number): Promise<IssuedKey | undefined> {
    const overlapMs = options.overlapMs ?? this.#settings.overlapMs ?? DEFAULT_OVERLAP_MS
    if (!(overlapMs >= 0 && overlapMs <= MAX_OVERLAP_MS))
      throw new ConfigError({
        path: 'overlap',
        message: 'the overlap is out of bounds',
        cure: '0 to 7d',
      })
    if (options.expiresAtMs !== undefined) expiry(options.expiresAtMs, nowMs)
    let text: KeyText | undefined
    const row = await this.#change(id, (old) => {
      refuseDead(old, nowMs)
      text = this.#settings.format.renew(old)
      const expiresAtMs = options.expiresAtMs ?? renewedExpiry(old, nowMs)
      return {
        ...this.#replaceSecret(old, text.secret, nowMs + overlapMs),
        rotatedAtMs: nowMs,
        expiresAtMs,
      }
    })
    if (row === undefined || text === undefined) return undefined
    return { row, key: new Secret(this.#settings.format.format(text)) }
  }

  /** Ends the key for good, its old secret too. The first revocation stays. */
  revoke(id: string, why: string, nowMs: number): Promise<KeyRow | undefined> {
    return this.#change(id, (row) =>
      row.revokedAtMs === undefined
        ? { ...row, revokedAtMs: nowMs, revokedWhy: why.slice(0, 200) }
        : row,
    )
  }

  /** Revokes every key that the selection means and that is not revoked. @returns their ids. Throws `ConfigError` for an empty selection. */
  async revokeAll(selection: KeySelection, why: string, nowMs: number): Promise<readonly string[]> {
    const { owner, tag, createdBeforeMs } = selection
    if (owner === undefined && tag === undefined && createdBeforeMs === undefined)
      throw new ConfigError({
        path: '',
        message: 'nothing selects the keys to revoke',
        cure: 'owner, tag or time',
      })
    const meant = (row: KeyRow): boolean =>
      row.revokedAtMs === undefined &&
      (owner === undefined || row.owner === owner) &&
      (tag === undefined || row.tags.includes(tag)) &&
      (createdBeforeMs === undefined || row.createdAtMs < createdBeforeMs)
    const ids = (await this.list()).filter(meant).map((row) => row.id)
    for (const id of ids) await this.revoke(id, why, nowMs)
    return ids
  }

  /** Changes what the key may do. The result is checked like a new key. */
  update(id: string, change: KeyChange, nowMs: number): Promise<KeyRow | undefined> {
    return this.#change(id, (row) => {
      const request = definedOnly({ ...row, expiresAtMs: undefined, ...change })
      const grant = parseKeyRequest(request, nowMs, this.#lifeMs)
      return {
        ...row,
        ...grant,
        owner: grant.owner ?? row.owner,
        expiresAtMs: change.expiresAtMs === undefined ? row.expiresAtMs : grant.expiresAtMs,
      }
    })
  }

  /** Notes that the key was seen where it must not be: in a URL, or without encryption. The first time stays. */
  async markExposed(id: string, nowMs: number): Promise<KeyRow | undefined> {
    const row = await this.#settings.keys.get(id)
    if (row === undefined || row.exposedAtMs !== undefined) return row
    return this.#change(id, (old) => ({ ...old, exposedAtMs: old.exposedAtMs ?? nowMs }))
  }

  /** Stops the key until it is released. */
  quarantine(id: string, why: string, nowMs: number): Promise<KeyRow | undefined> {
    return this.#change(id, (row) => ({
      ...row,
      quarantinedAtMs: nowMs,
      quarantinedWhy: why.slice(0, 200),
    }))
  }

  /** Ends a quarantine. */
  release(id: string): Promise<KeyRow | undefined> {
    return this.#change(id, (row) => ({
      ...row,
      quarantinedAtMs: undefined,
      quarantinedWhy: undefined,
    }))
  }

  /** Every key, oldest first. */
  async list(): Promise<readonly KeyRow[]> {
    return this.#settings.keys.list()
  }

  /** One key. */
  async show(id: string): Promise<KeyRow | undefined> {
    return this.#settings.keys.get(id)
  }

  /** What wants attention, soonest first. */
  async due(nowMs: number): Promise<readonly DueKey[]> {
    const due = (await this.list()).flatMap((row) => dueOf(row, nowMs))
    return due.sort((a, b) => a.atMs - b.atMs)
  }

  async #insertNew(grant: KeyGrant, nowMs: number): Promise<IssuedKey | undefined> {
    const { keys, format, secrets } = this.#settings
    const text = format.generate(grant.kind, grant.env)
    const { hashHex, pepperVersion } = hashSecret(text.secret, secrets)
    const row: KeyRow = {
      ...NEVER_HAPPENED,
      ...grant,
      id: text.id,
      // Keys that say nothing must not be one person to rules about owners.
      owner: grant.owner ?? text.id,
      secretHashHex: hashHex,
      pepperVersion,
      lastFour: text.secret.slice(-4),
      createdAtMs: nowMs,
    }
    try {
      await keys.insert(row)
    } catch (cause) {
      if (cause instanceof StoreError && cause.code === 'conflict') return undefined
      throw cause
    }
    this.#settings.onChange(row.id)
    return { row, key: new Secret(format.format(text)) }
  }

  #replaceSecret(row: KeyRow, secret: string, previousUntilMs: number): KeyRow {
    const { hashHex, pepperVersion } = hashSecret(secret, this.#settings.secrets)
    return {
      ...row,
      previousHashHex: row.secretHashHex,
      previousPepperVersion: row.pepperVersion,
      previousUntilMs,
      secretHashHex: hashHex,
      pepperVersion,
      lastFour: secret.slice(-4),
    }
  }

  async #change(id: string, change: (row: KeyRow) => KeyRow): Promise<KeyRow | undefined> {
    try {
      return await this.#settings.keys.update(id, change)
    } finally {
      this.#settings.onChange(id)
    }
  }
}

function fail(): never {
  throw new Error('no free key id in two draws: the random generator is broken')
}

function refuseDead(row: KeyRow, nowMs: number): void {
  const state = keyState(row, nowMs)
  if (state !== 'revoked' && state !== 'expired') return
  throw new ConfigError({
    path: 'id',
    message: `key ${row.id} is ${state}`,
    cure: 'create a new key',
  })
}

/** As long from now as the key was meant to live from its making or last rotation. */
function renewedExpiry(row: KeyRow, nowMs: number): number {
  return nowMs + row.expiresAtMs - (row.rotatedAtMs ?? row.createdAtMs)
}

/** `undefined` and `null` fields left out, so that a request's defaults apply. */
function definedOnly(fields: {
  readonly [name in keyof KeyRequest]: KeyRequest[name] | null | undefined
}): KeyRequest {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  )
}
