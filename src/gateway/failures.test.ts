import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FailureCause } from './core.ts'
import { failureRefusal } from './failures.ts'

/** CONTROLS 2.0: cause -> status, public class, event, level, whether the connection closes, control. */
const rows: readonly [
  cause: FailureCause,
  status: number,
  problem: string,
  event: string,
  level: 'warn' | 'critical',
  close: boolean,
  control: string,
][] = [
  ['client_too_slow', 408, 'too_slow', 'sp_slow_client', 'warn', true, 'wire'],
  ['body_too_large', 413, 'too_large', 'input_validation_fail', 'warn', true, 'wire'],
  ['upstream_refused', 502, 'bad_gateway', 'sp_dependency_down', 'warn', false, 'upstream'],
  ['upstream_protocol', 502, 'bad_gateway', 'sp_upstream_protocol', 'warn', false, 'upstream'],
  ['upstream_tls', 502, 'bad_gateway', 'sp_upstream_tls_fail', 'critical', false, 'upstream'],
  ['upstream_timeout', 504, 'gateway_timeout', 'sp_dependency_down', 'warn', false, 'upstream'],
  ['response_too_large', 502, 'bad_gateway', 'sp_upstream_protocol', 'warn', false, 'upstream'],
  ['overloaded', 503, 'unavailable', 'sp_overload', 'warn', false, 'upstream'],
  ['defect', 500, 'internal_error', 'sp_control_fault', 'critical', false, 'upstream'],
]

for (const [cause, status, problem, event, level, close, control] of rows) {
  test(`${cause} is ${status} ${problem}`, () => {
    const refusal = failureRefusal(cause, 'detail')
    assert.equal(refusal.spec.status, status)
    assert.equal(refusal.spec.problem, problem)
    assert.equal(refusal.spec.event, event)
    assert.equal(refusal.spec.level ?? 'warn', level)
    assert.equal(refusal.spec.close === true, close)
    assert.equal(refusal.control, control)
    assert.equal(refusal.denial.reason, cause)
    assert.equal(refusal.denial.detail, 'detail')
    const retry = status === 503 ? ['Retry-After', '1'] : undefined
    assert.deepEqual(
      refusal.denial.headers,
      retry,
      '503 says when to come again, the others do not',
    )
  })
}
