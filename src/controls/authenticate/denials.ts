import { formatChallenges } from '../../http/auth-header.ts'
import type { Challenge } from '../../http/auth-header.ts'
import type { Denial, ReasonSpec } from '../../pipeline/denial.ts'
import type { AlternativePlan } from './scheme-plan.ts'

const INVALID = {
  status: 401,
  problem: 'invalid_credential',
  title: 'Invalid credential',
  event: 'authn_login_fail',
} as const
const REUSED = { ...INVALID, event: 'authn_token_reuse', level: 'critical' } as const
/** That something is away is told once for the process, by whoever found out; what is then refused only counts. */
const AWAY = { status: 503, problem: 'unavailable', title: 'Service unavailable' } as const
const DOUBTFUL = {
  status: 400,
  problem: 'invalid_request',
  title: 'Invalid request',
  event: 'authn_login_fail',
} as const

/** Every reason the control may give; all ways in which a credential fails look the same outside [AUN-04]. */
export const AUTH_REASONS: Readonly<Record<string, ReasonSpec>> = {
  missing: {
    status: 401,
    problem: 'credential_required',
    title: 'Credential required',
    event: 'authn_login_fail',
    level: 'info',
  },
  multiple_credentials: DOUBTFUL,
  malformed_credentials: INVALID,
  credential_in_url: {
    ...INVALID,
    problem: 'credential_required',
    title: 'Credential required',
    event: 'sp_credential_in_url',
  },
  credential_in_url_too: { ...DOUBTFUL, event: 'sp_credential_in_url' },
  wrong_scheme: INVALID,
  key_malformed: INVALID,
  key_unknown: INVALID,
  key_wrong_secret: INVALID,
  key_expired: INVALID,
  key_idle: INVALID,
  key_revoked: REUSED,
  key_quarantined: REUSED,
  key_store_unavailable: AWAY,
  token_malformed: INVALID,
  token_alg: INVALID,
  token_key: INVALID,
  token_signature: INVALID,
  token_expired: INVALID,
  token_not_yet: INVALID,
  token_lifetime: INVALID,
  token_issuer: INVALID,
  token_audience: INVALID,
  token_type: INVALID,
  token_claims: INVALID,
  token_bound: INVALID,
  token_raw: INVALID,
  token_forged: { ...INVALID, event: 'sp_token_misuse' },
  token_logged_out: REUSED,
  token_keys_unavailable: AWAY,
  token_time_unknown: AWAY,
}

const RETRY: readonly string[] = ['Retry-After', '5']

/** A refusal with the challenges of every scheme the operation accepts (RFC 9110 section 11.6.1). */
export function credentialDenial(
  reason: string,
  challenges: readonly string[],
  detail?: string,
): Denial {
  const status = AUTH_REASONS[reason]?.status
  const headers = status === 503 ? RETRY : status === 401 ? challenges : []
  return { reason, headers, ...(detail === undefined ? {} : { detail }) }
}

/**
 * `WWW-Authenticate`, strongest scheme first: tokens before keys, then what the API checks itself.
 * Without `error` where no credential was sent (OAuth 2.1 section 5.3).
 */
export function challengeHeaders(
  alternatives: readonly AlternativePlan[],
  realm: string,
  error: 'invalid_token' | undefined,
): string[] {
  const plans = alternatives.flatMap(({ schemes }) => schemes.map(({ plan }) => plan))
  const names = new Set<string>()
  const isToken = ({ kind, slot }: (typeof plans)[number]): boolean =>
    kind === 'jwt' || (kind === 'wrap' && slot === 'authorization')
  if (plans.some(isToken)) names.add('Bearer')
  if (plans.some(({ kind }) => kind === 'apiKey')) names.add('ApiKey')
  for (const { kind, slot, httpScheme } of plans) {
    if (kind === 'upstream' && slot === 'authorization') names.add(schemeName(httpScheme))
  }
  if (names.size === 0) names.add('ApiKey')
  const text = formatChallenges(
    [...names].map((scheme): Challenge => ({
      scheme,
      parameters: parametersOf(scheme, realm, error),
    })),
  )
  return ['WWW-Authenticate', text]
}

/** As the registry writes it: `Basic`, `Digest`; a key in `Authorization` itself is an `ApiKey`. */
function schemeName(httpScheme: string): string {
  if (httpScheme === '') return 'ApiKey'
  return httpScheme.charAt(0).toUpperCase() + httpScheme.slice(1)
}

function parametersOf(
  scheme: string,
  realm: string,
  error: string | undefined,
): [string, string][] {
  const own: [string, string][] = [['realm', realm]]
  if (scheme === 'Bearer' && error !== undefined) own.push(['error', error])
  return own
}
