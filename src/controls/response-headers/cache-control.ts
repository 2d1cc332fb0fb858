import type { Exchange } from '../../pipeline/exchange.ts'

/** What is known of an operation's answers before any came. */
export interface CacheRules {
  /** The operation hands out identity: nothing of it is ever kept [RTE-06]. */
  readonly isAuth: boolean
  /** The document declares `Cache-Control` for some answer, so answers to known callers may be kept by them. */
  readonly isDeclared: boolean
}

const NEVER = 'no-store'

/**
 * The `Cache-Control` of an answer [OUT-05, ADM-07]: the API's own, which may be stricter than ours and never less
 * strict. Errors, log-ins and answers with cookies are kept nowhere; what a caller with a credential gets is kept by
 * that caller alone, and only where the document says that it may be.
 */
export function cacheControl(exchange: Exchange, rules: CacheRules): string {
  const { decision, upstream, status, principal, head } = exchange
  if (decision !== undefined || upstream === undefined || status >= 400 || rules.isAuth)
    return NEVER
  const { headers } = upstream
  if (!headers.has('cache-control') || headers.has('set-cookie')) return NEVER
  const own = headers.all('cache-control').join(', ')
  if (own === '') return NEVER
  const isPersonal =
    principal.kind !== 'none' || head.headers.has('authorization') || head.headers.has('cookie')
  if (!isPersonal) return own
  return rules.isDeclared ? forOneCaller(own) : NEVER
}

/** Without what lets caches between share the answer. */
function forOneCaller(own: string): string {
  const directives = own.split(',').map((text) => text.trim())
  if (directives.some((text) => text.toLowerCase() === NEVER)) return NEVER
  const kept = directives.filter((text) => !/^(?:public|private|s-maxage)\b/i.test(text))
  return ['private', ...kept.filter((text) => text !== '')].join(', ')
}
