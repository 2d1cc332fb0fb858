import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'

/**
 * Cookies the API may set here: all, where the document declares `Set-Cookie` for a response; else those of its
 * cookie security schemes and declared cookie parameters.
 */
export function cookieNames(site: Site, kit: Kit): ReadonlySet<string> | 'all' {
  const { operation } = site
  if ([...operation.responses.values()].some(({ headers }) => headers.has('set-cookie')))
    return 'all'
  const parameters = operation.parameters
    .filter(({ place }) => place === 'cookie')
    .map(({ name }) => name)
  const schemes = [...(kit.apis.get(operation.api)?.model.securitySchemes.values() ?? [])]
  const names = schemes.flatMap(({ place, parameterName }) =>
    place === 'cookie' && parameterName !== undefined ? [parameterName] : [],
  )
  return new Set([...parameters, ...names])
}
