import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { carriesCookie, credentialCookies } from '../cookie-credential.ts'
import type { Kit } from '../kit.ts'
import { isOwnOrigin } from '../own-origin.ts'
import { configureCors } from './config.ts'
import type { CorsConfig } from './config.ts'

/** Answers preflights itself and lets only listed origins read answers (Fetch standard, CORS protocol). */
export const cors: Control<CorsConfig, Kit> = {
  name: 'cors',
  ids: ['RTE-03'],
  stage: 'route',
  scope: 'operation',
  block: 'cors',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    preflight: { status: 204, problem: 'preflight', title: 'Preflight' },
    origin_not_allowed: {
      status: 403,
      problem: 'origin_not_allowed',
      title: 'Origin not allowed',
      event: 'malicious_cors',
    },
  },
  configure: configureCors,
  compile: (config, site, kit) =>
    site === undefined ? bareGuard(config, kit) : corsGuard(config, site, kit),
}

const NOT_ALLOWED: Denial = Object.freeze({ reason: 'origin_not_allowed' })
const MAX_AGE_SECONDS = '600'
const EXPOSED =
  'RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Sallyport-Request-Id'
const VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'

/** For answers to requests that reach no operation: pages of listed origins may read why. */
function bareGuard({ origins }: CorsConfig, kit: Kit): Guard | undefined {
  if (origins.size === 0) return undefined
  const usesCookies = kit.sites.some((site) => credentialCookies(site, kit).size > 0)
  return {
    onAnswer: (exchange, headers) => {
      if (!looksLikePreflight(exchange)) addFields(exchange, headers, { origins, usesCookies })
    },
  }
}

/** Whether there was an operation to ask for is not known yet. */
function looksLikePreflight({ head: { method, headers } }: Exchange): boolean {
  return method === 'OPTIONS' && headers.has('access-control-request-method')
}

function addFields(
  exchange: Exchange,
  headers: string[],
  { origins, usesCookies }: CorsConfig & { readonly usesCookies: boolean },
): void {
  headers.push('Vary', 'Origin')
  const origin = allowedOrigin(exchange, origins)
  if (origin === undefined) return
  headers.push('Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED)
  if (usesCookies) headers.push('Access-Control-Allow-Credentials', 'true')
}

function corsGuard({ origins }: CorsConfig, site: Site, kit: Kit): Guard {
  const allowedHeaders = requestHeadersOf(site, kit)
  const cookies = credentialCookies(site, kit)
  const usesCookies = cookies.size > 0
  return {
    onRequest: (exchange) => {
      if (!exchange.isPreflight)
        return usesCookies && isForeign(exchange, origins) && carriesCookie(exchange, cookies)
          ? NOT_ALLOWED
          : undefined
      const origin = allowedOrigin(exchange, origins)
      if (origin === undefined || !asksOnlyFor(exchange, allowedHeaders)) return NOT_ALLOWED
      return preflight(site, { origin, allowedHeaders, usesCookies })
    },
    // The API's own CORS fields say what somebody once thought; ours say what the policy says.
    dropsResponseHeader: (name) => name.startsWith('access-control-'),
    ...(origins.size > 0 && {
      onAnswer: (exchange: Exchange, headers: string[]): void => {
        if (!exchange.isPreflight) addFields(exchange, headers, { origins, usesCookies })
      },
    }),
  }
}

/** The origin of the request if it is listed: compared whole, so that no suffix, scheme or `null` slips in. */
function allowedOrigin(exchange: Exchange, origins: ReadonlySet<string>): string | undefined {
  const origin = exchange.head.headers.get('origin')
  return origin !== undefined && origins.has(origin) ? origin : undefined
}

/** A page of another site that nobody listed; a user's cookies must not work for it, not even blindly. */
function isForeign(exchange: Exchange, origins: ReadonlySet<string>): boolean {
  const origin = exchange.head.headers.get('origin')
  return origin !== undefined && !origins.has(origin) && !isOwnOrigin(exchange, origin)
}

function asksOnlyFor(exchange: Exchange, allowed: ReadonlySet<string>): boolean {
  const asked = exchange.head.headers.get('access-control-request-headers') ?? ''
  return asked
    .split(',')
    .every((name) => name.trim() === '' || allowed.has(name.trim().toLowerCase()))
}

function preflight(
  site: Site,
  found: {
    readonly origin: string
    readonly allowedHeaders: ReadonlySet<string>
    readonly usesCookies: boolean
  },
): Denial {
  const headers = [
    'Access-Control-Allow-Origin',
    found.origin,
    'Access-Control-Allow-Methods',
    site.operation.method,
    'Access-Control-Allow-Headers',
    [...found.allowedHeaders].join(', '),
    'Access-Control-Max-Age',
    MAX_AGE_SECONDS,
    'Vary',
    VARY,
  ]
  if (found.usesCookies) headers.push('Access-Control-Allow-Credentials', 'true')
  return { reason: 'preflight', headers }
}

/** What a browser may send here: the content type, declared header parameters, and where credentials stand. */
function requestHeadersOf(site: Site, kit: Kit): ReadonlySet<string> {
  const names = site.operation.parameters
    .filter(({ place }) => place === 'header')
    .map(({ name }) => name.toLowerCase())
  const schemes = [...(kit.apis.get(site.operation.api)?.model.securitySchemes.values() ?? [])]
  const keyHeaders = schemes.flatMap(({ place, parameterName }) =>
    place === 'header' && parameterName !== undefined ? [parameterName.toLowerCase()] : [],
  )
  return new Set(['content-type', 'authorization', 'x-api-key', ...names, ...keyHeaders])
}
