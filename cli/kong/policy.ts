import { parseOrigin } from '../../src/http/origin.ts'
import { LIMITERS } from './kong-keys.ts'
import type { KongFile, KongNote, KongPlugin, KongRoute } from './kong-file.ts'
import { narrowest, ratesOf } from './limits.ts'

/** How the callers of a route prove who they are. */
export type KongAccess =
  | { readonly kind: 'public' }
  | { readonly kind: 'keys'; readonly headers: readonly string[] }
  | { readonly kind: 'tokens'; readonly issuer: string; readonly audiences: readonly string[] }

/** What the plugins of a route come to. */
export interface RoutePolicy {
  readonly access: KongAccess
  readonly groups: readonly string[]
  readonly deniedGroups: readonly string[]
  /** For each caller. */
  readonly principal: string | undefined
  /** For each address; counts all calls of the gateway. */
  readonly address: string | undefined
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly maxBody: string | undefined
  readonly origins: readonly string[]
  readonly bodySchema: unknown
  readonly blocksBots: boolean
}

/** Plugins that say who is calling, other than keys and OpenID Connect, and what to write for them. */
const UNMET: ReadonlyMap<string, string> = new Map([
  [
    'jwt',
    'auth.jwt.issuers: { "ISS": { jwks: file:…, audience: … } }, one for each key of jwt_secrets',
  ],
  ['oauth2', 'auth.jwt.issuers for the tokens of an identity provider'],
  ['oauth2-introspection', 'auth.jwt.issuers, where the tokens are signed'],
  ['basic-auth', 'a key for each user (sallyport keys create --owner NAME), or auth.jwt.issuers'],
  ['ldap-auth', 'auth.jwt.issuers of an identity provider in front of the directory'],
  ['ldap-auth-advanced', 'auth.jwt.issuers of an identity provider in front of the directory'],
  ['hmac-auth', 'a key for each client (sallyport keys create), with --cidr where it can be'],
  ['mtls-auth', 'a key for each client (sallyport keys create), with --cidr where it can be'],
  ['header-cert-auth', 'a key for each client (sallyport keys create)'],
  ['session', 'auth.jwt.issuers, or auth.wrap for a log-in of the API'],
  ['saml', 'auth.jwt.issuers of an identity provider'],
  ['vault-auth', 'a key for each client (sallyport keys create)'],
  ['jwt-signer', 'auth.jwt.issuers'],
])
/** Plugins that answer in the place of the API, or send the request elsewhere. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'request-termination',
  'aws-lambda',
  'azure-functions',
  'openwhisk',
  'mocking',
  'route-by-header',
  'canary',
  'forward-proxy',
  'degraphql',
])
/** Plugins that protect nothing, and what stands in for them. */
const HARMLESS: ReadonlyMap<string, string> = new Map([
  ['correlation-id', 'Sallyport-Request-Id is on every request and answer'],
  ['prometheus', 'listen.health serves /metrics'],
  ['file-log', 'logs.sinks: [file:PATH]'],
  ['http-log', 'logs.sinks: ship the decision log'],
  ['tcp-log', 'logs.sinks: ship the decision log'],
  ['udp-log', 'logs.sinks: ship the decision log'],
  ['syslog', 'logs.sinks: ship the decision log'],
  ['loggly', 'logs.sinks: ship the decision log'],
  ['kafka-log', 'logs.sinks: ship the decision log'],
  ['datadog', 'listen.health serves /metrics'],
  ['statsd', 'listen.health serves /metrics'],
  ['statsd-advanced', 'listen.health serves /metrics'],
  ['zipkin', 'no traces are written'],
  ['opentelemetry', 'no traces are written'],
  ['proxy-cache', 'nothing is cached here'],
  ['proxy-cache-advanced', 'nothing is cached here'],
  ['request-transformer', 'requests are not changed here: let the API take them as they come'],
  [
    'request-transformer-advanced',
    'requests are not changed here: let the API take them as they come',
  ],
  [
    'response-transformer',
    'answers are not changed, but fields that the document lacks do not go out',
  ],
  [
    'response-transformer-advanced',
    'answers are not changed, but fields that the document lacks do not go out',
  ],
  ['response-ratelimiting', 'limits.operations with cost'],
  ['upstream-timeout', 'upstream.timeout'],
  ['acme', 'listen.tls: { cert, key }'],
])
const DONE: ReadonlySet<string> = new Set([
  'key-auth',
  'openid-connect',
  'acl',
  'ip-restriction',
  'cors',
  'request-size-limiting',
  'bot-detection',
  'request-validator',
  ...LIMITERS,
])

/** Tells of something at a plugin. */
type Tell = (plugin: KongPlugin, todo: string) => void

