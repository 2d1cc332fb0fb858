import type { SecurityScheme } from '../../openapi/model.ts'
import type { Site } from '../../pipeline/site.ts'
import { schemeKind } from '../authenticate/scheme-plan.ts'
import { sealedIn } from '../authenticate/wrapped.ts'
import type { Kit } from '../kit.ts'

/** What the API is given for a value that a client sent; `undefined`: nothing. */
export type OpenCredential = (value: string) => string | undefined

/** The schemes of an operation whose credential is a token of the API that the gateway sealed. */
export function wrappedSchemes(
  { operation, policy }: Site,
  declared: readonly SecurityScheme[],
  kit: Kit,
): readonly SecurityScheme[] {
  const tokens = kit.wraps.get(operation.api)
  if (tokens === undefined) return []
  const { schemes } = policy.auth
  const rules = { schemes, hasIssuers: kit.hasIssuers, hasWraps: tokens.makesCredentials }
  const names = new Set((operation.security ?? []).flat().map(({ scheme }) => scheme))
  return declared.filter((one) => names.has(one.name) && schemeKind(one, rules) === 'wrap')
}

/** Opens sealed tokens where they stand; a value without one is nothing that the gateway would vouch for. */
export function credentialOpener({ operation }: Site, kit: Kit): OpenCredential {
  const tokens = kit.wraps.get(operation.api)
  return (value) => {
    const sealed = sealedIn(value)
    if (sealed === undefined || tokens === undefined) return undefined
    // Whoever waited for the body may find the clock gone: it was judged when it came.
    const found = tokens.open(sealed, kit.tokenClock.nowMs() ?? kit.clock.nowMs())
    return 'reason' in found ? undefined : value.slice(0, -sealed.length) + found.appToken
  }
}
