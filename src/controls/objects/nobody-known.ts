import { ConfigError } from '../../base/config-error.ts'
import type { Operation } from '../../openapi/model.ts'
import type { Site } from '../../pipeline/site.ts'

/**
 * Whether nobody is ever asked who is calling: what such an operation gives is for everybody, as the document says. Where
 * a credential is only optional, callers without one own nothing.
 */
export function isForEverybody({ security }: Pick<Operation, 'security'>): boolean {
  return security?.every((all) => all.length === 0) === true
}

/** An owner cannot be told where only the API knows who is calling (DESIGN 3, `upstream`). Throws `ConfigError`. */
export function refuseUnknownCallers({ operation, policy, label }: Site): void {
  const schemes = (operation.security ?? []).flat()
  const isPassedOn = schemes.every(({ scheme }) => policy.auth.schemes.get(scheme) === 'upstream')
  if (schemes.length === 0 || !isPassedOn) return
  throw new ConfigError({
    path: 'authorize.schemas',
    message: `${label} shows objects with owners, and only the API knows who is calling there`,
    cure: `have the gateway check the credential under auth.schemes, or write authorize.operations.${operation.id}: public`,
  })
}
