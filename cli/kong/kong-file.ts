import type { YamlSource } from '../../src/gateway/config/yaml-source.ts'
import { ConfigError } from '../../src/base/config-error.ts'
import type { ConfigPath } from '../../src/gateway/config/paths.ts'

/** Something of a Kong file that a person must look at. */
export interface KongNote {
  readonly line: number
  /** What stands there. */
  readonly what: string
  /** What became of it, and what to do. */
  readonly todo: string
}

/** An entity of a Kong file: its fields, where it stands, and the names of those that it is of. */
export interface KongEntity {
  readonly line: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** A plugin, with whom it is for; names or ids. */
export interface KongPlugin extends KongEntity {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly isEnabled: boolean
  readonly service: string | undefined
  readonly route: string | undefined
  readonly consumer: string | undefined
}

export interface KongRoute extends KongEntity {
  readonly name: string
  readonly service: string | undefined
}

export interface KongService extends KongEntity {
  readonly name: string
}

export interface KongConsumer extends KongEntity {
  /** Its user name, else its custom id, else its id. */
  readonly name: string
  /** `keyauth_credentials` of its own and those that name it. */
  readonly keys: readonly KongEntity[]
  /** `jwt_secrets`, of its own and those that name it. */
  readonly tokenKeys: readonly KongEntity[]
  /** Groups of ACLs. */
  readonly groups: readonly string[]
}

/** A declarative configuration of Kong, with everything nested brought to the top. */
export interface KongFile {
  readonly file: string
  readonly version: string
  readonly services: readonly KongService[]
  readonly routes: readonly KongRoute[]
  readonly consumers: readonly KongConsumer[]
  readonly plugins: readonly KongPlugin[]
  readonly upstreams: readonly KongEntity[]
  /** What nobody here knows or takes over. */
  readonly notes: readonly KongNote[]
}

const VERSIONS: ReadonlySet<string> = new Set(['1.1', '2.1', '3.0'])
/** Fields of a file that this module reads; what else stands there is told. */
const KNOWN_TOP: ReadonlySet<string> = new Set([
  '_format_version',
  '_transform',
  '_info',
  'services',
  'routes',
  'consumers',
  'plugins',
  'upstreams',
  'keyauth_credentials',
  'jwt_secrets',
  'acls',
])
/** Other credentials of consumers, and what they are. */
const CREDENTIALS: ReadonlyMap<string, string> = new Map([
  ['basicauth_credentials', 'user names and passwords'],
  ['basic_auth_credentials', 'user names and passwords'],
  ['hmacauth_credentials', 'HMAC secrets'],
  ['oauth2_credentials', 'OAuth clients'],
  ['mtls_auth_credentials', 'client certificates'],
])

/**
 * Reads a file of Kong or decK, `_format_version` 1.1, 2.1 or 3.0. Throws `ConfigError` for what is none; what it does
 * not know becomes a note with its line.
 */
export function readKongFile(source: YamlSource, file: string): KongFile {
  const reader = new Reader((path, isKey) => source.locate(path, isKey).line ?? 1)
  const top = fieldsOf(source.data)
  const written = top['_format_version']
  // Unquoted, it is a number.
  const version = typeof written === 'number' ? written.toFixed(1) : (textOf(written) ?? '')
  if (!VERSIONS.has(version))
    throw new ConfigError({
      path: '_format_version',
      message: `${JSON.stringify(version)} is no version that is known here`,
      cure: '1.1, 2.1 or 3.0, as Kong and decK write it',
      file,
    })
  return { file, version, ...reader.read(top) }
}

class Reader {
  readonly #lineOf: (path: ConfigPath, isKey?: boolean) => number
  readonly #notes: KongNote[] = []
  readonly #services: KongService[] = []
  readonly #routes: KongRoute[] = []
  readonly #plugins: KongPlugin[] = []

  constructor(lineOf: (path: ConfigPath, isKey?: boolean) => number) {
    this.#lineOf = lineOf
  }

