import { fieldRoles } from '../controls/field-roles.ts'
import type { Plan } from './plan.ts'

/** The names that a key's grant can be good for, as documents and configuration have them. */
export interface GrantNames {
  /** Operation ids. */
  readonly operations: ReadonlySet<string>
  /** Scopes that operations ask for. */
  readonly scopes: ReadonlySet<string>
  /** Roles of `authorize.roles` and `authorize.acl`, and of rules about fields. */
  readonly roles: ReadonlySet<string>
  /** Groups of `authorize.acl`. */
  readonly groups: ReadonlySet<string>
}

/** The names that a plan knows. */
export function grantNames({ sites }: Pick<Plan, 'sites'>): GrantNames {
  const operations = sites.map(({ site }) => site.operation)
  const authorize = sites.map(({ site }) => site.policy.authorize)
  const entries = authorize.flatMap(({ acl }) =>
    [...(acl?.values() ?? [])].flatMap((entry) => [entry, ...(entry.deny ? [entry.deny] : [])]),
  )
  const schemes = operations.flatMap(({ security }) => (security ?? []).flat())
  return {
    operations: new Set(operations.map(({ id }) => id)),
    scopes: new Set(schemes.flatMap(({ scopes }) => scopes)),
    roles: new Set([
      ...authorize.flatMap(({ roles }) => [...(roles?.keys() ?? [])]),
      ...entries.flatMap(({ roles }) => roles),
      ...sites.flatMap(({ site, api }) => [...fieldRoles(site, api.runtime)]),
    ]),
    groups: new Set(entries.flatMap(({ groups }) => groups)),
  }
}
