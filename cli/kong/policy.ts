import type { Segment } from './paths.ts'
import { parseOrigin } from '../../src/http/origin.ts'
import type { KongFile, KongPlugin, KongRoute } from './kong-file.ts'
import { accessOf, aclOf } from './access.ts'
import { narrowest, ratesOf } from './limits.ts'
import { DONE, ELSEWHERE, HARMLESS, LIMITERS, UNMET } from './plugin-kinds.ts'
import { find, texts } from './plugins.ts'
import type { Tell } from './plugins.ts'
import type { Notebook } from './notebook.ts'
import type { KongAccess, RoutePolicy, SignedIssuer } from './model.ts'

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

/** Whether Kong compared a body or a part of the path with a pattern. */
export function looksInside({ bodySchema }: RoutePolicy, segments: readonly Segment[]): boolean {
  return (
    bodySchema !== undefined ||
    segments.some((segment) => 'name' in segment && segment.pattern !== undefined)
  )
}

/**
 * What the plugins of a route ask for. @returns `undefined` where one of them protects it in a way that is not known here:
 * then the route must not be opened, and the notes say why.
 */
export function policyOf(
  plugins: readonly KongPlugin[],
  { book, signed }: { readonly book: Notebook; readonly signed: readonly SignedIssuer[] },
): RoutePolicy | undefined {
  const tell: Tell = (plugin, todo) => book.add(plugin.line, `plugin ${plugin.name}`, todo)
  const access = accessOf(plugins, signed, tell)
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
    ...limitsOf(plugins, access, tell),
    ...bordersOf(plugins, tell),
    ...groupsOf(plugins, access, tell),
  }
}

function limitsOf(
  plugins: readonly KongPlugin[],
  { kind }: KongAccess,
  tell: Tell,
): Pick<RoutePolicy, 'principal' | 'issuer' | 'address' | 'maxBody'> {
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
      if (kind === 'signed')
        tell(
          plugin,
          'counts all calls with tokens of one iss together (by claim.iss), callers without one by address: narrower than before',
        )
      else if (by !== 'consumer' && by !== 'credential')
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
  // Whoever signs their own tokens may name any subject: all of them together have what the consumer had.
  return { principal, issuer: kind === 'signed' ? principal : undefined, address, maxBody }
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
  if (acl === undefined || kind === 'signed') return { groups: [], deniedGroups: [] }
  if (kind === 'tokens') tell(acl, 'groups of tokens stand in the claim groups (auth.groups)')
  const { allow, deny } = aclOf(acl)
  return { groups: allow, deniedGroups: deny }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