  read(top: Fields): Omit<KongFile, 'file' | 'version'> {
    for (const [name, value] of Object.entries(top)) {
      if (KNOWN_TOP.has(name) || (CREDENTIALS.has(name) && isEmpty(value))) continue
      const what = CREDENTIALS.get(name)
      const todo =
        what === undefined
          ? 'not taken over; see whether it protected something'
          : `${what}: not taken over, their owners need a key (sallyport keys create) or a token`
      this.#notes.push({ line: this.#lineOf([name], true), what: name, todo })
    }
    for (const [path, fields] of this.#list(top, ['services'])) this.#service(path, fields)
    for (const [path, fields] of this.#list(top, ['routes'])) this.#route(path, fields, undefined)
    for (const [path, fields] of this.#list(top, ['plugins'])) this.#plugin(path, fields, {})
    const consumers = this.#consumers(top)
    return {
      services: this.#services,
      routes: this.#routes,
      consumers,
      plugins: this.#plugins,
      upstreams: this.#list(top, ['upstreams']).map(([path, fields]) => this.#entity(path, fields)),
      notes: this.#notes,
    }
  }

  #service(path: ConfigPath, fields: Fields): void {
    const entity = this.#entity(path, fields)
    const name = nameOf(fields, `service-${this.#services.length + 1}`)
    this.#services.push({ ...entity, name })
    for (const [at, route] of this.#list(fields, [...path, 'routes'])) this.#route(at, route, name)
    for (const [at, plugin] of this.#list(fields, [...path, 'plugins']))
      this.#plugin(at, plugin, { service: name })
  }

  #route(path: ConfigPath, fields: Fields, of: string | undefined): void {
    const name = nameOf(fields, `route-${this.#routes.length + 1}`)
    const service = of ?? refOf(fields['service'])
    this.#routes.push({ ...this.#entity(path, fields), name, service })
    for (const [at, plugin] of this.#list(fields, [...path, 'plugins']))
      this.#plugin(at, plugin, { route: name })
  }

  #plugin(path: ConfigPath, fields: Fields, of: Owner): void {
    this.#plugins.push({
      ...this.#entity(path, fields),
      name: textOf(fields['name']) ?? '',
      config: fieldsOf(fields['config']),
      isEnabled: fields['enabled'] !== false,
      service: of.service ?? refOf(fields['service']),
      route: of.route ?? refOf(fields['route']),
      consumer: of.consumer ?? refOf(fields['consumer']),
    })
    const group = refOf(fields['consumer_group'])
    if (group !== undefined)
      this.#notes.push({
        line: this.#lineOf(path),
        what: `plugin ${textOf(fields['name']) ?? ''} of consumer group ${group}`,
        todo: 'groups of consumers are not taken over; give their keys a plan (limits.plans)',
      })
  }

  #consumers(top: Fields): readonly KongConsumer[] {
    const keys = this.#list(top, ['keyauth_credentials'])
    const tokenKeys = this.#list(top, ['jwt_secrets'])
    const acls = this.#list(top, ['acls'])
    return this.#list(top, ['consumers']).map(([path, fields], index): KongConsumer => {
      const names = [fields['username'], fields['custom_id'], fields['id']].map(textOf)
      const name = names.find((text) => text !== undefined) ?? `consumer-${index + 1}`
      const isOf = ([, entry]: Placed): boolean => names.includes(refOf(entry['consumer']))
      for (const [at, plugin] of this.#list(fields, [...path, 'plugins']))
        this.#plugin(at, plugin, { consumer: name })
      this.#tellCredentials(path, fields, name)
      const own = [
        ...this.#list(fields, [...path, 'keyauth_credentials']),
        ...this.#list(fields, [...path, 'key_auth_credentials']),
      ]
      const signed = [...this.#list(fields, [...path, 'jwt_secrets']), ...tokenKeys.filter(isOf)]
      const groups = [...this.#list(fields, [...path, 'acls']), ...acls.filter(isOf)]
      return {
        ...this.#entity(path, fields),
        name,
        keys: [...own, ...keys.filter(isOf)].map(([at, entry]) => this.#entity(at, entry)),
        tokenKeys: signed.map(([at, entry]) => this.#entity(at, entry)),
        groups: groups.flatMap(([, entry]) => textOf(entry['group']) ?? []),
      }
    })
  }

  #tellCredentials(path: ConfigPath, fields: Fields, name: string): void {
    for (const [field, what] of CREDENTIALS) {
      if (isEmpty(fields[field])) continue
      this.#notes.push({
        line: this.#lineOf([...path, field], true),
        what: `${field} of consumer ${name}`,
        todo: `${what}: not taken over, they need a key (sallyport keys create) or a token`,
      })
    }
    if (isEmpty(fields['groups'])) return
    this.#notes.push({
      line: this.#lineOf([...path, 'groups'], true),
      what: `groups of consumer ${name}`,
      todo: 'groups of consumers are not taken over; give their keys a plan (limits.plans)',
    })
  }

  #entity(path: ConfigPath, fields: Fields): KongEntity {
    return { line: this.#lineOf(path), fields }
  }

  /** The entries of a list, each with its place; what is no list or no object is told. */
  #list(of: Fields, path: ConfigPath): readonly Placed[] {
    const list = of[String(path.at(-1))]
    if (list === undefined || list === null) return []
    if (!Array.isArray(list)) {
      this.#notes.push({ line: this.#lineOf(path), what: String(path.at(-1)), todo: 'is no list' })
      return []
    }
    return list.map((entry, index): Placed => [[...path, index], fieldsOf(entry)])
  }
}

interface Owner {
  readonly service?: string
  readonly route?: string
  readonly consumer?: string
}
type Fields = Readonly<Record<string, unknown>>
type Placed = readonly [path: ConfigPath, fields: Fields]

const NOTHING: Fields = Object.freeze({})

/** The fields of an object; of anything else, none. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : NOTHING
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function nameOf(fields: Fields, otherwise: string): string {
  return textOf(fields['name']) ?? textOf(fields['id']) ?? otherwise
}

/** A reference to another entity: its name, or `{ name }` or `{ id }`. */
function refOf(value: unknown): string | undefined {
  const { name, id, username } = fieldsOf(value)
  return textOf(value) ?? textOf(name) ?? textOf(id) ?? textOf(username)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
