import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import type { Clock } from '../base/clock.ts'
import { controls } from '../controls/index.ts'
import { soleNeeds } from '../controls/authenticate/sole-needs.ts'
import type { SoleNeeds } from '../controls/authenticate/sole-needs.ts'
import type { Kit, LogRoom, TokenClock } from '../controls/kit.ts'
import type { TokenService } from '../identity/tokens/service.ts'
import { WrappedTokens } from '../identity/wrapped/wrapped-tokens.ts'
import { fileOfUri } from '../openapi/load/references.ts'
import type { Finding } from '../openapi/model.ts'
import type { Omission } from '../pipeline/proof.ts'
import type { Site } from '../pipeline/site.ts'
import { openPlaces } from '../store/places/place-database.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { factsOf } from './fact-services.ts'
import { checkNames } from './config/document-names.ts'
import { basePolicy, policyFor } from './config/policy-for.ts'
import type { PolicyMoment } from './config/policy-for.ts'
import { withRuledAuthorize } from './config/rule-authorize.ts'
import type { PolicySubject } from './config/rule-match.ts'
import type { ApiSettings, Settings, UpstreamSettings } from './config/settings.ts'
import type { LoadedApi } from './load-apis.ts'
import type { UpstreamService } from './core.ts'
import { collectFaults, compilePlan, isCanonicalBase, makeSite } from './plan.ts'
import type { Plan, PlanApi } from './plan.ts'
import type { Services } from './services.ts'

/** What a plan is built from besides the configuration. */
export interface BuildContext {
  readonly services: Pick<
    Services,
    'counters' | 'keys' | 'signing' | 'sealing' | 'dataKeys' | 'load' | 'facts'
  >
  readonly tokens: TokenService
  readonly clock: Clock
  /** By what tokens are judged; `clock` unless said. */
  readonly tokenClock?: TokenClock
  readonly moment: PolicyMoment
  /** What is written to; one with room unless said. */
  readonly log?: LogRoom
  /** A control to leave out; only the process that proves a control sets it. */
  readonly omit?: Omission
}

/** A compiled plan with what the documents' compilation had to say. */
export interface BuiltPlan {
  readonly plan: Plan
  /** The documents, for a plan that differs only by the moment. */
  readonly apis: readonly LoadedApi[]
  /** What the controls were compiled with. */
  readonly kit: Kit
  /** What no request can do without. */
  readonly needs: SoleNeeds
  readonly findings: readonly Finding[]
  /** Absolute paths of the documents, for the watcher. */
  readonly files: readonly string[]
}

/**
 * Compiles everything; `apis` stand in the order of the settings. Throws `ConfigError` with every fault found. Documents
 * may be compiled again: what a policy changes is compiled beside what was there.
 */
export function compileApis(
  loaded: LoadedConfig,
  apis: readonly LoadedApi[],
  context: BuildContext,
): BuiltPlan {
  const faults: ConfigFault[] = []
  const planApis = apis.flatMap(
    (api, index) =>
      collectFaults(faults, () => planApi(api, loaded.settings.apis[index] as ApiSettings)) ?? [],
  )
  const settings =
    collectFaults(faults, () => withRuledAuthorize(loaded.settings, subjectsOf(planApis))) ??
    loaded.settings
  const sites = makeSites(settings, planApis, context.moment)
  const kit = makeKit(apis, sites, {
    ...context,
    hasIssuers: settings.auth.issuers.length > 0,
    wraps: wrapsOf(settings, apis, context),
    places: settings.places && openPlaces(settings.places.path, settings.places.maxAgeMs),
  })
  faults.push(...nameFaults(loaded, apis))
  const plan = collectFaults(faults, () =>
    compilePlan({
      id: loaded.hash.slice(0, 12),
      apis: planApis,
      controls,
      basePolicy: basePolicy(settings, context.moment),
      sites,
      kit,
      ...(context.omit === undefined ? {} : { omit: context.omit }),
    }),
  )
  const findings = apis.flatMap((api) => api.findings)
  faults.push(...findings.filter(({ severity }) => severity === 'error').map(faultOf))
  if (plan === undefined || faults.length > 0) throw new ConfigError(faults)
  const needs = soleNeeds(kit)
  return {
    plan,
    apis,
    kit,
    needs,
    findings,
    files: apis.flatMap(({ runtime }) => runtime.model.files),
  }
}

