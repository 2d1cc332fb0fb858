import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import type { AnyControl } from '../controls/kit.ts'
import type { ApiRuntime, Kit } from '../controls/kit.ts'
import { modeOf } from '../pipeline/control.ts'
import type { Guard } from '../pipeline/control.ts'
import type { Mode, Policy } from '../pipeline/policy.ts'
import type { Omission } from '../pipeline/proof.ts'
import type { Site } from '../pipeline/site.ts'
import { canonicalTarget } from '../http/target.ts'
import type { UpstreamService } from './core.ts'
import { isGrpcOperation } from './grpc.ts'
import { hookLists, readyGuards } from './compile-hooks.ts'
import type { HookLists } from './compile-hooks.ts'
import { keptFields } from './kept-fields.ts'

/** One API of the plan: its document, where it is published, where it goes. */
export interface PlanApi {
  readonly runtime: ApiRuntime
  /** Path prefix the public uses, and the one the API knows; without trailing slash. */
  readonly publicBase: string
  readonly upstreamBase: string
  readonly upstream: UpstreamService
  /** `Host` of requests to the API. */
  readonly upstreamHost: string
  readonly firstByteMs: number
}

/** How one operation is served. */
export interface SitePlan {
  readonly site: Site
  readonly api: PlanApi
  readonly hooks: HookLists
  readonly bodyMode: 'buffer' | 'stream'
  /** Both ways flow at once (gRPC). */
  readonly isDuplex: boolean
  /** Answers are compressed where the client asks for it and no guard forbids it. */
  readonly compresses: boolean
  /** The API speaks HTTP/2: `te: trailers` goes on. */
  readonly forwardsTe: boolean
  /** Whether a request header goes to the API; no field of the connection does. Remembers its answers, bounded. */
  readonly keepsRequestHeader: (name: string) => boolean
  readonly keepsResponseHeader: (name: string) => boolean
}

/** A configuration, compiled: what the running gateway works by. Never changed, only replaced. */
export interface Plan {
  readonly id: string
  /** Hooks that run before an operation is known, and what goes on answers when none is. */
  readonly entry: HookLists
  readonly sites: readonly SitePlan[]
  readonly apis: ReadonlyMap<string, PlanApi>
}

export interface PlanInput {
  readonly id: string
  readonly apis: readonly PlanApi[]
  readonly controls: readonly AnyControl[]
  readonly basePolicy: Policy
  readonly sites: readonly Site[]
  readonly kit: Kit
  /** A control to leave out, for the proof that its attack works without it. */
  readonly omit?: Omission
}

/** Compiles a plan. Throws `ConfigError` with every fault a control finds. */
export function compilePlan(input: PlanInput): Plan {
  const controls = input.controls.flatMap((control) => remaining(control, input))
  const wide = controls.filter((control) => control.scope === 'gateway')
  const own = controls.filter((control) => control.scope === 'operation')
  const faults: ConfigFault[] = []
  const wideGuards =
    collectFaults(faults, () =>
      readyGuards(wide, input.basePolicy, { site: undefined, kit: input.kit }),
    ) ?? []
  const apis = new Map(input.apis.map((api) => [api.runtime.model.name, api]))
  const omitted = input.controls.find((control) => control.name === input.omit?.control)
  const sites = input.sites.flatMap((site): SitePlan[] => {
    const guards = collectFaults(faults, () =>
      readyGuards(own, site.policy, { site, kit: input.kit }),
    )
    if (guards === undefined) return []
    const door = omitted?.stage === 'authorize' ? 'off' : doorMode(site.policy)
    const all = hookLists([...wideGuards, ...guards], 'off')
    return [sitePlan({ site, apis, guards: hookLists(guards, door), all })]
  })
  if (faults.length > 0) throw new ConfigError(faults)
  // Most controls have nothing to say without an operation; what they do say stands on answers that reach none.
  const bare = readyGuards(own, input.basePolicy, { site: undefined, kit: input.kit })
  const { answer } = hookLists([...wideGuards, ...bare], 'off')
  return { id: input.id, entry: { ...hookLists(wideGuards, 'off'), answer }, sites, apis }
}

/** A control, or what takes the place of the one that is left out. */
function remaining(control: AnyControl, { omit, sites }: PlanInput): readonly AnyControl[] {
  if (control.name !== omit?.control) return [control]
  const { naive } = omit
  if (naive === undefined) return []
  const guard: Guard = {
    onRequest: (exchange) => {
      naive(exchange, sites)
      return undefined
    },
  }
  return [{ ...control, compile: () => guard }]
}

/** Goes on after a fault, so that the operator reads all of them at once. */
export function collectFaults<T>(faults: ConfigFault[], make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    faults.push(...error.faults)
    return undefined
  }
}

/** The authorize stage as a whole is governed like a control of its block. */
function doorMode(policy: Policy): Mode {
  return modeOf({ name: 'authorize', block: 'authorize', adopt: 'enforce' }, policy)
}

function sitePlan(input: {
  readonly site: Site
  readonly apis: ReadonlyMap<string, PlanApi>
  readonly guards: HookLists
  readonly all: HookLists
}): SitePlan {
  const { site, guards, all } = input
  const { adopt, data } = site.policy
  const api = input.apis.get(site.operation.api)
  if (api === undefined) throw new Error(`no API ${site.operation.api}`)
  return {
    site,
    api,
    // Gateway-wide guards already judged the head on the way here; their other hooks run with the operation's.
    hooks: { ...all, request: guards.request },
    bodyMode: guards.body.length > 0 ? 'buffer' : 'stream',
    isDuplex: guards.body.length === 0 && isGrpcOperation(site.operation),
    // While an API is being adopted, no byte changes that nobody had to change.
    compresses: data.compress === 'on' && adopt === undefined && !isGrpcOperation(site.operation),
    forwardsTe: api.upstream.origins[0]?.target.protocol === 'h2',
    keepsRequestHeader: keptFields(all.dropsRequestHeader),
    keepsResponseHeader: keptFields(all.dropsResponseHeader),
  }
}

/** The site an operation gets under a plan. The public path is in canonical form, as requests are matched. */
export function makeSite(input: {
  readonly operation: Site['operation']
  readonly policy: Policy
  readonly publicBase: string
  readonly upstreamBase: string
  readonly upstreamHost?: string
  readonly index: number
}): Site {
  const { operation, publicBase } = input
  return { ...input, label: `${operation.method} ${publicBase}${operation.template}` }
}

/** Whether a base path is one the gateway can serve: canonical, or empty. */
export function isCanonicalBase(base: string): boolean {
  if (base === '') return true
  const target = canonicalTarget(base)
  return 'path' in target && target.path === base
}
