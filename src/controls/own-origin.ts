import { effectiveHost } from '../http/head.ts'
import { isSameOrigin } from '../http/origin.ts'
import type { Exchange } from '../pipeline/exchange.ts'

/** Whether an `Origin` is the one the request was sent to: the page and the API are the same site. */
export function isOwnOrigin(exchange: Exchange, origin: string): boolean {
  const host = effectiveHost(exchange.head.headers, exchange.head.authority)
  if (host === undefined) return false
  return isSameOrigin(origin, `${exchange.isSecure ? 'https' : 'http'}://${host.text}`)
}
