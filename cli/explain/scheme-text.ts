import { planAlternatives } from '../../src/controls/authenticate/scheme-plan.ts'
import type { AlternativePlan, SchemePlan } from '../../src/controls/authenticate/scheme-plan.ts'
import type { Kit } from '../../src/controls/kit.ts'
import type { Site } from '../../src/pipeline/site.ts'

/** The ways in which an operation's security can be met here. */
export function alternativesOf({ operation, policy }: Site, kit: Kit): readonly AlternativePlan[] {
  const declared = kit.apis.get(operation.api)?.model.securitySchemes ?? new Map()
  return planAlternatives(operation, {
    schemes: policy.auth.schemes,
    hasIssuers: kit.hasIssuers,
    hasWraps: kit.wraps.get(operation.api)?.makesCredentials === true,
    declared,
  })
}

/** What a caller must show: alternatives joined by `or`, what goes together by `and`. */
export function alternativesText(site: Site, kit: Kit, issuers: readonly string[]): string {
  if (site.operation.security?.length === 0) return 'public: no credential is asked for'
  const met = alternativesOf(site, kit)
  const texts = met.map(({ schemes }) =>
    schemes.length === 0
      ? 'no credential'
      : schemes.map(({ plan }) => schemeText(plan, issuers)).join(' and '),
  )
  const left = (site.operation.security?.length ?? met.length) - met.length
  return `${texts.join(', or ')}${left === 0 ? '' : `; ${left} further cannot be met here`}`
}

function schemeText(plan: SchemePlan, issuers: readonly string[]): string {
  const place = plan.slot === 'authorization' ? 'Authorization' : plan.slot.replace(':', ' ')
  switch (plan.kind) {
    case 'apiKey':
      return place === 'Authorization'
        ? `${plan.name}: a gateway key in Authorization (Bearer)`
        : `${plan.name}: a gateway key in ${place} or Authorization (Bearer)`
    case 'jwt':
      return `${plan.name}: an access token of ${issuers.join(', ')} in Authorization (Bearer)`
    case 'wrap':
      return `${plan.name}: a token of the API in ${place}, as the gateway sealed it at the log-in`
    default:
      return `${plan.name}: a credential in ${place}, passed on to the API, not verified here`
  }
}
