import type { Denial } from '../pipeline/denial.ts'
import type { Rate } from '../pipeline/policy.ts'
import type { Taken } from '../store/counters.ts'

/** A limit as its name and rate appear in `RateLimit-Policy`. */
export interface NamedRate {
  readonly name: string
  readonly rate: Rate
}

/** What every limit answers: 429 with the problem type of the RateLimit draft. */
export const LIMIT_REASON = {
  status: 429,
  problem: 'quota_exceeded',
  title: 'Too many requests',
} as const

/** Seconds, rounded up, at least one: nobody comes back too early. */
export function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}

/** The refusal of a limit that is reached, with its fields (RFC 9110 section 10.2.3, RateLimit draft). */
export function limitDenial(reason: string, limit: NamedRate, taken: Taken): Denial {
  const wait = seconds(taken.retryAfterMs)
  return {
    reason,
    detail: `limit ${limit.name}`,
    headers: ['Retry-After', String(wait), ...rateLimitHeaders(limit, taken)],
    violatedPolicies: [limit.name],
  }
}

/**
 * `RateLimit-Policy` and `RateLimit` of one limit (draft-ietf-httpapi-ratelimit-headers), and the de facto fields.
 * `aliases` are further prefixes in the place of `X-RateLimit-`.
 */
export function rateLimitHeaders(
  limit: NamedRate,
  taken: Taken,
  aliases: readonly string[] = [],
): string[] {
  const { name, rate } = limit
  const reset = String(Math.ceil((taken.allowed ? taken.resetMs : taken.retryAfterMs) / 1000))
  const remaining = String(Math.max(0, Math.floor(taken.remaining)))
  const headers = [
    'RateLimit-Policy',
    `"${name}";q=${rate.count};w=${Math.ceil(rate.windowMs / 1000)}`,
    'RateLimit',
    `"${name}";r=${remaining};t=${reset}`,
  ]
  for (const prefix of ['X-RateLimit-', ...aliases]) {
    headers.push(
      `${prefix}Limit`,
      String(rate.count),
      `${prefix}Remaining`,
      remaining,
      `${prefix}Reset`,
      reset,
    )
  }
  return headers
}
