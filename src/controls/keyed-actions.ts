import type { DataKeys } from '../identity/data-keys/data-keys.ts'
import type { Principal } from '../identity/principal.ts'
import type { KeyedActions } from './mask-value.ts'

/** The tenant of a caller, as the credential says; empty for callers without one, who are one tenant together. */
export function tenantOf({ claims }: Principal, claimPath: readonly string[]): string {
  let at: unknown = claims
  for (const name of claimPath) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return ''
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return typeof at === 'string' || typeof at === 'number' ? String(at) : ''
}

/** Hashes and tokens for one caller's tenant. */
export type KeysFor = (principal: Principal) => KeyedActions

/** Makes the keyed actions of a gateway's data keys. */
export function keysFor(keys: DataKeys, tenantClaim: readonly string[]): KeysFor {
  return (principal) => keys.current(tenantOf(principal, tenantClaim))
}
