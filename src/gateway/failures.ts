import type { ReasonSpec } from '../pipeline/denial.ts'
import type { Refusal } from '../pipeline/runner.ts'
import type { FailureCause } from './core.ts'

const BAD_GATEWAY = {
  status: 502,
  problem: 'bad_gateway',
  title: 'Bad gateway',
  level: 'warn',
} as const

/** What the outside sees when an exchange breaks off: CONTROLS 2.0. */
const SPECS: Readonly<Record<FailureCause, ReasonSpec>> = {
  client_too_slow: {
    status: 408,
    problem: 'too_slow',
    title: 'Request too slow',
    event: 'sp_slow_client',
    close: true,
  },
  body_too_large: {
    status: 413,
    problem: 'too_large',
    title: 'Request body too large',
    event: 'input_validation_fail',
    close: true,
  },
  upstream_refused: { ...BAD_GATEWAY, event: 'sp_dependency_down' },
  upstream_protocol: { ...BAD_GATEWAY, event: 'sp_upstream_protocol' },
  upstream_leak: { ...BAD_GATEWAY, event: 'sp_response_leak_blocked', level: 'critical' },
  upstream_tls: { ...BAD_GATEWAY, event: 'sp_upstream_tls_fail', level: 'critical' },
  upstream_timeout: {
    status: 504,
    problem: 'gateway_timeout',
    title: 'Gateway timeout',
    event: 'sp_dependency_down',
  },
  response_too_large: { ...BAD_GATEWAY, event: 'sp_upstream_protocol' },
  overloaded: {
    status: 503,
    problem: 'unavailable',
    title: 'Service unavailable',
    event: 'sp_overload',
  },
  // The change of the breaker is the event; what it then refuses only counts.
  breaker_open: { status: 503, problem: 'unavailable', title: 'Service unavailable' },
  // A control waits for something that never comes, and its own limit failed too: refused, never let through.
  decision_timeout: {
    status: 503,
    problem: 'unavailable',
    title: 'Service unavailable',
    event: 'sp_dependency_down',
    level: 'critical',
  },
  defect: {
    status: 500,
    problem: 'internal_error',
    title: 'Internal error',
    event: 'sp_control_fault',
    level: 'critical',
  },
}

const RETRY_SOON: readonly string[] = ['Retry-After', '1']

/** A breakdown outside of any control, as a refusal. `detail` goes to the log only. */
export function failureRefusal(cause: FailureCause, detail: string): Refusal {
  const spec = SPECS[cause]
  const denial = { reason: cause, detail }
  const control = cause === 'client_too_slow' || cause === 'body_too_large' ? 'wire' : 'upstream'
  return {
    control,
    spec,
    denial: spec.status === 503 ? { ...denial, headers: RETRY_SOON } : denial,
  }
}
