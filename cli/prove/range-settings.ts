import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoadedConfig } from '../../src/gateway/config/load-config.ts'
import type {
  ApiSettings,
  BlockSettings,
  IssuerSettings,
  Settings,
  UpstreamSettings,
} from '../../src/gateway/config/settings.ts'
import type { FailureLimit, Rate } from '../../src/base/units.ts'
import { Secret } from '../../src/base/secret.ts'
import { bundledPlaces } from '../../src/gateway/config/resolve/network.ts'
import { parseFieldAction } from '../../src/pipeline/field-access.ts'
import type { FieldClass } from '../../src/pipeline/field-class.ts'
import { NOTHING_WATCHED } from '../../src/pipeline/detect-policy.ts'
import { ANY_NETWORK } from '../../src/pipeline/network-policy.ts'
import type { DecisionPoint } from '../../src/pipeline/policy.ts'
import { SINK_LIMITS } from '../../src/telemetry/sink.ts'
import type { WrapRule } from '../../src/identity/wrapped/wrap-rule.ts'
import type { ProofNeeds } from '../../src/pipeline/proof.ts'
import type { RangeOrder } from './messages.ts'

/** Name of the probe API among the operator's. */
export const PROBE_API = 'sallyport-prove'
/** Public base path of the probe API. */
export const PROBE_BASE = '/.sallyport-prove'
/** A host name that is served in the range, for what loopback names are spared. */
export const PROBE_HOST = 'prove.sallyport.test'
/** Issuer and audience of the range's own tokens. */
export const PROBE_ISSUER = 'https://issuer.prove.sallyport.test'

/** A flood must be able to reach a limit: larger ones are tried at these sizes. */
const MAX_BURST = 300
const MAX_PER_SECOND = 50
const MAX_FAILURES = 50
const YEAR_MS = 365 * 86_400_000

/**
 * The operator's configuration as the range runs it: modes, rules, validation, limits and listen options as they are;
 * every upstream replaced by the sink and every issuer by the range's own, so that nothing leaves this machine; nothing
 * kept, no port but free ones on loopback; the probe API added. `authorize` is left out unless an attack brings roles: no operator's rule names the probe API.
 */
export function rangeConfig(loaded: LoadedConfig, order: RangeOrder): LoadedConfig {
  const { settings } = loaded
  const { needs, folder } = order
  const identity = settings.apis.find(({ upstream }) => upstream.identity)?.upstream.identity
  const own = order.withOwnApis ? settings.apis.map((api) => withSink(api, order.sinkOrigin)) : []
  const derived: Settings = {
    ...settings,
    apis: [...own, probeApi(order.sinkOrigin, identity)],
    profile: profileOf(settings, needs),
    listen: listenOf(settings, needs),
    auth: { ...settings.auth, issuers: [issuer(order.jwksFile)] },
    places: placesOf(needs),
    blocks: blocksOf(settings.blocks, needs, order.sinkOrigin),
    rules: rulesOf(settings, order.withOwnApis),
    logs: logsOf(folder, needs),
    admin: { socket: join(folder, 'admin.sock') },
    secretsFile: join(folder, 'secrets'),
    secretsKeys: [],
    store: { kind: 'memory' },
    counters: needs.counters === 'away' ? NO_COUNTERS : { kind: 'memory' },
  }
  return { ...loaded, settings: derived }
}

/** Rules without their `authorize`, as the block; without the operator's documents, those that can select none else. */
function rulesOf({ rules }: Settings, withOwnApis: boolean): Settings['rules'] {
  const kept = rules.filter(({ select: { api, operations, tags, paths } }) => {
    const isOthers = api !== undefined || [operations, tags, paths].some((list) => list.length > 0)
    return withOwnApis || !isOthers
  })
  return kept.map((rule) => ({ ...rule, authorize: {} }))
}

/** Without any room the first line that must not be lost fills it. */
function logsOf(folder: string, { log }: ProofNeeds): Settings['logs'] {
  const sinks = [{ kind: 'file', path: join(folder, 'decisions.log') }] as const
  const { maxBytes, reserveBytes } = SINK_LIMITS
  if (log !== 'full') return { sinks, whenFull: 'open', room: { maxBytes, reserveBytes } }
  return { sinks, whenFull: 'closed', room: { maxBytes: -1, reserveBytes: 0 } }
}

