import { ConfigError } from '../../base/config-error.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { AclEntry } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureAccess } from './config.ts'
import type { AccessConfig } from './config.ts'
import { permits } from './permission.ts'

/** Decides who may call an operation: roles, access lists, or, while neither is written, whoever meets its security. */
export const access: Control<AccessConfig, Kit> = {
  name: 'access',
  ids: ['AZN-01', 'AZN-02'],
  stage: 'authorize',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    not_granted: { status: 403, problem: 'not_allowed', title: 'Not allowed', event: 'authz_fail' },
  },
  configure: configureAccess,
  compile: (config, site, kit) => (site === undefined ? undefined : accessGuard(config, site, kit)),
}

const NOT_GRANTED: Denial = Object.freeze({
  reason: 'not_granted',
  detail: 'no role or access list names the caller',
})

function accessGuard(config: AccessConfig, site: Site, kit: Kit): Guard {
  const entry = config.acl?.get(site.operation.id)
  if (entry !== undefined) refuseUnmeetable(site, kit)
  const isRuled = config.roles !== undefined || config.acl !== undefined
  // Where the document lets anonymous callers in, rules made for others do not shut out those who say who they are.
  const isExempt = entry === undefined || site.operation.security?.length === 0
  if (!isRuled || (letsAnybodyIn(site) && isExempt)) {
    return { onRequest: (exchange) => void (exchange.authorizedBy = 'access') }
  }
  const allowed = allowedBy(config, site)
  return {
    onRequest: (exchange) => {
      if (!allowed(exchange.principal)) return NOT_GRANTED
      exchange.authorizedBy = 'access'
      return undefined
    },
  }
}

/** `security: []`, or an alternative that asks for nothing. */
function letsAnybodyIn({ operation }: Site): boolean {
  const { security } = operation
  return (
    security !== undefined && (security.length === 0 || security.some((all) => all.length === 0))
  )
}

/** A list that nobody can be found on would be ignored (an open door) or shut out everybody: neither was meant. */
function refuseUnmeetable({ operation }: Site, { sites }: Kit): void {
  const namesakes = sites.filter((other) => other.operation.id === operation.id)
  const isAnonymous = namesakes.every((other) => other.operation.security?.length === 0)
  const isUnverified = namesakes.every((other) => isOnlyPassedOn(other))
  if (!isAnonymous && !isUnverified) return
  throw new ConfigError({
    path: `authorize.acl.${operation.id}`,
    message: isAnonymous
      ? `${operation.id} is public in the document: nobody says there who is calling`
      : `the credential of ${operation.id} is checked by the API alone: who is calling is not known here`,
    cure: isAnonymous
      ? 'remove the entry, or give the operation a security requirement'
      : 'remove the entry, or have the gateway check the scheme under auth.schemes',
  })
}

function isOnlyPassedOn({ operation, policy }: Site): boolean {
  const schemes = (operation.security ?? []).flat()
  return (
    schemes.length > 0 &&
    schemes.every(({ scheme }) => policy.auth.schemes.get(scheme) === 'upstream')
  )
}

/** Roles are judged once, at load: what is left is a look-up per role of the caller. */
function allowedBy({ roles, acl }: AccessConfig, site: Site): (principal: Principal) => boolean {
  const granting = new Set<string>()
  for (const [role, permissions] of roles ?? [])
    if (permits(permissions, site.operation)) granting.add(role)
  const entry = acl?.get(site.operation.id)
  for (const role of entry?.roles ?? []) granting.add(role)
  return (principal) =>
    principal.roles.some((role) => granting.has(role)) || isListed(principal, entry)
}

function isListed(principal: Principal, entry: AclEntry | undefined): boolean {
  if (entry === undefined || principal.kind === 'none') return false
  const names = [principal.subject, principal.id].filter((name) => name !== '')
  if (names.some((name) => entry.subjects.includes(name))) return true
  return principal.groups.some((group) => entry.groups.includes(group))
}
