import { AUTH_REASONS } from '../../src/controls/authenticate/denials.ts'
import { judgeAlternatives } from '../../src/controls/authenticate/judge.ts'
import type { Slot } from '../../src/controls/authenticate/scheme-plan.ts'
import type { SchemeResult } from '../../src/controls/authenticate/verify.ts'
import type { Kit } from '../../src/controls/kit.ts'
import type { SitePlan } from '../../src/gateway/plan.ts'
import { modeOf } from '../../src/pipeline/control.ts'
import type { DecisionRecord, Exchange } from '../../src/pipeline/exchange.ts'
import { runHooks } from '../../src/pipeline/runner.ts'
import type { Caller } from './caller.ts'
import { alternativesOf } from './scheme-text.ts'

/** What one control says of the caller. `observes`: it would refuse, but only watches. */
export interface Step {
  readonly control: string
  readonly verdict: 'passes' | 'refuses' | 'observes'
  readonly status: number | null
  readonly reason: string | null
  readonly detail: string | null
}

/** What becomes of a caller, as far as it depends on who they are. */
export interface Judgement {
  readonly id: string
  readonly passes: boolean
  readonly steps: readonly Step[]
}

/** The controls that judge the caller alone; limits are not among them, nothing is counted. */
const JUDGES: ReadonlySet<string> = new Set([
  'key-restrictions',
  'scopes',
  'access',
  'authorize',
  'external-decision',
])

/** Runs the real guards of the authorize stage for a caller; the credential itself is taken as shown. */
export async function judgeCaller(
  caller: Caller,
  place: { readonly plan: SitePlan; readonly kit: Kit; readonly exchange: Exchange },
): Promise<Judgement> {
  const { exchange, plan } = place
  const steps = [identify(caller, place)]
  for (const hook of plan.hooks.request) {
    if (steps.at(-1)?.verdict === 'refuses') break
    if (!JUDGES.has(hook.control)) continue
    const before = exchange.observed.length
    const refusal = await runHooks([hook], exchange, undefined)
    const record = refusal === undefined ? exchange.observed[before] : exchange.decision
    steps.push(stepOf(hook.control, record, refusal !== undefined))
  }
  const passes = steps.every(({ verdict }) => verdict !== 'refuses')
  return { id: caller.principal.id, passes, steps }
}

function stepOf(control: string, record: DecisionRecord | undefined, isRefused: boolean): Step {
  if (record === undefined)
    return { control, verdict: 'passes', status: null, reason: null, detail: null }
  const { status, reason, detail } = record
  const verdict = isRefused ? 'refuses' : 'observes'
  return { control, verdict, status, reason, detail: detail ?? null }
}

/** What `authenticate` makes of the caller's one credential. */
function identify(
  caller: Caller,
  {
    plan,
    kit,
    exchange,
  }: { readonly plan: SitePlan; readonly kit: Kit; readonly exchange: Exchange },
): Step {
  const control = 'authenticate'
  const { site } = plan
  const alternatives = alternativesOf(site, kit)
  const isPublic = site.operation.security?.length === 0
  const results = new Map<string, SchemeResult>()
  for (const { plan: scheme } of alternatives.flatMap(({ schemes }) => schemes))
    results.set(
      scheme.name,
      scheme.kind === caller.principal.kind ? shownAt(scheme.slot, caller) : 'absent',
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

function shownAt(slot: Slot, { principal, key, reason }: Caller): SchemeResult {
  return reason === undefined ? { slot, principal, key } : { slot, reason }
}