/** Collects notes, each once. */
export class Notebook {
  readonly #notes = new Map<string, KongNote>()

  add(line: number, what: string, todo: string): void {
    this.#notes.set(`${line} ${what} ${todo}`, { line, what, todo })
  }

  /** By line. */
  get notes(): readonly KongNote[] {
    return [...this.#notes.values()].toSorted((a, b) => a.line - b.line)
  }
}

/** The plugins that count for a route: of those with one name, the one that is closest to it. */
export function pluginsOf(kong: KongFile, route: KongRoute): readonly KongPlugin[] {
  const closest = new Map<string, [rank: number, plugin: KongPlugin]>()
  for (const plugin of kong.plugins) {
    if (!plugin.isEnabled || plugin.consumer !== undefined) continue
    const rank = rankOf(plugin, route)
    const known = closest.get(plugin.name)
    if (rank > 0 && (known === undefined || rank > known[0]))
      closest.set(plugin.name, [rank, plugin])
  }
  return [...closest.values()].map(([, plugin]) => plugin)
}

function rankOf({ service, route }: KongPlugin, of: KongRoute): number {
  const isRoute = route === undefined || route === of.name || route === of.fields['id']
  const isService = service === undefined || service === of.service
  if (!isRoute || !isService) return 0
  return 1 + (service === undefined ? 0 : 1) + (route === undefined ? 0 : 2)
}

/**
 * What the plugins of a route ask for. @returns `undefined` where one of them protects it in a way that is not known here:
 * then the route must not be opened, and the notes say why.
 */
export function policyOf(plugins: readonly KongPlugin[], book: Notebook): RoutePolicy | undefined {
  const tell: Tell = (plugin, todo) => book.add(plugin.line, `plugin ${plugin.name}`, todo)
  const access = accessOf(plugins, tell)
  let isClosed = access === undefined
  for (const plugin of plugins) {
    const harmless = HARMLESS.get(plugin.name)
    if (harmless !== undefined) tell(plugin, `not taken over: ${harmless}`)
    else if (ELSEWHERE.has(plugin.name)) {
      tell(plugin, 'its routes are left out (404): their answers do not come from the API alone')
      isClosed = true
    } else if (!DONE.has(plugin.name) && !UNMET.has(plugin.name)) {
      tell(
        plugin,
        'nobody knows here what it does: its routes are left out (404) until you declare them',
      )
      isClosed = true
    }
  }
  const acl = find(plugins, 'acl')
  if (acl !== undefined && access?.kind === 'public') {
    tell(acl, 'nothing says who is calling, so nobody is in a group: its routes are left out (404)')
    isClosed = true
  }
  if (access === undefined || isClosed) return undefined
  return {
    access,
    ...limitsOf(plugins, tell),
    ...bordersOf(plugins, tell),
    ...groupsOf(plugins, access, tell),
  }
}

function find(plugins: readonly KongPlugin[], ...names: readonly string[]): KongPlugin | undefined {
  return plugins.find(({ name }) => names.includes(name))
}

function accessOf(plugins: readonly KongPlugin[], tell: Tell): KongAccess | undefined {
  const unmet = plugins.filter(({ name }) => UNMET.has(name))
  for (const plugin of unmet)
    tell(
      plugin,
      `its routes are left out (404); declare them once you wrote ${UNMET.get(plugin.name)}`,
    )
  const keyAuth = find(plugins, 'key-auth', 'key-auth-enc')
  const openId = find(plugins, 'openid-connect')
  if (unmet.length > 0) return undefined
  if (keyAuth !== undefined && openId !== undefined) {
    tell(openId, 'together with key-auth: its routes are left out (404)')
    return undefined
  }
  if (openId !== undefined) return tokensOf(openId, tell)
  return keyAuth === undefined ? { kind: 'public' } : keysOf(keyAuth, tell)
}

function keysOf(plugin: KongPlugin, tell: Tell): KongAccess {
  const { key_names: names, anonymous, key_in_header: inHeader } = plugin.config
  const headers = texts(names).map((name) => name.toLowerCase())
  if (typeof anonymous === 'string' && anonymous !== '')
    tell(plugin, 'anonymous callers came through; here every caller needs a key')
  if (inHeader === false)
    tell(plugin, 'keys stood in the query or the body; here they stand in the header')
  else if (plugin.config['key_in_query'] !== false)
    tell(plugin, 'keys in the query are never taken: callers must send the header')
  return { kind: 'keys', headers: headers.length > 0 ? headers : ['apikey'] }
}

function tokensOf(plugin: KongPlugin, tell: Tell): KongAccess | undefined {
  const { issuer, audience_required: required, audience } = plugin.config
  const audiences = [...new Set([...texts(required), ...texts(audience)])]
  const name = typeof issuer === 'string' ? issuer.replace(/\/\.well-known\/.*$/, '') : ''
  if (!/^https:\/\/\S+$/.test(name) || audiences.length === 0) {
    tell(
      plugin,
      'without issuer and audience its routes are left out (404): auth.jwt.issuers: { "https://…": { audience: … } }',
    )
    return undefined
  }
  tell(
    plugin,
    'tokens of the issuer are checked here (typ at+jwt unless auth.jwt.issuers says otherwise); log-ins and sessions of Kong are not taken over',
  )
  return { kind: 'tokens', issuer: name, audiences }
}

function limitsOf(
  plugins: readonly KongPlugin[],
  tell: Tell,
): Pick<RoutePolicy, 'principal' | 'address' | 'maxBody'> {
  let principal: string | undefined
  let address: string | undefined
  for (const plugin of plugins.filter(({ name }) => LIMITERS.has(name))) {
    const rates = ratesOf(plugin)
    const by = plugin.config['limit_by'] ?? plugin.config['identifier'] ?? 'consumer'
    if (rates.length === 0) tell(plugin, 'no limit could be read from it')
    else if (by === 'ip') {
      address = narrowest(rates)
      tell(plugin, 'counts every call of an address, to any route: narrower than before')
    } else {
      principal = narrowest(rates)
      if (by !== 'consumer' && by !== 'credential')
        tell(
          plugin,
          `limit_by ${text(by)} is counted by caller here; where that is wider, lower limits`,
        )
    }
    if (plugin.config['policy'] === 'redis' || plugin.config['policy'] === 'cluster')
      tell(plugin, 'for several nodes write counters: redis://… (docs/guide/many-nodes.md)')
  }
  const size = find(plugins, 'request-size-limiting')
  const maxBody = size === undefined ? undefined : sizeText(size.config)
  return { principal, address, maxBody }
}

function sizeText(config: KongPlugin['config']): string {
  const { allowed_payload_size: size = 128, size_unit: unit = 'megabytes' } = config
  const units: Readonly<Record<string, string>> = { megabytes: 'mb', kilobytes: 'kb', bytes: 'b' }
  return `${Number(size)}${units[text(unit)] ?? 'mb'}`
}

function bordersOf(
  plugins: readonly KongPlugin[],
  tell: Tell,
): Pick<RoutePolicy, 'allow' | 'deny' | 'origins' | 'bodySchema' | 'blocksBots'> {
  const network = find(plugins, 'ip-restriction')?.config ?? {}
  const cors = find(plugins, 'cors')
  const asked = texts(cors?.config['origins'])
  const origins = asked.filter((origin) => parseOrigin(origin) !== undefined)
  if (cors !== undefined && (asked.length === 0 || origins.length < asked.length))
    tell(cors, 'only whole origins are taken over, no * and no patterns: listen.cors')
  const bots = find(plugins, 'bot-detection')
  if (bots !== undefined)
    tell(bots, 'detect.bots: block; its own allow and deny patterns are not taken over')
  return {
    allow: texts(network['allow'] ?? network['whitelist']),
    deny: texts(network['deny'] ?? network['blacklist']),
    origins,
    bodySchema: bodySchemaOf(find(plugins, 'request-validator'), tell),
    blocksBots: bots !== undefined,
  }
}

function bodySchemaOf(plugin: KongPlugin | undefined, tell: Tell): unknown {
  if (plugin === undefined) return undefined
  const { body_schema: schema, version = 'kong', parameter_schema: parameters } = plugin.config
  if (parameters !== undefined)
    tell(plugin, 'write parameter_schema into the document, as parameters')
  if (typeof schema !== 'string') return undefined
  if (text(version).startsWith('draft')) {
    try {
      return JSON.parse(schema)
    } catch {
      // Told like a schema in another language.
    }
  }
  tell(
    plugin,
    'write body_schema into the document, as the schema of the body: until then any JSON is taken',
  )
  return undefined
}

function groupsOf(
  plugins: readonly KongPlugin[],
  { kind }: KongAccess,
  tell: Tell,
): Pick<RoutePolicy, 'groups' | 'deniedGroups'> {
  const acl = find(plugins, 'acl')
  if (acl === undefined) return { groups: [], deniedGroups: [] }
  if (kind === 'tokens') tell(acl, 'groups of tokens stand in the claim groups (auth.groups)')
  const { allow, whitelist, deny, blacklist } = acl.config
  return { groups: texts(allow ?? whitelist), deniedGroups: texts(deny ?? blacklist) }
}

/** The texts of a list; a single text is a list of one. */
export function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
