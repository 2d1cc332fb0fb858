import { EVERYBODY, ofConsumer, planOf } from './consumers.ts'
import { LIMITERS } from './plugin-kinds.ts'
import { fieldsOf } from './kong-file.ts'
import type { KongFile } from './kong-file.ts'
import { planTexts, ratesOf } from './limits.ts'
import { isLoopbackHost } from '../../src/gateway/config/values/network.ts'
import type { Notebook } from './notebook.ts'
import type { Binding, KongAccess, KongApi, RoutePolicy, Written } from './model.ts'

/** What else goes into the configuration. */
export interface KongConfigParts {
  readonly kong: KongFile
  readonly apis: readonly KongApi[]
  /** API -> path of its document, relative to the configuration. */
  readonly documents: ReadonlyMap<string, string>
  /** Path of the overlay of the document that a person named, likewise. */
  readonly overlay: string
  /** `2026-12-06`. */
  readonly untilDay: string
  readonly book: Notebook
}

/** `sallyport.yaml` as data. */
export function configOf(parts: KongConfigParts): Written {
  const { kong, apis, untilDay } = parts
  const policies = apis.flatMap(({ operations }) => operations.map(({ policy }) => policy))
  return {
    ...apiFields(parts),
    listen: listenOf(policies),
    profile: { name: 'adopt', until: untilDay, ...graduatedOf(apis) },
    validate: { caps: 'on' },
    ...authOf(apis, policies),
    ...limitsOf(kong, policies),
    ...(policies.some(({ blocksBots }) => blocksBots) ? { detect: { bots: 'block' } } : {}),
    ...rulesOf(apis),
  }
}

/** Where Kong looked into a request itself, nothing is only observed meanwhile. */
function graduatedOf(apis: readonly KongApi[]): Written {
  const ids = apis.flatMap(({ name, operations }) =>
    operations
      .filter(({ isChecked }) => isChecked)
      .map(({ id }) => (apis.length === 1 ? id : `${name}:${id}`)),
  )
  return ids.length === 0 ? {} : { graduated: ids }
}

function overlaysOf({ binding }: KongApi, overlay: string): Written {
  return binding === undefined || !hasActions(binding) ? {} : { overlays: [overlay] }
}

/** Whether a document needs an overlay to be as Kong had it. */
export function hasActions({ overlay: { actions } }: Binding): boolean {
  return Array.isArray(actions) && actions.length > 0
}

function apiFields({ apis, documents, kong, book, overlay }: KongConfigParts): Written {
  const written = apis.map((api): [string, Written] => [
    api.name,
    {
      openapi: documents.get(api.name),
      ...overlaysOf(api, overlay),
      upstream: upstreamOf(api, kong, book),
      basePath: api.basePath === '' ? '/' : api.basePath,
    },
  ])
  const [first] = written
  return written.length === 1 && first !== undefined
    ? first[1]
    : { apis: Object.fromEntries(written) }
}

function upstreamOf(
  { service, isStripped, pathSuffix }: KongApi,
  kong: KongFile,
  book: Notebook,
): Written {
  const { fields, line } = service
  const tell = (todo: string): void => book.add(line, `service ${service.name}`, todo)
  const url = urlOf(fields)
  if (pathSuffix !== '') url.pathname = `${url.pathname.replace(/\/$/, '')}${pathSuffix}`
  const targets = kong.upstreams.find((upstream) => upstream.fields['name'] === url.hostname)
  if (targets !== undefined)
    book.add(
      targets.line,
      `upstream ${url.hostname}`,
      'its targets are taken over; write upstream.health for its health checks',
    )
  if (fields['tls_verify'] === false)
    tell('tls_verify: false is not taken over: write upstream.ca where the authority is your own')
  if (fields['client_certificate'] !== undefined) tell('write upstream.cert and upstream.key')
  const places = targets === undefined ? [url] : urlsOf(url, fieldsOf(targets.fields)['targets'])
  const plain = places.some((place) =>
    isPlainElsewhere(new URL(String(place instanceof URL ? place.href : place['url']))),
  )
  if (plain) tell('plain http, as before (allowPlain): better https')
  const read = fields['read_timeout']
  const connect = fields['connect_timeout']
  return {
    ...(targets === undefined
      ? { url: url.href.replace(/\/$/, '') }
      : { urls: urlsOf(url, fieldsOf(targets.fields)['targets']) }),
    ...(typeof read === 'number' ? { timeout: `${read}ms` } : {}),
    ...(typeof connect === 'number' ? { connectTimeout: `${connect}ms` } : {}),
    ...(plain ? { allowPlain: true } : {}),
    ...(isStripped && url.pathname === '/' ? { stripBasePath: true } : {}),
  }
}

