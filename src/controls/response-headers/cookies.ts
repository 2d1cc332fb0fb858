import { parseSetCookie } from '../../http/cookie.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { publicPath } from './location.ts'

/**
 * The `Set-Cookie` fields of the API that may pass, by name, with paths as the client knows them. Where another answer
 * goes out than the API gave, its cookies stay behind; a generic text in the place of its own keeps them.
 */
export function passCookies(
  exchange: Exchange,
  names: ReadonlySet<string> | 'all',
  headers: string[],
): void {
  const { upstream, decision } = exchange
  if (upstream === undefined) return
  if (decision !== undefined && decision.status !== upstream.status) return
  for (const text of upstream.headers.all('set-cookie')) {
    const cookie = parseSetCookie(text)
    if (cookie !== undefined && (names === 'all' || names.has(cookie.name)))
      headers.push('Set-Cookie', withPublicPath(text, exchange))
  }
}

function withPublicPath(text: string, exchange: Exchange): string {
  return text.replace(
    /(;[ \t]*path[ \t]*=[ \t]*)(\/[^;]*)/i,
    (_whole, name: string, path: string) => name + publicPath(path.trimEnd(), exchange),
  )
}
