import { parseCookies } from '../../http/cookie.ts'
import type { SecurityScheme } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureCredentialStrip } from './config.ts'
import type { CredentialStripConfig } from './config.ts'

/** Keeps credentials that were checked here from the API, and cookies that nobody declared. */
export const credentialStrip: Control<CredentialStripConfig, Kit> = {
  name: 'credential-strip',
  ids: ['TOK-10'],
  stage: 'forward',
  scope: 'operation',
  block: 'auth',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {},
  configure: configureCredentialStrip,
  compile: (config, site, kit) =>
    site === undefined ? undefined : credentialStripGuard(config, site, kit),
}

function credentialStripGuard(config: CredentialStripConfig, site: Site, kit: Kit): Guard {
  const passed = passedSchemes(config, site, kit)
  const dropped = new Set(['authorization', 'x-api-key', 'cookie', ...keyHeaders(site, kit)])
  for (const { place, parameterName } of passed) {
    if (place === undefined) dropped.delete('authorization')
    if (place === 'header' && parameterName !== undefined)
      dropped.delete(parameterName.toLowerCase())
  }
  const cookies = passedCookies(passed, site)
  return {
    dropsRequestHeader: (name) => dropped.has(name),
    onForward: (exchange, headers) => {
      const kept = cookieText(exchange, cookies)
      if (kept !== '') headers.push('cookie', kept)
    },
  }
}

/** Schemes of this operation whose credential the API itself checks. */
function passedSchemes({ schemes }: CredentialStripConfig, site: Site, kit: Kit): SecurityScheme[] {
  const known = kit.apis.get(site.operation.api)?.model.securitySchemes
  const names = new Set((site.operation.security ?? []).flat().map(({ scheme }) => scheme))
  return [...names].flatMap((name) => {
    const scheme = known?.get(name)
    return scheme !== undefined && schemes.get(name) === 'upstream' ? [scheme] : []
  })
}

function keyHeaders(site: Site, kit: Kit): string[] {
  const schemes = [...(kit.apis.get(site.operation.api)?.model.securitySchemes.values() ?? [])]
  return schemes.flatMap(({ place, parameterName }) =>
    place === 'header' && parameterName !== undefined ? [parameterName.toLowerCase()] : [],
  )
}

function passedCookies(passed: readonly SecurityScheme[], site: Site): ReadonlySet<string> {
  const declared = site.operation.parameters
    .filter(({ place }) => place === 'cookie')
    .map(({ name }) => name)
  const schemes = passed.flatMap(({ place, parameterName }) =>
    place === 'cookie' && parameterName !== undefined ? [parameterName] : [],
  )
  return new Set([...declared, ...schemes])
}

function cookieText(exchange: Exchange, names: ReadonlySet<string>): string {
  if (names.size === 0) return ''
  return parseCookies(exchange.head.headers.all('cookie'))
    .filter(([name]) => names.has(name))
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')
}
