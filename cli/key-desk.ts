import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createAdminClient } from '../src/admin/client.ts'
import type { AdminClient, AdminReply } from '../src/admin/client.ts'
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
import { ConfigError } from '../src/base/config-error.ts'
import { parseDuration } from '../src/base/units.ts'
import { DEFAULTS } from '../src/gateway/config/defaults.ts'
import { grantNames } from '../src/gateway/grant-names.ts'
import type { GrantNames } from '../src/gateway/grant-names.ts'
import type { Settings } from '../src/gateway/config/settings.ts'
import { openServices } from '../src/gateway/services.ts'
import type { Services, StoreSettings } from '../src/gateway/services.ts'
import type { KeyView } from '../src/identity/keys/view.ts'
import { CommandError } from './failure.ts'
import { inspect } from './inspect.ts'
import { configFile, loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'

/** A key with its text: right after it was made or rotated, and never again. */
export interface NewKey extends KeyView {
  readonly key: string
}

/** What an import made, and what stood there before; `index`: among the keys that were handed over. */
export interface ImportReport {
  readonly dryRun: boolean
  readonly made: readonly ImportedView[]
  readonly known: readonly ImportedView[]
}

/** One key of an import. */
export interface ImportedView extends KeyView {
  readonly index: number
}

/** A key that wants attention. */
export interface DueView extends KeyView {
  readonly why: string
  /** RFC 3339, UTC. */
  readonly at: string
}

/** Fields of a request as the admin API takes them. */
export type KeyFields = Readonly<Record<string, unknown>>

/**
 * Where keys are made and changed: at the running gateway, so that its log tells of it, or else in the store itself.
 * Methods that name a key answer `undefined` when there is none. They reject with `ConfigError` for what cannot be
 * asked, `StoreError` and `AdminUnreachable` for what could not be done.
 */
export interface KeyDesk {
  readonly settings: KeySettings
  create(fields: KeyFields): Promise<NewKey>
  import(fields: KeyFields): Promise<ImportReport>
  list(): Promise<readonly KeyView[]>
  due(): Promise<readonly DueView[]>
  show(id: string): Promise<KeyView | undefined>
  update(id: string, fields: KeyFields): Promise<KeyView | undefined>
  rotate(id: string, fields: KeyFields): Promise<NewKey | undefined>
  revoke(id: string, fields: KeyFields): Promise<KeyView | undefined>
  close(): Promise<void>
}

/** What the commands on keys need of the configuration. */
export type KeySettings = StoreSettings &
  Pick<Settings, 'admin'> & {
    readonly listen: Pick<Settings['listen'], 'https' | 'http' | 'tls'>
    /** Absolute; `undefined` for a gateway that was started with flags. */
    readonly file: string | undefined
    /** What is compiled to know the names of grants; `undefined` where no configuration is at hand. */
    readonly flags: ConfigOptions | undefined
  }

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

/** Whether a gateway answers that runs this very configuration; another one would make keys for another store. */
export async function isOurs(
  client: AdminClient,
  settings: Pick<KeySettings, 'file'>,
): Promise<boolean> {
  try {
    const { status, body } = await client.request('/status')
    const file = (body as { readonly configFile?: unknown }).configFile
    return status === 200 && file === (settings.file ?? null)
  } catch {
    // No gateway, or one that does not let us in: then the store itself decides who may.
    return false
  }
}

/** Keys in the store itself: a running gateway sees every change within 250 ms. */
class StoreDesk implements KeyDesk {
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
    const built = flags === undefined ? undefined : (await inspect(flags)).built
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

/** The problem of the admin API as the error that its functions throw. */
export function refusal({ status, body }: AdminReply): Error {
  const { title, errors } = body as {
    readonly title?: string
    readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
  }
  if (errors === undefined || errors.length === 0)
    return new CommandError(`the gateway answered ${status}: ${title ?? 'no reason given'}`)
  return new ConfigError(
    errors.map(({ pointer, detail }) => ({
      path: pointer.slice(1).replace(/\/(\d+)$/, '[$1]'),
      message: detail,
    })),
  )
}

/** Where the certificate authority of `tls: auto` stands; `undefined` where clients need none of ours. */
export function ownCaFile({ listen, secretsFile }: KeySettings): string | undefined {
  if (listen.https === undefined || listen.tls.kind !== 'auto') return undefined
  return join(dirname(secretsFile), '.sallyport', 'ca.pem')
}
