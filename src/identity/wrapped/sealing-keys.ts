import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Secrets } from '../../store/secrets-file.ts'

/**
 * How long one key seals. At 2^32 messages with random nonces AES-GCM starts to wear out (NIST SP 800-38D 8.3): that
 * would be 1,600 log-ins a second for all this time.
 */
export const SEALING_PERIOD_MS: number = 30 * 86_400_000

export const SEALING_KEY_BYTES = 32
/** Versions of the secret times the periods that open: more are asked for only by forgers, and those keys do not exist. */
const MAX_KEYS = 64

/** What the key of a period is derived for. */
export function sealingPurpose(period: number): string {
  return `sallyport wrap A256GCM ${period}`
}

/** Which key sealed something. */
export interface SealingKeyName {
  /** Version of the sealing key in the secrets file. */
  readonly version: number
  /** Number of the period, counted from the epoch. */
  readonly period: number
}

/**
 * The keys that seal, derived from the sealing key in the secrets file, one for each period: every thread and node
 * with the same secrets has the same ones. What the key of the last period sealed still opens, and what a version of the
 * secret sealed opens for as long as the file keeps it.
 */
export class SealingKeys {
  readonly #secrets: Secrets
  readonly #keys = new Map<string, KeyObject>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** The key that seals at `nowMs`. */
  current(nowMs: number): SealingKeyName & { readonly key: KeyObject } {
    const name = { version: this.#secrets.currentSealingVersion, period: periodAt(nowMs) }
    const key = this.#key(name)
    if (key === undefined) throw new Error('the secrets hold no sealing key')
    return { ...name, key }
  }

  /** The key of a name; `undefined` where the secrets do not know it or its time is over (or far ahead). */
  find(name: SealingKeyName, nowMs: number): KeyObject | undefined {
    // Clocks of nodes need not agree to the second, so the period after this one opens too.
    return Math.abs(periodAt(nowMs) - name.period) > 1 ? undefined : this.#key(name)
  }

  #key({ version, period }: SealingKeyName): KeyObject | undefined {
    const name = `${version}.${period}`
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const bytes = this.#secrets.derived(version, sealingPurpose(period), SEALING_KEY_BYTES)
    if (bytes === undefined) return undefined
    const key = createSecretKey(bytes)
    if (this.#keys.size >= MAX_KEYS) this.#keys.clear()
    this.#keys.set(name, key)
    return key
  }
}

function periodAt(nowMs: number): number {
  return Math.floor(nowMs / SEALING_PERIOD_MS)
}
