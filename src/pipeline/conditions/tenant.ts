import type { Principal } from '../../identity/principal.ts'

/**
 * The tenant of a caller: the claim at `tenantClaim`, or an empty text for callers without one.
 * `undefined`: a claim that is no name, so that nothing holds because of it.
 */
export function tenantOf(
  { claims }: Pick<Principal, 'claims'>,
  tenantClaim: readonly string[],
): string | undefined {
  let here: unknown = claims
  for (const step of tenantClaim) {
    if (typeof here !== 'object' || here === null || Array.isArray(here)) return undefined
    here = Object.hasOwn(here, step) ? (here as Record<string, unknown>)[step] : undefined
    if (here === undefined || here === null) return ''
  }
  return typeof here === 'string' && here !== '' ? here : undefined
}
