import { isListed, operationAccess } from '../../src/controls/access/operation-access.ts'
import { isGranted } from '../../src/controls/access/role-table.ts'
import { AUTH_REASONS } from '../../src/controls/authenticate/denials.ts'
import { judgeAlternatives } from '../../src/controls/authenticate/judge.ts'
import type { SchemePlan, Slot } from '../../src/controls/authenticate/scheme-plan.ts'
import type { SchemeResult } from '../../src/controls/authenticate/verify.ts'
import type { Kit } from '../../src/controls/kit.ts'
import { authorizePath, settingPath } from '../../src/controls/setting-path.ts'
import type { SitePlan } from '../../src/gateway/plan.ts'
import { modeOf } from '../../src/pipeline/control.ts'
import type { DecisionRecord, Exchange } from '../../src/pipeline/exchange.ts'
import { runHooks } from '../../src/pipeline/runner.ts'
import type { Caller } from './caller.ts'
import type { ConfigPlaces } from './config-places.ts'
import { settingPaths } from './config-places.ts'
import { alternativesOf } from './scheme-text.ts'
import { shownFields } from './written-rules.ts'
import type { ShownField } from './written-rules.ts'

/** What one control says of the caller. `observes`: it would refuse, but only watches. */
export interface Step {
  readonly control: string
  readonly verdict: 'passes' | 'refuses' | 'observes'
  readonly status: number | null
  readonly reason: string | null
  readonly detail: string | null
  /** Where the configuration says so; `null` where it says nothing. */
  readonly place: Placed | null
}

type Placed = NonNullable<ReturnType<ConfigPlaces['written']>>

/** What becomes of a caller, as far as it depends on who they are. */
export interface Judgement {
  readonly id: string
  readonly passes: boolean
  readonly steps: readonly Step[]
  /** What they see and set of fields about which anything is said; none where they do not get so far. */
  readonly fields: readonly ShownField[]
}

/** The controls that judge the caller and the request line; limits are not among them, nothing is counted. */
const JUDGES: ReadonlySet<string> = new Set([
  'key-restrictions',
  'scopes',
  'access',
  'authorize',
  'parameters',
  'conditions',
])

/** What a caller is judged by. */
export interface JudgePlace {
  readonly plan: SitePlan
  readonly kit: Kit
  readonly exchange: Exchange
  readonly places: ConfigPlaces
}

/** Runs the real guards of the authorize stages for a caller; the credential itself is taken as shown. */
export async function judgeCaller(caller: Caller, place: JudgePlace): Promise<Judgement> {
  const { exchange, plan, places } = place
  const steps = [identify(caller, place)]
  for (const hook of plan.hooks.request) {
    if (steps.at(-1)?.verdict === 'refuses') break
    if (!JUDGES.has(hook.control)) continue
    const before = exchange.observed.length
    const refusal = await runHooks([hook], exchange, undefined)
    const record = refusal === undefined ? exchange.observed[before] : exchange.decision
    const step = stepOf(hook.control, record, refusal !== undefined)
    const isGranted = hook.control === 'access' && record === undefined
    const by = isGranted ? grantedBy(plan.site, place) : undefined
    const paths = by?.paths ?? pathsOf(hook.control, step.reason, plan.site)
    steps.push({ ...step, detail: by?.name ?? step.detail, place: places.written(paths) ?? null })
  }
  const passes = steps.every(({ verdict }) => verdict !== 'refuses')
  const fields = passes ? shownFields(plan.site, place.kit, exchange) : []
  return { id: caller.principal.id, passes, steps, fields }
}

/** Where what a control says of a caller is written. */
function pathsOf(
  control: string,
  reason: string | null,
  { operation, policy }: SitePlan['site'],
): readonly string[] {
  if (reason === 'condition' || reason === 'hidden')
    return [authorizePath(policy, 'operations', operation.id)]
  if (reason === 'kept_out') return [authorizePath(policy, 'acl', operation.id)]
  return settingPaths(control, operation.id, [])
}

/** The rule that lets the caller in, where one does. */
function grantedBy(
  site: SitePlan['site'],
  { exchange, kit }: JudgePlace,
): { readonly name: string; readonly paths: readonly string[] } | undefined {
  const { kind, table, permitted, allowed } = operationAccess(site, kit)
  const { id } = site.operation
  if (kind === 'condition')
    return { name: 'by condition', paths: [authorizePath(site.policy, 'operations', id)] }
  if (kind !== 'ruled') return undefined
  const { principal } = exchange
  const role = principal.roles.find((one) => {
    exchange.principal = { ...principal, roles: [one] }
    return isGranted(permitted, table, exchange)
  })
  exchange.principal = principal
  if (role !== undefined)
    return { name: `by role ${role}`, paths: [settingPath('authorize.roles', role)] }
  const isOnList = allowed !== undefined && isListed(allowed, table, exchange)
  return isOnList
    ? { name: 'by access list', paths: [authorizePath(site.policy, 'acl', id)] }
    : undefined
}

function stepOf(control: string, record: DecisionRecord | undefined, isRefused: boolean): Step {
  if (record === undefined)
    return { control, verdict: 'passes', status: null, reason: null, detail: null, place: null }
  const { status, reason, detail } = record
  const verdict = isRefused ? 'refuses' : 'observes'
  return { control, verdict, status, reason, detail: detail ?? null, place: null }
}

/** What `authenticate` makes of the caller's one credential. */
function identify(caller: Caller, { plan, kit, exchange }: JudgePlace): Step {
  const control = 'authenticate'
  const { site } = plan
  const alternatives = alternativesOf(site, kit)
  const isPublic = site.operation.security?.length === 0
  const results = new Map<string, SchemeResult>()
  for (const { plan: scheme } of alternatives.flatMap(({ schemes }) => schemes))
    results.set(
      scheme.name,
      isTheirs(scheme.kind, caller) ? shownAt(scheme.slot, caller) : 'absent',
    )
  const nothing = { scheme: '', token: '', values: new Map() }
  const verdict = isPublic ? undefined : judgeAlternatives(alternatives, results, nothing)
  if (verdict !== undefined && 'reason' in verdict) {
    const mode = modeOf({ name: control, block: 'auth', adopt: 'enforce' }, site.policy)
    const { reason, detail } = verdict
    const status = AUTH_REASONS[reason]?.status ?? 401
    return stepOf(
      control,
      { control, reason, status, detail, errors: undefined },
      mode === 'enforce',
    )
  }
  if (verdict !== undefined) {
    exchange.met = verdict.met
    exchange.principal = verdict.principal
    exchange.keys = verdict.keys
  }
  return stepOf(control, undefined, false)
}

function isTheirs(kind: SchemePlan['kind'], { principal, isAnyKind }: Caller): boolean {
  return isAnyKind === true ? kind !== 'upstream' : kind === principal.kind
}

function shownAt(slot: Slot, { principal, key, reason }: Caller): SchemeResult {
  return reason === undefined ? { slot, principal, key } : { slot, reason }
}
