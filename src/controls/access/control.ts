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
  compile: (config, site) => (site === undefined ? undefined : accessGuard(config, site)),
}

const NOT_GRANTED: Denial = Object.freeze({
  reason: 'not_granted',
  detail: 'no role or access list names the caller',
})

function accessGuard(config: AccessConfig, site: Site): Guard {
  const isPublic = site.operation.security?.length === 0
  if (isPublic || (config.roles === undefined && config.acl === undefined)) {
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
  if (entry.subjects.includes(principal.subject) || entry.subjects.includes(principal.id))
    return true
  return principal.groups.some((group) => entry.groups.includes(group))
}
