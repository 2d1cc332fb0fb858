import type { Exchange } from '../../pipeline/exchange.ts'
import { effectiveHost } from '../../http/head.ts'

/**
 * A `Location` as the client may see it: relative references stay, absolute ones to the API's own host are made
 * relative to ours, those to the host the client named stay; `undefined` for any other host and for other schemes.
 */
export function rewriteLocation(location: string, exchange: Exchange): string | undefined {
  if (/[\x00-\x20\x7f\\]/.test(location)) return undefined
  if (location.startsWith('/') && !location.startsWith('//')) return publicPath(location, exchange)
  if (!/^[a-z][a-z0-9+.-]*:|^\/\//i.test(location)) return location
  const url = URL.parse(location, 'http://invalid')
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  const own = effectiveHost(exchange.head.headers, exchange.head.authority)?.text
  const isOwn = url.host === own || LOOPBACK.test(url.hostname)
  return isOwn ? publicPath(`${url.pathname}${url.search}${url.hash}`, exchange) : undefined
}

/** An API on the same machine names itself so; the client cannot reach it there. */
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

/** The API speaks of its own base path; the client knows ours. */
function publicPath(path: string, { site }: Exchange): string {
  if (site === undefined || site.publicBase === site.upstreamBase) return path
  return path.startsWith(`${site.upstreamBase}/`)
    ? site.publicBase + path.slice(site.upstreamBase.length)
    : path
}
