import type { Secrets } from '../../store/secrets-file.ts'
import { SIGNING_SEED_BYTES, signingKeyOf } from './derive-key.ts'
import type { SigningKey } from './derive-key.ts'

/** Where the public keys stand, at the root of a host (RFC 8615). */
export const KEY_SET_PATH = '/.well-known/jwks.json'
/** RFC 7517 section 8.5.1. */
export const KEY_SET_MEDIA_TYPE = 'application/jwk-set+json'

/** How long one key signs. What it signed lives for a minute, and it stays published for as long again. */
export const KEY_PERIOD_MS: number = 30 * 86_400_000

/** What the key of a period is derived for. */
export function signingPurpose(period: number): string {
  return `sallyport identity ES256 ${period}`
}

/**
 * The gateway's own signing keys. They are derived from the sealing key in the secrets file, one for each period, so
 * every process, thread and node that reads the same secrets signs with the same key and needs no agreement on when
 * to change it. Published are the key before, the one that signs, and the one after: a verifier knows each key a
 * period before its first signature, and clocks need not agree to the second.
 */
export class SigningKeys {
  readonly #secrets: Secrets
  #period = Number.NaN
  #current: SigningKey | undefined
  #keySetText = ''

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** The key that signs at `nowMs`. */
  current(nowMs: number): SigningKey {
    const period = Math.floor(nowMs / KEY_PERIOD_MS)
    if (this.#current === undefined || period !== this.#period) return this.#turn(period)
    return this.#current
  }

  /** The public keys as JSON (RFC 7517 section 5), for whoever checks what was signed. */
  keySetText(nowMs: number): string {
    this.current(nowMs)
    return this.#keySetText
  }

  #turn(period: number): SigningKey {
    const version = this.#secrets.currentSealingVersion
    const current = this.#key(version, period)
    if (current === undefined) throw new Error('the secrets hold no sealing key')
    const others = [
      this.#key(version, period - 1),
      this.#key(version, period + 1),
      // After the sealing key was replaced, what the old one signed is good until it expires.
      this.#key(version - 1, period),
      this.#key(version - 1, period - 1),
    ]
    const keys = [current, ...others.filter((key) => key !== undefined)]
    this.#keySetText = JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) })
    this.#current = current
    this.#period = period
    return current
  }

  #key(version: number, period: number): SigningKey | undefined {
    const seed = this.#secrets.derived(version, signingPurpose(period), SIGNING_SEED_BYTES)
    return seed === undefined ? undefined : signingKeyOf(seed)
  }
}
