import { mayHoldCredentials } from '../identity/url-credentials.ts'
import type { UrlCredentialRules } from '../identity/url-credentials.ts'
import type { Exchange } from '../pipeline/exchange.ts'

/**
 * Whether nothing in path and query is worth a closer look for credentials [KEY-02]. Of a target that came before it is
 * noted, as it depends on its characters alone. `declaredNames`: always the same set for one operation of one plan,
 * whose gateway has one set of `rules`.
 */
export function isCleanTarget(
  exchange: Exchange,
  declaredNames: ReadonlySet<string>,
  rules: UrlCredentialRules,
): boolean {
  const { targetNotes: notes, path, query } = exchange
  // Whoever puts other values into path or query has them looked at anew.
  const isNoted = notes?.path === path && notes.query === query
  if (isNoted && notes.cleanBeside === declaredNames) return true
  const isClean = !mayHoldCredentials(exchange, declaredNames, rules)
  if (isNoted && isClean) notes.cleanBeside = declaredNames
  return isClean
}
