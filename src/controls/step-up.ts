import type { Principal } from '../identity/principal.ts'
import type { Denial } from '../pipeline/denial.ts'

/** Whether a caller has a person and an issuer behind it that can be asked again. */
export function canStepUp({ kind }: Principal): boolean {
  return kind === 'jwt' || kind === 'wrapped'
}

/** What a step-up answers: 401, so that clients of RFC 9470 fetch a token with a fresh log-in. */
export const STEP_UP_REASON = {
  status: 401,
  problem: 'step_up_required',
  title: 'A new log-in is required',
  event: 'authn_step_up',
} as const

/** The refusal with its challenge (RFC 9470 section 3); `acr`: classes of which any is enough, may be empty. */
export function stepUpDenial(reason: string, acr: readonly string[], detail: string): Denial {
  const classes = acr.length === 0 ? '' : `, acr_values="${acr.join(' ')}"`
  const challenge = `Bearer error="insufficient_user_authentication", error_description="A new log-in is required"${classes}, max_age="0"`
  return { reason, detail, headers: ['WWW-Authenticate', challenge] }
}

/** Whether the log-in behind a token is younger than a moment, and of a class that is asked for. */
export function hasSteppedUp(
  { claims }: Principal,
  acr: readonly string[],
  sinceMs: number,
): boolean {
  const { auth_time: authTime, acr: shown } = claims
  if (typeof authTime !== 'number' || authTime * 1000 < sinceMs) return false
  return acr.length === 0 || (typeof shown === 'string' && acr.includes(shown))
}
