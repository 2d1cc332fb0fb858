import { effectiveHost } from '../../http/head.ts'
import { urlFault } from '../../http/url-guard.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'

/**
 * A `Location` as the client may see it: relative references stay, absolute ones to the API's own host or to the host
 * the client named become paths of ours; `undefined` for any other host and for other schemes.
 */
export function rewriteLocation(location: string, exchange: Exchange): string | undefined {
  if (/[\x00-\x20\x7f\\]/.test(location)) return undefined
  if (location.startsWith('/') && !location.startsWith('//')) return publicPath(location, exchange)
  if (!/^[a-z][a-z0-9+.-]*:|^\/\//i.test(location)) return location
  const url = URL.parse(location, 'http://invalid')
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  return isOwn(url, exchange)
    ? publicPath(url.pathname + url.search + url.hash, exchange)
    : undefined
}

/** An API on the same machine names itself so; the client cannot reach it there. */
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

function isOwn(url: URL, { head, site }: Exchange): boolean {
  const named = effectiveHost(head.headers, head.authority)?.text
  return url.host === named || url.host === site?.upstreamHost || LOOPBACK.test(url.hostname)
}

/** Whether a foreign address is one that anybody may be sent to: a public name over https. */
export function isPublicUrl(text: string): boolean {
  return urlFault(text) === undefined
}

/**
 * The API speaks of its own base path; the client knows ours. A path that is below ours already stays, unless the
 * API's base is the longer of the two.
 */
export function publicPath(path: string, { site }: Pick<Exchange, 'site'>): string {
  if (site === undefined || site.publicBase === site.upstreamBase) return path
  const { publicBase, upstreamBase } = site
  const isLonger = upstreamBase.length >= publicBase.length
  if (!isLonger && isBelow(path, publicBase)) return path
  return isBelow(path, upstreamBase) ? publicBase + path.slice(upstreamBase.length) : path
}

function isBelow(path: string, base: Site['publicBase']): boolean {
  return path.startsWith(base) && /^(?:$|[/?#])/.test(path.slice(base.length))
}

/**
 * The value of a `Link` field (RFC 8288) with addresses of the API made ours; `undefined` when one of them leads
 * inside. Foreign public addresses stay: licences and documentation stand elsewhere.
 */
export function rewriteLink(link: string, exchange: Exchange): string | undefined {
  let leadsInside = false
  const rewritten = link.replaceAll(/<([^<>]{0,2048})>/g, (_whole, target: string) => {
    const own = rewriteLocation(target, exchange)
    leadsInside ||= own === undefined && !isPublicUrl(target.replace(/^http:/i, 'https:'))
    return `<${own ?? target}>`
  })
  return leadsInside ? undefined : rewritten
}
