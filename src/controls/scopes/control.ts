import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { MetAlternative } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureScopes } from './config.ts'
import type { ScopesConfig } from './config.ts'

/** Asks for every scope of an alternative that the credentials meet; before the body is touched. */
export const scopes: Control<ScopesConfig, Kit> = {
  name: 'scopes',
  ids: ['AZN-03'],
  stage: 'authorize',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    insufficient_scope: {
      status: 403,
      problem: 'insufficient_scope',
      title: 'Insufficient scope',
      event: 'authz_fail',
    },
  },
  configure: configureScopes,
  compile: (_config, site) => (site === undefined ? undefined : scopesGuard(site)),
}

function scopesGuard(site: Site): Guard | undefined {
  const asksForScopes = site.operation.security?.some((all) =>
    all.some((one) => one.scopes.length > 0),
  )
  if (asksForScopes !== true) return undefined
  return {
    onRequest: ({ met }) => {
      for (const alternative of met) if (isCovered(alternative)) return undefined
      let fewest: readonly string[] | undefined
      for (const alternative of met) {
        const missing = missingScopes(alternative)
        if (fewest === undefined || missing.length < fewest.length) fewest = missing
      }
      return fewest === undefined ? NOTHING_MET : denial(fewest)
    },
  }
}

const NOTHING_MET: Denial = Object.freeze({
  reason: 'insufficient_scope',
  detail: 'no alternative is met',
})

/** Whether nothing is missing for an alternative. An API that checks its own credential checks its scopes too. */
function isCovered({ proofs }: MetAlternative): boolean {
  for (const { principal, scopes } of proofs) {
    if (principal.kind === 'upstream') continue
    for (const scope of scopes) if (!principal.scopes.has(scope)) return false
  }
  return true
}

/** What is missing for one alternative, for the challenge. */
function missingScopes({ proofs }: MetAlternative): readonly string[] {
  const missing = proofs.flatMap(({ principal, scopes }) =>
    principal.kind === 'upstream' ? [] : scopes.filter((scope) => !principal.scopes.has(scope)),
  )
  return missing.length > 1 ? [...new Set(missing)] : missing
}

/** One challenge with all that is missing (RFC 6750 section 3.1, OAuth 2.1 section 5.3). */
function denial(missing: readonly string[]): Denial {
  // RFC 6749 section 3.3: what is no scope token cannot stand in the field.
  const scope = missing.filter((name) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name)).join(' ')
  const named = scope === '' ? '' : `, scope="${scope}"`
  return {
    reason: 'insufficient_scope',
    detail: `missing ${missing.join(' ')}`,
    headers: ['WWW-Authenticate', `Bearer error="insufficient_scope"${named}`],
  }
}