function withSink(api: ApiSettings, origin: string): ApiSettings {
  const origins = [{ origin, weight: 1 }]
  const alone = { ca: undefined, clientCertificate: undefined, health: undefined }
  return { ...api, upstream: { ...api.upstream, origin, origins, ...alone } }
}

function probeApi(origin: string, identity: UpstreamSettings['identity']): ApiSettings {
  return {
    name: PROBE_API,
    openapi: fileURLToPath(new URL('probe.openapi.yaml', import.meta.url)),
    overlays: [],
    upstream: {
      origin,
      origins: [{ origin, weight: 1 }],
      path: undefined,
      protocol: undefined,
      timeoutMs: 5000,
      connectMs: 2000,
      ca: undefined,
      clientCertificate: undefined,
      retries: false,
      breaker: undefined,
      health: undefined,
      // Told who calls as the operator's APIs are; none of them declares the path of the keys in the range.
      identity: identity && { ...identity, aud: PROBE_API, isStated: false },
    },
    basePath: PROBE_BASE,
  }
}

function profileOf({ profile }: Settings, { adopt }: ProofNeeds): Settings['profile'] {
  if (adopt !== true) return profile
  return { name: 'adopt', untilMs: Date.now() + YEAR_MS, graduated: new Set() }
}

function listenOf({ listen }: Settings, needs: ProofNeeds): Settings['listen'] {
  return {
    ...listen,
    address: '127.0.0.1',
    https: listen.https ?? 443,
    http: listen.http ?? 80,
    health: undefined,
    hosts: [...listen.hosts, PROBE_HOST],
    cors: [...listen.cors, ...(needs.cors ?? [])],
    // Attackers come as strangers: loopback may well be where the operator's own proxy stands.
    trustedProxies: needs.trustedProxies ?? [],
  }
}

function networkOf({ network }: ProofNeeds): BlockSettings['network'] {
  if (network === undefined) return undefined
  return { ...ANY_NETWORK, ...network, roles: new Map(Object.entries(network.roles ?? {})) }
}

/** Where strangers are, for attacks from countries and from far away. */
function placesOf({ network, detect }: ProofNeeds): Settings['places'] {
  const askers = [network?.countries, network?.operation?.countries, detect?.hijack?.travel]
  if (askers.every((asker) => asker === undefined)) return undefined
  return { path: bundledPlaces(), maxAgeMs: Infinity }
}

function issuer(jwksFile: string): IssuerSettings {
  return {
    issuer: PROBE_ISSUER,
    audiences: [PROBE_API],
    algs: ['ES256'],
    maxAgeMs: 15 * 60_000,
    skewMs: 10_000,
    jwks: { kind: 'file', path: jwksFile },
    typ: ['at+jwt'],
  }
}

function blocksOf(blocks: BlockSettings, needs: ProofNeeds, sinkOrigin: string): BlockSettings {
  const { ip, principal, failures, errors } = blocks.limits
  const schemes = new Map(blocks.auth.schemes)
  schemes.set('sallyportProveKey', 'apiKey')
  schemes.set('sallyportProveToken', 'jwt')
  schemes.set('sallyportProveCookie', 'upstream')
  schemes.set('sallyportProveWrapped', 'wrap')
  return {
    ...blocks,
    // The operator's rules name operations of other documents.
    auth: { ...blocks.auth, schemes, wraps: [PROBE_WRAP] },
    data: dataOf(blocks.data, needs),
    // Other attacks must not be stopped by what they look like.
    detect: needs.detect && { ...NOTHING_WATCHED, ...needs.detect },
    network: networkOf(needs),
    authorize: { ...authorizeOf(blocks, needs), decision: decisionOf(needs, sinkOrigin) },
    limits: {
      ...blocks.limits,
      ip: needs.ipLimit === 'off' ? undefined : reachable(ip),
      principal: reachable(principal),
      failures: reachableFailures(failures),
      errors: reachable(errors),
      ...needs.limits,
      ...(needs.plans !== undefined && { plans: new Map(Object.entries(needs.plans)) }),
      ...(needs.overload === true && OVERLOADED),
      ...(needs.counters === 'away' && SENSITIVE),
    },
    operationLimits: new Map([
      ...blocks.operationLimits,
      ...Object.entries(needs.operationLimits ?? {}),
    ]),
  }
}

