import { parseCookies } from '../http/cookie.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Site } from '../pipeline/site.ts'
import type { Kit } from './kit.ts'

/** Names of the cookies that are credentials of an operation: those its `security` names, sent by browsers unasked. */
export function credentialCookies(site: Site, kit: Kit): ReadonlySet<string> {
  const declared = kit.apis.get(site.operation.api)?.model.securitySchemes
  const schemes = (site.operation.security ?? []).flat()
  return new Set(
    schemes.flatMap(({ scheme }) => {
      const { place, parameterName } = declared?.get(scheme) ?? {}
      return place === 'cookie' && parameterName !== undefined ? [parameterName] : []
    }),
  )
}

/** Whether a request carries one of these cookies. */
export function carriesCookie(exchange: Exchange, names: ReadonlySet<string>): boolean {
  const { headers } = exchange.head
  if (names.size === 0 || !headers.has('cookie')) return false
  return parseCookies(headers.all('cookie')).some(([name]) => names.has(name))
}