function isPlainElsewhere({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !isLoopbackHost(hostname)
}

function urlOf(fields: Readonly<Record<string, unknown>>): URL {
  const { url, protocol = 'http', host = 'localhost', port, path = '' } = fields
  if (typeof url === 'string') return new URL(url)
  const usual = protocol === 'https' ? 443 : 80
  return new URL(
    `${word(protocol)}://${word(host)}:${typeof port === 'number' ? port : usual}${word(path)}`,
  )
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function urlsOf(url: URL, targets: unknown): readonly Written[] {
  return (Array.isArray(targets) ? targets : []).flatMap((entry) => {
    const { target, weight } = fieldsOf(entry)
    if (typeof target !== 'string' || weight === 0) return []
    const place = target.includes(':') ? target : `${target}:8000`
    const path = url.pathname === '/' ? '' : url.pathname
    return [
      {
        url: `${url.protocol}//${place}${path}`,
        ...(typeof weight === 'number' ? { weight } : {}),
      },
    ]
  })
}

function listenOf(policies: readonly RoutePolicy[]): Written {
  const cors = [...new Set(policies.flatMap(({ origins }) => origins))]
  return {
    https: 8443,
    tls: 'auto',
    ...(cors.length === 0 ? {} : { cors }),
  }
}

function authOf(apis: readonly KongApi[], policies: readonly RoutePolicy[]): Written {
  const issuers: Record<string, Written> = Object.create(null) as Record<string, Written>
  for (const { access } of policies) {
    if (access.kind === 'tokens') issuers[access.issuer] = { audience: [...access.audiences] }
    if (access.kind === 'signed')
      for (const { iss, settings } of access.issuers) issuers[iss] = settings
  }
  const schemes = apis.find(({ binding }) => binding !== undefined)?.binding?.schemes ?? {}
  const auth = {
    ...(Object.keys(issuers).length === 0 ? {} : { jwt: { issuers } }),
    ...(Object.keys(schemes).length === 0 ? {} : { schemes }),
  }
  return Object.keys(auth).length === 0 ? {} : { auth }
}

/** Whose tokens a route takes; empty where it takes none. */
function issuersOf(access: KongAccess): readonly string[] {
  if (access.kind === 'tokens') return [access.issuer]
  return access.kind === 'signed' ? access.issuers.map(({ iss }) => iss) : []
}

function limitsOf(kong: KongFile, policies: readonly RoutePolicy[]): Written {
  const addresses = [...new Set(policies.flatMap(({ address }) => address ?? []))]
  const signers = [...new Set(policies.flatMap(({ issuer }) => issuer ?? []))]
  const shared = [
    ...addresses.map((rate, n) => [`address-${n + 1}`, `${rate} by ip`]),
    ...signers.map((rate, n) => [`issuer-${n + 1}`, `${rate} by claim.iss`]),
  ]
  const plans = kong.consumers.flatMap(({ name }): [string, readonly string[]][] => {
    const limiter = ofConsumer(kong.plugins, name).find((plugin) => LIMITERS.has(plugin.name))
    return limiter === undefined ? [] : [[planOf(name), planTexts(ratesOf(limiter))]]
  })
  const limits = {
    ...(shared.length === 0 ? {} : { policies: Object.fromEntries(shared) as Written }),
    ...(plans.length === 0 ? {} : { plans: Object.fromEntries(plans) }),
  }
  return Object.keys(limits).length === 0 ? {} : { limits }
}

/** One rule for all operations that have the same limits and networks. */
function rulesOf(apis: readonly KongApi[]): Written {
  const rules = new Map<string, { readonly ids: string[]; readonly rule: Written }>()
  const all = apis.flatMap(({ operations }) => operations)
  // Once one operation has an ACL, every other that asks for a credential says that all callers may come.
  const hasAcl = all.some(({ policy }) => isGuarded(policy))
  const issuers = new Set(all.flatMap(({ policy }) => issuersOf(policy.access)))
  for (const operation of all) {
    const { id, policy, isChecked } = operation
    const authorize = authorizeOf(policy, { hasAcl, issuers: issuers.size })
    const rule = { ...authorize, ...ruleOf(policy, isChecked) }
    const key = JSON.stringify(rule)
    if (key === '{}') continue
    const known = rules.get(key) ?? { ids: [], rule }
    known.ids.push(id)
    rules.set(key, known)
  }
  if (rules.size === 0) return {}
  return { rules: [...rules.values()].map(({ ids, rule }) => ({ operation: ids, ...rule })) }
}

function isGuarded({ groups, deniedGroups }: RoutePolicy): boolean {
  return groups.length > 0 || deniedGroups.length > 0
}

interface Everywhere {
  readonly hasAcl: boolean
  /** Issuers of all routes: `auth.jwt.issuers` holds for every operation. */
  readonly issuers: number
}

/** Who may call: members of groups, and tokens of the issuers that Kong took there. */
function authorizeOf(policy: RoutePolicy, { hasAcl, issuers }: Everywhere): Written {
  const { access, groups, deniedGroups } = policy
  if (access.kind === 'public') return {}
  const own = issuersOf(access)
  // A condition on who is calling lets in whoever meets it, as a list would.
  const isByIssuer = own.length > 0 && (own.length < issuers || (hasAcl && !isGuarded(policy)))
  const isByGroup = hasAcl && (own.length === 0 || isGuarded(policy))
  const acl = {
    groups: groups.length > 0 ? [...groups] : [EVERYBODY],
    ...(deniedGroups.length > 0 ? { deny: { groups: [...deniedGroups] } } : {}),
  }
  const authorize = {
    ...(isByGroup ? { acl } : {}),
    ...(isByIssuer ? { when: `subject.issuer in [${own.map(quoted).join(', ')}]` } : {}),
  }
  return Object.keys(authorize).length === 0 ? {} : { authorize }
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

/** `isChecked`: it enforces already, but what Kong did not know either (such as names in a query) still passes. */
function ruleOf({ principal, allow, deny, maxBody }: RoutePolicy, isChecked: boolean): Written {
  const validate = {
    ...(isChecked ? { request: 'schema' } : {}),
    ...(maxBody === undefined ? {} : { maxBody }),
  }
  const network = {
    ...(allow.length === 0 ? {} : { allow: [...allow] }),
    ...(deny.length === 0 ? {} : { deny: [...deny] }),
  }
  return {
    ...(principal === undefined ? {} : { limits: { principal } }),
    ...(Object.keys(network).length === 0 ? {} : { network }),
    ...(Object.keys(validate).length === 0 ? {} : { validate }),
  }
}
