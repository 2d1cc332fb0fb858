import type { Secrets } from '../../store/secrets-file.ts'
import { TenantKeys, tokenVersion } from './tenant-keys.ts'

/** Tenants whose keys are held; a derivation takes microseconds. */
const MAX_TENANTS = 1000

/** The keys for values of fields, derived from the sealing keys of the secrets file when they are first used. */
export class DataKeys {
  readonly #secrets: Secrets
  readonly #known = new Map<string, TenantKeys>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** What new values are made with. Throws where the secrets hold no sealing key. */
  current(tenant: string): TenantKeys {
    const keys = this.#find(tenant, this.#secrets.currentSealingVersion)
    if (keys === undefined) throw new Error('the secrets hold no sealing key')
    return keys
  }

  /** The text behind a token that any version of the sealing key made for this tenant; `undefined` for all else. */
  open(tenant: string, token: string): string | undefined {
    const version = tokenVersion(token)
    return version === undefined ? undefined : this.#find(tenant, version)?.open(token)
  }

  #find(tenant: string, version: number): TenantKeys | undefined {
    const name = `${version} ${tenant}`
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const secret = this.#secrets.sealingKey(version)
    if (secret === undefined) return undefined
    const keys = new TenantKeys(secret.reveal(), version, tenant)
    if (this.#known.size >= MAX_TENANTS) this.#known.clear()
    this.#known.set(name, keys)
    return keys
  }
}
