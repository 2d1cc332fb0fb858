import type { AdminAnswer } from '../src/admin/answer.ts'
import {
  createKey,
  dueKeys,
  importKeys,
  listKeys,
  revokeKey,
  rotateKey,
  showKey,
  updateKey,
} from '../src/admin/keys-api.ts'
import type { KeyCall } from '../src/admin/keys-api.ts'
import { systemClock } from '../src/base/clock.ts'
import { grantNames } from '../src/gateway/grant-names.ts'
import type { GrantNames } from '../src/gateway/grant-names.ts'
import { openServices } from '../src/gateway/services.ts'
import type { Services } from '../src/gateway/services.ts'
import type { KeyView } from '../src/identity/keys/view.ts'
import type { DueView, ImportReport, KeyDesk, KeyFields, KeySettings, NewKey } from './key-desk.ts'

/** Keys in the store itself: a running gateway sees every change within 250 ms. */
export class StoreDesk implements KeyDesk {
  readonly settings: KeySettings
  readonly #services: Services

  constructor(settings: KeySettings) {
    this.settings = settings
    this.#services = openServices(settings, systemClock)
  }

  /** Rejects with `ConfigError`. */
  async open(): Promise<void> {
    await this.#services.open()
  }

  async create(fields: KeyFields): Promise<NewKey> {
    return bodyOf(await createKey(this.#call(fields))) as NewKey
  }

  async import(fields: KeyFields): Promise<ImportReport> {
    return bodyOf(await importKeys(this.#call(fields))) as ImportReport
  }

  async list(): Promise<readonly KeyView[]> {
    return bodyOf(await listKeys(this.#call({}))) as readonly KeyView[]
  }

  async due(): Promise<readonly DueView[]> {
    return bodyOf(await dueKeys(this.#call({}))) as readonly DueView[]
  }

  async show(id: string): Promise<KeyView | undefined> {
    return bodyOf(await showKey(this.#call({}), id)) as KeyView | undefined
  }

  async update(id: string, fields: KeyFields): Promise<KeyView | undefined> {
    return bodyOf(await updateKey(this.#call(fields), id)) as KeyView | undefined
  }

  async rotate(id: string, fields: KeyFields): Promise<NewKey | undefined> {
    return bodyOf(await rotateKey(this.#call(fields), id)) as NewKey | undefined
  }

  async revoke(id: string, fields: KeyFields): Promise<KeyView | undefined> {
    return bodyOf(await revokeKey(this.#call(fields), id)) as KeyView | undefined
  }

  close(): Promise<void> {
    return this.#services.close()
  }

  /** A configuration with faults knows nothing for certain. */
  async #grantNames(): Promise<GrantNames | undefined> {
    const { flags } = this.settings
    if (flags === undefined) return undefined
    const { inspect } = await import('./inspect.ts')
    const { built } = await inspect(flags)
    return built === undefined ? undefined : grantNames(built.plan)
  }

  #call(body: KeyFields): KeyCall {
    const { keys } = this.#services
    return {
      // No gateway runs, so there is no log to tell; the row says when and by whom.
      target: {
        keys: keys.admin,
        grantNames: () => this.#grantNames(),
        keyPrefix: keys.format.prefix,
        emit: () => undefined,
      },
      body,
      nowMs: systemClock.nowMs(),
    }
  }
}

/** The admin API wrote it, so callers may take it for what its functions promise; `undefined` where there is no key. */
function bodyOf(answer: AdminAnswer | undefined): unknown {
  return answer === undefined ? undefined : JSON.parse(answer.body)
}
