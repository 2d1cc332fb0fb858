import type { AnyControl } from '../controls/kit.ts'
import type { Kit } from '../controls/kit.ts'
import { modeOf, STAGES } from '../pipeline/control.ts'
import type { Guard } from '../pipeline/control.ts'
import type { Denial } from '../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../pipeline/exchange.ts'
import type { Mode, Policy } from '../pipeline/policy.ts'
import type { Hook, Refusal } from '../pipeline/runner.ts'
import type { Site } from '../pipeline/site.ts'

/** The hooks that run for one operation, or for requests that reach none, each list in pipeline order. */
export interface HookLists {
  readonly request: readonly Hook<undefined>[]
  readonly body: readonly Hook<Buffer>[]
  readonly response: readonly Hook<UpstreamResponse>[]
  readonly responseBody: readonly Hook<Buffer>[]
  readonly refusal: readonly Hook<Refusal>[]
  readonly wantsResponseBody: readonly ((
    exchange: Exchange,
    response: UpstreamResponse,
  ) => boolean)[]
  readonly watchesResponse: readonly NonNullable<Guard['watchesResponse']>[]
  readonly keepsUncoded: readonly NonNullable<Guard['keepsUncoded']>[]
  readonly forward: readonly ((exchange: Exchange, headers: string[]) => void)[]
  readonly answer: readonly ((exchange: Exchange, headers: string[]) => void)[]
  readonly end: readonly ((exchange: Exchange) => void)[]
  readonly dropsRequestHeader: readonly ((name: string) => boolean)[]
  readonly dropsResponseHeader: readonly ((name: string) => boolean)[]
}

/** A guard that is ready, with the control it came from and the mode it runs in. */
export interface ReadyGuard {
  readonly control: AnyControl
  readonly mode: 'enforce' | 'monitor'
  readonly guard: Guard
}

/** Makes the guards of one scope ready. Controls in mode `off` and controls with nothing to do are left out. */
export function readyGuards(
  controls: readonly AnyControl[],
  policy: Policy,
  place: { readonly site: Site | undefined; readonly kit: Kit },
): ReadyGuard[] {
  const ready: ReadyGuard[] = []
  for (const control of controls) {
    const mode = modeOf(control, policy)
    if (mode === 'off') continue
    const config = control.configure(policy)
    if (config === undefined) continue
    const guard = control.compile(config, place.site, place.kit)
    if (guard !== undefined) ready.push({ control, mode, guard })
  }
  return ready
}

/** Sorts the hooks of guards into lists. `door`: whether and how the authorize stage is closed behind its controls. */
export function hookLists(guards: readonly ReadyGuard[], door: Mode): HookLists {
  const pick = <K extends keyof Guard>(name: K): NonNullable<Guard[K]>[] =>
    guards.flatMap(({ guard }) => {
      const hook = free(guard, guard[name])
      return hook === undefined ? [] : [hook]
    })
  return {
    request: requestHooks(guards, door),
    body: hooks(guards, 503, (guard) => free(guard, guard.onRequestBody)),
    response: hooks(guards, 502, (guard) => free(guard, guard.onResponse)),
    responseBody: hooks(guards, 502, (guard) => free(guard, guard.onResponseBody)),
    refusal: hooks(guards, 500, (guard) => free(guard, guard.onRefusal)),
    wantsResponseBody: pick('wantsResponseBody'),
    watchesResponse: hooksInForce(guards),
    keepsUncoded: pick('keepsUncoded'),
    forward: pick('onForward'),
    answer: pick('onAnswer'),
    end: pick('onEnd'),
    dropsRequestHeader: pick('dropsRequestHeader'),
    dropsResponseHeader: pick('dropsResponseHeader'),
  }
}

/**
 * A hook as a function of its own. Those that a guard has itself know no `this` (see `Guard`) and are taken as they are:
 * a bound function costs at each call what many hooks cost in all. Methods of a class are bound.
 */
function free<F extends ((...args: never[]) => unknown) | undefined>(guard: Guard, hook: F): F {
  if (hook === undefined || Object.values(guard).includes(hook)) return hook
  return hook.bind(guard) as F
}

/** Who only observes must not break an answer off. */
function hooksInForce(guards: readonly ReadyGuard[]): HookLists['watchesResponse'] {
  return guards.flatMap(({ guard, mode }) =>
    guard.watchesResponse === undefined || mode !== 'enforce'
      ? []
      : [free(guard, guard.watchesResponse)],
  )
}

function hooks<A>(
  guards: readonly ReadyGuard[],
  faultStatus: 500 | 502 | 503,
  pick: (guard: Guard) => Hook<A>['run'] | undefined,
): Hook<A>[] {
  return guards.flatMap(({ control, mode, guard }) => {
    const run = pick(guard)
    if (run === undefined) return []
    const { name, onFault, reasons } = control
    return [{ control: name, mode, onFault, faultStatus, reasons, run }]
  })
}

const AUTHORIZE = STAGES.indexOf('authorize')

/** The request hooks of an operation, with the closed door behind the authorize stage. */
function requestHooks(guards: readonly ReadyGuard[], door: Mode): Hook<undefined>[] {
  const pick = (guard: Guard): Hook<undefined>['run'] | undefined => free(guard, guard.onRequest)
  if (door === 'off') return hooks(guards, 500, pick)
  const isBefore = ({ control }: ReadyGuard): boolean => STAGES.indexOf(control.stage) <= AUTHORIZE
  const before = guards.filter(isBefore)
  const after = guards.filter((guard) => !isBefore(guard))
  return [...hooks(before, 503, pick), { ...CLOSED_DOOR, mode: door }, ...hooks(after, 500, pick)]
}

const NO_POLICY: Denial = Object.freeze({
  reason: 'no_policy',
  detail: 'no rule allows this operation',
})

/** Default deny (OWASP API5): reached without a control's permission, the answer is no. */
const CLOSED_DOOR: Hook<undefined> = {
  control: 'authorize',
  mode: 'enforce',
  onFault: 'deny',
  faultStatus: 503,
  reasons: {
    no_policy: { status: 403, problem: 'not_allowed', title: 'Not allowed', event: 'authz_fail' },
  },
  run: (exchange) => (exchange.authorizedBy === undefined ? NO_POLICY : undefined),
}