/** A rule or limit for an operation that no document has protects nothing: it stops the start. */
function nameFaults(loaded: LoadedConfig, apis: readonly LoadedApi[]): ConfigFault[] {
  const known = {
    apis: apis.map(({ runtime }) => runtime.model),
    controls: controls.map(({ name }) => name),
  }
  return checkNames(loaded.settings, known).map((fault) => loaded.placeFault(fault))
}

/** Schemas are compiled last; what cannot be compiled would refuse every value, so it refuses the document. */
function faultOf({ message, source }: Finding): ConfigFault {
  return { path: source.pointer, file: fileOfUri(source.file) ?? source.file, message }
}

function planApi({ runtime }: LoadedApi, settings: ApiSettings): PlanApi {
  const publicBase = settings.basePath ?? runtime.model.basePath
  if (!isCanonicalBase(publicBase)) {
    throw new ConfigError({
      path: `apis.${settings.name}.basePath`,
      message: `"${publicBase}" is no canonical path`,
      cure: 'set basePath to a plain path such as /v1',
    })
  }
  const { origin, path, timeoutMs } = settings.upstream
  return {
    runtime,
    publicBase,
    upstreamBase: path ?? publicBase,
    upstream: serviceOf(settings.upstream),
    upstreamHost: new URL(origin).host,
    firstByteMs: timeoutMs,
  }
}

function serviceOf(upstream: UpstreamSettings): UpstreamService {
  const { connectMs, ca, clientCertificate, protocol, retries, breaker, health } = upstream
  const origins = upstream.origins.map(({ origin, weight }) => ({
    target: { origin, connectMs, ca, clientCertificate, protocol },
    weight,
  }))
  return { origins, retries, breaker, health }
}

/** What rules select from: operations with their public paths. */
function subjectsOf(apis: readonly PlanApi[]): readonly PolicySubject[] {
  return apis.flatMap(({ runtime, publicBase }) =>
    runtime.model.operations.map((operation) => ({ ...operation, publicBase })),
  )
}

function makeSites(settings: Settings, apis: readonly PlanApi[], moment: PolicyMoment): Site[] {
  const sites: Site[] = []
  for (const { runtime, publicBase, upstreamBase, upstreamHost } of apis) {
    for (const operation of runtime.model.operations) {
      const policy = policyFor(settings, { ...operation, publicBase }, moment)
      const bases = { publicBase, upstreamBase, upstreamHost }
      sites.push(makeSite({ operation, policy, ...bases, index: sites.length }))
    }
  }
  return sites
}

function makeKit(
  apis: readonly LoadedApi[],
  sites: readonly Site[],
  context: BuildContext & Pick<Kit, 'hasIssuers' | 'wraps' | 'places'>,
): Kit {
  return {
    clock: context.clock,
    counters: context.services.counters,
    keys: context.services.keys,
    tokens: context.tokens,
    tokenClock: context.tokenClock ?? context.clock,
    signing: context.services.signing,
    dataKeys: context.services.dataKeys,
    load: context.services.load,
    log: context.log ?? { isFull: false },
    hasIssuers: context.hasIssuers,
    apis: new Map(apis.map(({ runtime }) => [runtime.model.name, runtime])),
    wraps: context.wraps,
    places: context.places,
    sites,
    ...factsOf(context.services.facts, context.clock, sites),
  }
}

/** The wrapped tokens of every API that has one of the operations that a rule names. */
function wrapsOf(
  { blocks: { auth } }: Settings,
  apis: readonly LoadedApi[],
  { services: { sealing } }: BuildContext,
): Kit['wraps'] {
  const claimPaths = { roles: auth.rolesClaim, groups: auth.groupsClaim }
  return new Map(
    apis.flatMap(({ runtime: { model } }) => {
      const ids = new Set(model.operations.map(({ id }) => id))
      const rules = auth.wraps.filter(
        ({ api, operations }) =>
          (api === undefined || api === model.name) && operations.some((id) => ids.has(id)),
      )
      if (rules.length === 0) return []
      const { name: api } = model
      return [[api, new WrappedTokens({ api, rules, keys: sealing, claimPaths })] as const]
    }),
  )
}
