import type { Grade } from '../pipeline/detect-policy.ts'
import type { RiskSignal } from './risk-book.ts'

/** What everybody hears who asks for nothing: the same 404 as elsewhere. */
export const HONEYPOT_REASON = {
  status: 404,
  problem: 'not_found',
  title: 'Not found',
} as const

/** Nobody gets there by accident: one is enough. */
export function honeypotSignal(control: string, most: Grade, detail: string): RiskSignal {
  const level = 'critical'
  return {
    name: 'honeypot',
    weight: 100,
    most,
    event: 'malicious_attack_tool',
    level,
    detail,
    control,
  }
}
