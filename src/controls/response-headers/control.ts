import type { Control, Guard } from '../../pipeline/control.ts'
import { modeOf } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { isAuthOperation } from '../auth-zone/is-auth-operation.ts'
import type { Kit } from '../kit.ts'
import { declaredResponse } from '../responses/declared.ts'
import { learnCookies, learnRedirect } from './adopting.ts'
import { cacheControl } from './cache-control.ts'
import { configureResponseHeaders } from './config.ts'
import type { ResponseHeadersConfig } from './config.ts'
import { cookieNames } from './cookie-names.ts'
import { passCookies } from './cookies.ts'
import { staysBehind } from './dropped.ts'
import { isPublicUrl, rewriteLink, rewriteLocation } from './location.ts'

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
  const isWatching = isAdopting || modeOf(responseHeaders, site.policy) === 'monitor'
  const statics = protective(config)
  const declared = declaredHeaders(site)
  const rules = {
    isAuth: isAuthOperation(site.operation),
    isDeclared: declared.has('cache-control'),
  }
  const passesChallenge = isCheckedByApi(site) || declared.has('www-authenticate')
  return {
    onResponse: (exchange, response) => {
      const location = response.headers.get('location')
      if (location === undefined || mayLeadTo(location, exchange, response)) return undefined
      return isAdopting ? learnRedirect(exchange) : FOREIGN
    },
    dropsResponseHeader: (name) => staysBehind(name, declared),
    onAnswer: (exchange, headers) => {
      for (let index = 0; index < statics.length; index += 1) headers.push(statics[index] ?? '')
      if (exchange.upstream !== undefined && !isAdopting && isPlain(exchange.upstream)) {
        headers.push('Cache-Control', 'no-store')
        return
      }
      if (exchange.upstream !== undefined) {
        passCookies(exchange, isWatching ? 'all' : cookies, headers)
        if (isAdopting && cookies !== 'all') learnCookies(exchange, cookies)
        if (passesChallenge) passChallenge(exchange, exchange.upstream, headers)
        if (exchange.decision === undefined) passAddresses(exchange, exchange.upstream, headers)
      }
      headers.push('Cache-Control', cacheControl(exchange, rules))
    },
  }
}

/** Fields of an API's answer that are looked at here; without them there is nothing to pass on. */
const LOOKED_AT: readonly string[] = [
  'set-cookie',
  'www-authenticate',
  'location',
  'content-location',
  'link',
  'cache-control',
]

let lastHeaders: UpstreamResponse['headers'] | undefined
let isLastPlain = false

/** Whether an answer has none of them. Answers with the very same fields share one table, which never changes. */
function isPlain({ headers }: UpstreamResponse): boolean {
  if (headers !== lastHeaders) {
    isLastPlain = !LOOKED_AT.some((name) => headers.has(name))
    lastHeaders = headers
  }
  return isLastPlain
}

/** Fields that the document declares for some answer, in lower case. */
function declaredHeaders({ operation }: Site): ReadonlySet<string> {
  return new Set([...operation.responses.values()].flatMap(({ headers }) => [...headers]))
}

/** The API itself checks a credential of this operation, so it is the API that says what it wants to see. */
function isCheckedByApi({ operation, policy }: Site): boolean {
  const schemes = (operation.security ?? []).flat()
  return schemes.some(({ scheme }) => policy.auth.schemes.get(scheme) === 'upstream')
}

/** Our own addresses, and public ones where the document declares the redirect with its `Location`. */
function mayLeadTo(location: string, exchange: Exchange, { status }: UpstreamResponse): boolean {
  if (rewriteLocation(location, exchange) !== undefined) return true
  const operation = exchange.site?.operation
  if (operation === undefined || status < 300 || status >= 400) return false
  const isDeclared = declaredResponse(operation, status)?.headers.has('location') === true
  return isDeclared && isPublicUrl(location)
}

function passChallenge(exchange: Exchange, response: UpstreamResponse, headers: string[]): void {
  const { decision } = exchange
  if (decision !== undefined && decision.status !== response.status) return
  for (const text of response.headers.all('www-authenticate'))
    headers.push('WWW-Authenticate', text)
}

/** Fields that hold addresses, as the client may see them. What was to be refused is only watched if it comes here. */
function passAddresses(
  exchange: Exchange,
  { headers: own }: UpstreamResponse,
  headers: string[],
): void {
  const location = own.get('location')
  if (location !== undefined)
    headers.push('Location', rewriteLocation(location, exchange) ?? location)
  const content = own.get('content-location')
  const rewritten = content === undefined ? undefined : rewriteLocation(content, exchange)
  if (rewritten !== undefined) headers.push('Content-Location', rewritten)
  for (const text of own.all('link')) {
    const link = rewriteLink(text, exchange)
    if (link !== undefined) headers.push('Link', link)
  }
}
