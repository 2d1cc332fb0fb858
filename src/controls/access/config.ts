import type { AclEntry, Policy } from '../../pipeline/policy.ts'

export interface AccessConfig {
  readonly roles: ReadonlyMap<string, readonly string[]> | undefined
  readonly acl: ReadonlyMap<string, AclEntry> | undefined
}

export function configureAccess({ authorize }: Policy): AccessConfig {
  return { roles: authorize.roles, acl: authorize.acl }
}