function dataOf(
  data: BlockSettings['data'],
  { compress, classes, tokens, encodesJson }: ProofNeeds,
): BlockSettings['data'] {
  return {
    ...data,
    ...(compress === true && { compress: 'on' }),
    ...(encodesJson === true && { encode: 'html' }),
    uniform: new Map([['proveSignIn', 'failures']]),
    // The operator's rules name fields of other documents.
    tokenize: new Map(Object.entries(tokens ?? {})),
    ...(classes !== undefined && {
      classes: new Map(
        Object.entries(classes).map(([name, action]) => [
          name as FieldClass,
          { roles: new Map(), others: parseFieldAction(action, name) },
        ]),
      ),
    }),
  }
}

/** The probe API signs a token of its own at one of its log-ins. */
const PROBE_WRAP: WrapRule = {
  api: PROBE_API,
  operations: ['proveSignIn'],
  place: { in: 'field', path: ['token'] },
  subject: { from: 'token', path: ['sub'] },
  claims: [],
  lifeMs: 3_600_000,
  logout: [],
  opens: new Map(),
}

/** Nobody listens there. */
const NO_COUNTERS = {
  kind: 'redis',
  url: new Secret('redis://127.0.0.1:9/0'),
  whenAway: 'local',
} as const
const SENSITIVE = { whenStoreFails: 'strict', sensitivity: 'high' } as const

/** Any delay is later than this, however short it has been there. */
const OVERLOADED = { overload: { delayMs: -1, afterMs: 0 }, priority: 'low' } as const

/** The operator's own is not asked: nothing leaves this machine. */
function decisionOf({ decision }: ProofNeeds, sinkOrigin: string): DecisionPoint | undefined {
  if (decision === undefined) return undefined
  return {
    // Port 9 is nobody's.
    url: decision === 'sink' ? `${sinkOrigin}/decision` : 'http://127.0.0.1:9/decision',
    kind: 'authzen',
    timeoutMs: 2000,
    cacheMs: 0,
    token: undefined,
    operations: undefined,
  }
}

function authorizeOf(
  blocks: BlockSettings,
  { roles, roleTerms, acl, conditions, lookups }: ProofNeeds,
): BlockSettings['authorize'] {
  // The schemas of the operator's documents are not the probe's.
  const authorize = {
    ...blocks.authorize,
    schemas: new Map(),
    queries: new Map(),
    lookups: new Map(Object.entries(lookups ?? {})),
    isStrict: false,
  }
  // The operator's rules name operations and fields of other documents.
  const operations = new Map(Object.entries(conditions ?? {}))
  const fields = new Map()
  if (roles === undefined && acl === undefined)
    return {
      ...authorize,
      fields,
      roles: undefined,
      roleTerms: new Map(),
      acl: undefined,
      operations,
    }
  return {
    ...authorize,
    fields,
    operations,
    roles: new Map([...(authorize.roles ?? []), ...Object.entries(roles ?? {})]),
    roleTerms: new Map([...authorize.roleTerms, ...Object.entries(roleTerms ?? {})]),
    acl: new Map(Object.entries(acl ?? {})),
  }
}

function reachable(rate: Rate | undefined): Rate | undefined {
  if (rate === undefined) return undefined
  const count = Math.max(1, Math.min(rate.count, (MAX_PER_SECOND * rate.windowMs) / 1000))
  return { ...rate, count: Math.floor(count), burst: Math.min(rate.burst, MAX_BURST) }
}

function reachableFailures(limit: FailureLimit | undefined): FailureLimit | undefined {
  return limit === undefined ? undefined : { ...limit, count: Math.min(limit.count, MAX_FAILURES) }
}
