import { parseSetCookie } from '../../http/cookie.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { learnCookies, learnRedirect } from './adopting.ts'
import { configureResponseHeaders } from './config.ts'
import type { ResponseHeadersConfig } from './config.ts'
import { cookieNames } from './cookie-names.ts'
import { rewriteLocation } from './location.ts'

/** Takes out header fields that tell of the inside, and adds the ones that protect browsers. */
export const responseHeaders: Control<ResponseHeadersConfig, Kit> = {
  name: 'response-headers',
  ids: ['OUT-04', 'OUT-05'],
  stage: 'filter',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    foreign_redirect: {
      status: 502,
      problem: 'bad_gateway',
      title: 'Bad gateway',
      event: 'sp_response_leak_blocked',
    },
  },
  configure: configureResponseHeaders,
  compile: (config, site, kit) =>
    site === undefined ? bareGuard(config) : responseHeadersGuard(config, site, kit),
}

const FOREIGN: Denial = Object.freeze({
  reason: 'foreign_redirect',
  detail: 'Location leads to another host',
})

/** Fields that describe the inside, and those the gateway writes itself. `location` and cookies are written anew. */
const DROPPED: ReadonlySet<string> = new Set([
  'server',
  'via',
  'x-powered-by',
  'x-aspnet-version',
  'x-aspnetmvc-version',
  'x-generator',
  'x-runtime',
  'x-backend',
  'x-backend-server',
  'x-served-by',
  'x-server',
  'x-server-name',
  'x-host',
  'x-upstream',
  'x-real-server',
  'x-debug',
  'x-debug-token',
  'x-debug-token-link',
  'x-cache',
  'x-varnish',
  'x-drupal-cache',
  'x-version',
  'x-request-id',
  'x-correlation-id',
  'alt-svc',
  'public-key-pins',
  'set-cookie',
  'location',
  'content-location',
  'www-authenticate',
  'x-content-type-options',
  'content-security-policy',
  'x-frame-options',
  'referrer-policy',
  'cross-origin-resource-policy',
  'strict-transport-security',
  'date',
])

const PROTECTIVE: readonly string[] = [
  'X-Content-Type-Options',
  'nosniff',
  'Content-Security-Policy',
  "default-src 'none'; frame-ancestors 'none'",
  'X-Frame-Options',
  'DENY',
  'Referrer-Policy',
  'no-referrer',
]

/** For answers to requests that reach no operation. */
function bareGuard(config: ResponseHeadersConfig): Guard {
  const fields = [...protective(config), 'Cache-Control', 'no-store']
  return { onAnswer: (_exchange, headers) => void headers.push(...fields) }
}

function protective({ isShared }: ResponseHeadersConfig): readonly string[] {
  return [...PROTECTIVE, 'Cross-Origin-Resource-Policy', isShared ? 'cross-origin' : 'same-origin']
}

function responseHeadersGuard(config: ResponseHeadersConfig, site: Site, kit: Kit): Guard {
  const cookies = cookieNames(site, kit)
  const isAdopting = site.policy.adopt !== undefined
  const statics = protective(config)
  const declared = declaredHeaders(site)
  return {
    onResponse: (exchange, response) => {
      const location = response.headers.get('location')
      if (location === undefined) return undefined
      const rewritten = rewriteLocation(location, exchange)
      if (rewritten === undefined) return isAdopting ? learnRedirect(exchange, location) : FOREIGN
      exchange.answerHeaders.push('Location', rewritten)
      return undefined
    },
    dropsResponseHeader: (name) =>
      name.startsWith('sallyport-') ||
      name === 'cache-control' ||
      (DROPPED.has(name) && !declared.has(name)),
    onAnswer: (exchange, headers) => {
      headers.push(...statics)
      if (exchange.upstream !== undefined) {
        passCookies(exchange.upstream, isAdopting ? 'all' : cookies, headers)
        if (isAdopting && cookies !== 'all') learnCookies(exchange, cookies)
      }
      headers.push('Cache-Control', cacheControl(exchange))
    },
  }
}

/** A field the document declares is part of the contract, apart from those that are written anew. */
function declaredHeaders({ operation }: Site): ReadonlySet<string> {
  const names = new Set([...operation.responses.values()].flatMap(({ headers }) => [...headers]))
  for (const name of [
    'set-cookie',
    'location',
    'strict-transport-security',
    ...lowerNames(PROTECTIVE),
  ])
    names.delete(name)
  return names
}

function lowerNames(flat: readonly string[]): string[] {
  return flat.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
}

/** What a caller with a credential gets is theirs alone; the API may say so more strictly, never less. */
function cacheControl({ principal, upstream, decision }: Exchange): string {
  const own = upstream?.headers.get('cache-control')
  if (decision !== undefined || principal.kind !== 'none' || own === undefined) return 'no-store'
  return own
}

function passCookies(
  response: UpstreamResponse,
  names: ReadonlySet<string> | 'all',
  headers: string[],
): void {
  for (const text of response.headers.all('set-cookie')) {
    const cookie = parseSetCookie(text)
    if (cookie !== undefined && (names === 'all' || names.has(cookie.name)))
      headers.push('Set-Cookie', text)
  }
}
