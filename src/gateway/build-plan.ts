import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import type { Clock } from '../base/clock.ts'
import { controls } from '../controls/index.ts'
import type { Kit } from '../controls/kit.ts'
import type { TokenService } from '../identity/tokens/service.ts'
import type { Finding } from '../openapi/model.ts'
import type { Site } from '../pipeline/site.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { basePolicy, policyFor } from './config/policy-for.ts'
import type { PolicyMoment } from './config/policy-for.ts'
import type { ApiSettings, Settings } from './config/settings.ts'
import { loadApis } from './load-apis.ts'
import type { LoadedApi } from './load-apis.ts'
import { compilePlan, isCanonicalBase, makeSite } from './plan.ts'
import type { Plan, PlanApi } from './plan.ts'
import type { Services } from './services.ts'

/** What a plan is built from besides the configuration. */
export interface BuildContext {
  readonly services: Services
  readonly tokens: TokenService
  readonly clock: Clock
  readonly moment: PolicyMoment
  /** Name of a control to leave out; only the process that proves a control sets it. */
  readonly omit?: string
}

/** A compiled plan with what the documents' compilation had to say. */
export interface BuiltPlan {
  readonly plan: Plan
  readonly findings: readonly Finding[]
  /** Absolute paths of the documents, for the watcher. */
  readonly files: readonly string[]
}

/** Reads the documents and compiles everything. Throws `ConfigError` with every fault found. */
export function buildPlan(loaded: LoadedConfig, context: BuildContext): BuiltPlan {
  const { settings } = loaded
  const apis = loadApis(settings.apis)
  const planApis = apis.map((api, index) => planApi(api, settings.apis[index] as ApiSettings))
  const sites = makeSites(settings, planApis, context.moment)
  const kit = makeKit(apis, sites, { ...context, hasIssuers: settings.auth.issuers.length > 0 })
  const plan = compilePlan({
    id: loaded.hash.slice(0, 12),
    apis: planApis,
    controls,
    basePolicy: basePolicy(settings, context.moment),
    sites,
    kit,
    ...(context.omit === undefined ? {} : { omit: context.omit }),
  })
  const findings = apis.flatMap((api) => api.findings)
  refuseErrors(findings)
  return { plan, findings, files: apis.flatMap(({ runtime }) => runtime.model.files) }
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
  const { origin, path, timeoutMs, connectMs, ca } = settings.upstream
  return {
    runtime,
    publicBase,
    upstreamBase: path ?? publicBase,
    upstream: { origin, connectMs, ca },
    firstByteMs: timeoutMs,
  }
}

function makeSites(settings: Settings, apis: readonly PlanApi[], moment: PolicyMoment): Site[] {
  const sites: Site[] = []
  for (const { runtime, publicBase, upstreamBase } of apis) {
    for (const operation of runtime.model.operations) {
      const policy = policyFor(settings, operation, moment)
      sites.push(makeSite({ operation, policy, publicBase, upstreamBase, index: sites.length }))
    }
  }
  return sites
}

function makeKit(
  apis: readonly LoadedApi[],
  sites: readonly Site[],
  context: BuildContext & { readonly hasIssuers: boolean },
): Kit {
  return {
    clock: context.clock,
    counters: context.services.counters,
    keys: context.services.keys,
    tokens: context.tokens,
    hasIssuers: context.hasIssuers,
    apis: new Map(apis.map(({ runtime }) => [runtime.model.name, runtime])),
    sites,
  }
}

/** Schemas are compiled last; what cannot be compiled would refuse every value, so it refuses the document. */
function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  throw new ConfigError(
    errors.map(({ message, source }): ConfigFault => ({
      path: source.pointer,
      file: source.file,
      message,
    })),
  )
}
