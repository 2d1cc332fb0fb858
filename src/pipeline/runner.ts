import { UnavailableError } from '../base/unavailable.ts'
import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Denial, ReasonSpec } from './denial.ts'
import type { DecisionRecord, Exchange } from './exchange.ts'

/** A guard's hook with everything the runner needs to judge by it; made at load. */
export interface Hook<Argument> {
  readonly control: string
  readonly mode: 'enforce' | 'monitor'
  readonly onFault: 'deny' | 'pass'
  /** What a fault of this hook answers. */
  readonly faultStatus: 500 | 502 | 503
  readonly reasons: Readonly<Record<string, ReasonSpec>>
  run(exchange: Exchange, argument: Argument): MaybePromise<Denial | undefined>
}

/** A denial together with what it means outside. */
export interface Refusal {
  readonly control: string
  readonly denial: Denial
  readonly spec: ReasonSpec
}

const FAULTS: Readonly<Record<500 | 502 | 503, ReasonSpec>> = {
  500: {
    status: 500,
    problem: 'internal_error',
    title: 'Internal error',
    event: 'sp_control_fault',
    level: 'critical',
  },
  502: {
    status: 502,
    problem: 'bad_gateway',
    title: 'Bad gateway',
    event: 'sp_control_fault',
    level: 'critical',
  },
  503: {
    status: 503,
    problem: 'unavailable',
    title: 'Service unavailable',
    event: 'sp_control_fault',
    level: 'critical',
  },
}

/**
 * Runs hooks in order until one refuses. Synchronous until a hook returns a promise.
 * A hook that throws does what its control's `onFault` says. In `monitor` a refusal is noted and the run goes on,
 * a fault included: a control on trial breaks nobody.
 * Never throws, never rejects. Never settles once the exchange was abandoned while a hook was waited for.
 */
export function runHooks<A>(
  hooks: readonly Hook<A>[],
  exchange: Exchange,
  argument: A,
): MaybePromise<Refusal | undefined> {
  for (let index = 0; index < hooks.length; index += 1) {
    const hook = hooks[index] as Hook<A>
    let verdict: MaybePromise<Denial | undefined>
    try {
      verdict = hook.run(exchange, argument)
    } catch (error) {
      verdict = faulted(hook, exchange, error)
    }
    if (verdict === undefined) continue
    if (isPromise(verdict)) return later({ hooks: hooks.slice(index), exchange, argument }, verdict)
    const refusal = settle(hook, exchange, verdict)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** What is left to run; the first hook is waiting. */
interface Rest<A> {
  readonly hooks: readonly Hook<A>[]
  readonly exchange: Exchange
  readonly argument: A
}

async function later<A>(
  { hooks, exchange, argument }: Rest<A>,
  pending: Promise<Denial | undefined>,
): Promise<Refusal | undefined> {
  const hook = hooks[0] as Hook<A>
  let denial: Denial | undefined
  try {
    denial = await pending
  } catch (error) {
    denial = faulted(hook, exchange, error)
  }
  // Nothing waits on this promise any more, so that all that would have followed is forgotten with it.
  if (exchange.isAbandoned) return new Promise(() => {})
  const refusal = denial === undefined ? undefined : settle(hook, exchange, denial)
  return refusal ?? runHooks(hooks.slice(1), exchange, argument)
}

const FAULT = 'fault'
const AWAY = 'unavailable'

/** Whoever found the dependency away has told: this counts only. */
const AWAY_SPEC: ReasonSpec = { status: 503, problem: 'unavailable', title: 'Service unavailable' }

/** What a decision needs is down, as a rule for moments (CONTROLS 2.0: 503 says when to come again). */
const RETRY_SOON: readonly string[] = ['Retry-After', '1']

function faulted<A>(hook: Hook<A>, exchange: Exchange, error: unknown): Denial | undefined {
  if (error instanceof UnavailableError) {
    if (hook.onFault === 'pass') return undefined
    return { reason: AWAY, detail: error.message, headers: RETRY_SOON }
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  exchange.events.push({
    name: 'sp_control_fault',
    level: 'critical',
    control: hook.control,
    reason: FAULT,
    detail,
  })
  if (hook.onFault === 'pass') return undefined
  const denial = { reason: FAULT, detail }
  return hook.faultStatus === 503 ? { ...denial, headers: RETRY_SOON } : denial
}

function settle<A>(hook: Hook<A>, exchange: Exchange, denial: Denial): Refusal | undefined {
  const fallback = denial.reason === AWAY ? AWAY_SPEC : FAULTS[hook.faultStatus]
  const spec = hook.reasons[denial.reason] ?? fallback
  // An answer that the gateway gives itself (a preflight, a redirect) is no refusal: no mode holds it back.
  const isNoted = hook.mode === 'monitor' && spec.status >= 400
  const record: DecisionRecord = {
    control: hook.control,
    reason: denial.reason,
    status: denial.status ?? spec.status,
    detail: denial.detail,
    errors: denial.errors,
    ...(denial.evidence === undefined ? {} : { evidence: denial.evidence }),
  }
  if (spec.event !== undefined && denial.reason !== FAULT) {
    exchange.events.push({
      name: spec.event,
      level: spec.level ?? 'warn',
      control: hook.control,
      reason: denial.reason,
      ...(denial.detail === undefined ? {} : { detail: denial.detail }),
    })
  }
  if (isNoted) {
    exchange.observed.push(record)
    return undefined
  }
  if (denial.repair !== undefined) {
    exchange.repaired.push(record)
    exchange.replacement = denial.repair
    return undefined
  }
  exchange.decision = record
  return { control: hook.control, denial, spec }
}
