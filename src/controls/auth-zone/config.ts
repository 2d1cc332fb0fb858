import type { FailureLimit, Rate } from '../../base/units.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface AuthZoneConfig {
  readonly maxBodyBytes: number
  /** Tries per address and account; `undefined` where the policy limits the operation itself, or nothing. */
  readonly tries: Rate | undefined
  /** Failed tries per address over all accounts. */
  readonly failures: FailureLimit | undefined
  /** Failed tries per account, wherever they come from. */
  readonly lock: FailureLimit | undefined
}

const MINUTE_MS = 60_000

/** RTE-06 and SES-04: bodies up to 8 KiB, 5 tries a minute, 20 failures in 5 minutes, 10 of one account in 30. */
export function configureAuthZone({ limits }: Policy): AuthZoneConfig {
  const isLimited = !limits.operationsOff
  return {
    maxBodyBytes: 8192,
    tries:
      isLimited && limits.operation?.rate === undefined
        ? { count: 5, windowMs: MINUTE_MS, burst: 5 }
        : undefined,
    failures:
      isLimited && limits.failures !== undefined
        ? { count: 20, windowMs: 5 * MINUTE_MS, banMs: 15 * MINUTE_MS }
        : undefined,
    lock:
      isLimited && limits.failures !== undefined
        ? { count: 10, windowMs: 30 * MINUTE_MS, banMs: 30 * MINUTE_MS }
        : undefined,
  }
}
