import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createAdminClient } from '../src/admin/client.ts'
import type { AdminClient } from '../src/admin/client.ts'
import { parseDuration } from '../src/base/units.ts'
import { DEFAULTS } from '../src/gateway/config/defaults.ts'
import type { KeyView } from '../src/identity/keys/view.ts'
import { isOurs, refusal } from './admin-socket.ts'
import { CommandError } from './failure.ts'
import type { DueView, ImportReport, KeyDesk, KeyFields, KeySettings, NewKey } from './key-desk.ts'
import { configFile, loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'

/** Opens the desk that the flags name. Rejects with `ConfigError`, `CommandError`. */
export async function openKeyDesk(options: ConfigOptions): Promise<KeyDesk> {
  const settings = await keySettings(options)
  const client = createAdminClient(settings.admin.socket)
  if (await isOurs(client, settings)) return new GatewayDesk(settings, client)
  if (settings.store.kind === 'memory') {
    throw new CommandError(
      'store is memory: keys live in the running gateway, and none answers',
      `start it with sallyport serve, or write store: ${DEFAULTS.store}`,
    )
  }
  // The store and all that keys in it may name are a good part of the product: loaded where they are asked.
  const { StoreDesk } = await import('./store-desk.ts')
  const desk = new StoreDesk(settings)
  try {
    await desk.open()
    return desk
  } catch (error) {
    await desk.close()
    throw error
  }
}

async function keySettings(options: ConfigOptions): Promise<KeySettings> {
  const hasFlags = options.openapi !== undefined || options.upstream !== undefined
  if (!hasFlags && configFile(options) === undefined) {
    const defaults = defaultSettings()
    // `serve --openapi F --upstream URL` was started here: its keys are where the defaults say.
    if (existsSync(defaults.admin.socket) || existsSync(join('.', 'sallyport.db'))) return defaults
  }
  const { settings, file } = await loadFromFlags(options)
  return { ...settings, file, flags: options }
}

function defaultSettings(): KeySettings {
  return {
    store: { kind: 'sqlite', path: resolve(DEFAULTS.store.slice('sqlite:'.length)) },
    secretsFile: resolve(DEFAULTS.secrets.slice('file:'.length)),
    secretsKeys: [],
    admin: { socket: resolve(DEFAULTS.adminListen.slice('unix:'.length)) },
    auth: {
      apiKey: {
        prefix: DEFAULTS.keyPrefix,
        expiresMs: parseDuration(DEFAULTS.keyExpires, ''),
        overlapMs: parseDuration(DEFAULTS.keyOverlap, ''),
      },
    },
    listen: { https: DEFAULTS.httpsPort, http: undefined, tls: { kind: 'auto' } },
    file: undefined,
    flags: undefined,
  }
}

/** Keys at the running gateway, through its admin socket; `#ask` brings what the admin API promises for a path. */
class GatewayDesk implements KeyDesk {
  readonly settings: KeySettings
  readonly #client: AdminClient

  constructor(settings: KeySettings, client: AdminClient) {
    this.settings = settings
    this.#client = client
  }

  async create(fields: KeyFields): Promise<NewKey> {
    return (await this.#ask('/keys', 'POST', fields)) as NewKey
  }

  async import(fields: KeyFields): Promise<ImportReport> {
    return (await this.#ask('/keys/import', 'POST', fields)) as ImportReport
  }

  async list(): Promise<readonly KeyView[]> {
    return (await this.#ask('/keys')) as readonly KeyView[]
  }

  async due(): Promise<readonly DueView[]> {
    return (await this.#ask('/keys/due')) as readonly DueView[]
  }

  async show(id: string): Promise<KeyView | undefined> {
    return (await this.#ask(`/keys/${encodeURIComponent(id)}`)) as KeyView | undefined
  }

  async update(id: string, fields: KeyFields): Promise<KeyView | undefined> {
    return (await this.#ask(`/keys/${encodeURIComponent(id)}`, 'PATCH', fields)) as
      | KeyView
      | undefined
  }

  async rotate(id: string, fields: KeyFields): Promise<NewKey | undefined> {
    return (await this.#ask(`/keys/${encodeURIComponent(id)}/rotate`, 'POST', fields)) as
      | NewKey
      | undefined
  }

  async revoke(id: string, fields: KeyFields): Promise<KeyView | undefined> {
    return (await this.#ask(`/keys/${encodeURIComponent(id)}/revoke`, 'POST', fields)) as
      | KeyView
      | undefined
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #ask(path: string, method = 'GET', body?: KeyFields): Promise<unknown> {
    const reply = await this.#client.request(path, method, body)
    if (reply.status === 404) return undefined
    if (reply.status >= 400) throw refusal(reply)
    return reply.body
  }
}
