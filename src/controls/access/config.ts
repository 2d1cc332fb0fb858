import type { Policy } from '../../pipeline/policy.ts'

/** The block `authorize`: roles, access lists, conditions. */
export type AccessConfig = Policy['authorize']

export function configureAccess({ authorize }: Policy): AccessConfig {
  return authorize
}
