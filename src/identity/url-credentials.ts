import { memo } from '../base/memo.ts'
import type { CanonicalQuery } from '../http/query.ts'
import { keyScanner } from './keys/format.ts'

/** A credential that stands in a URL, where proxies, logs and browsers keep it. */
export interface UrlCredentials {
  /** Where it was seen: `path`, or the parameter's name. */
  readonly places: readonly string[]
  /** Texts that have the shape of this gateway's keys. */
  readonly keyTexts: readonly string[]
  /** Path and query with the values taken out; only these may be logged. */
  readonly redactedPath: string
  readonly redactedQuery: string
}

/** What the gateway looks for. */
export interface UrlCredentialRules {
  /** How keys begin, such as `sp_`. */
  readonly mark: string
  /** Finds keys in text. */
  readonly scanner: RegExp
}

/** The rules for keys that begin with `prefix` and an underscore. Throws like `keyScanner`. */
export function urlCredentialRules(prefix: string): UrlCredentialRules {
  return { mark: `${prefix}_`, scanner: keyScanner(prefix) }
}

const REDACTED = '[redacted]'
const MAX_NAME_CHARS = 24
/** Lower case without `-` and `_`. */
const NAMES: ReadonlySet<string> = new Set([
  'apikey',
  'xapikey',
  'key',
  'accesskey',
  'accesstoken',
  'token',
  'xtoken',
  'auth',
  'authtoken',
  'xauthtoken',
  'authorization',
  'bearer',
  'bearertoken',
  'jwt',
  'idtoken',
  'refreshtoken',
  'sessiontoken',
  'clientsecret',
  'sig',
])

const isTellingName = memo(
  (name) => NAMES.has(name) || NAMES.has(name.toLowerCase().replaceAll(/[-_]/g, '')),
  { maxEntries: 1024, maxChars: MAX_NAME_CHARS },
)

/**
 * Looks for credentials in a canonical URL [KEY-02]: parameters with a telling name that the operation does not
 * declare, and keys of this gateway anywhere, declared or not.
 * @returns `undefined` when there are none, which costs a few hundred nanoseconds. Never throws.
 */
export function urlCredentials(
  { path, query }: { readonly path: string; readonly query: CanonicalQuery },
  declaredNames: ReadonlySet<string>,
  rules: UrlCredentialRules,
): UrlCredentials | undefined {
  if (!mayHoldCredentials({ path, query }, declaredNames, rules)) return undefined
  const pieces = [path, ...query.pairs.map(([, value]) => value)]
  const keyTexts = pieces.flatMap((piece) => piece.match(rules.scanner) ?? [])
  const isBad = ([name, value]: CanonicalQuery['pairs'][number]): boolean =>
    isTelling(name, declaredNames) || holdsKey(value, rules) || holdsKey(name, rules)
  const redactedPath = path.replace(rules.scanner, REDACTED)
  const places = query.pairs.filter(isBad).map(([name]) => name.replace(rules.scanner, REDACTED))
  if (redactedPath !== path) places.unshift('path')
  if (places.length === 0) return undefined
  const redactedQuery = query.pairs
    .map(
      (pair) =>
        `${encodeURIComponent(pair[0].replace(rules.scanner, REDACTED))}=${isBad(pair) ? REDACTED : pair[2]}`,
    )
    .join('&')
  return { places, keyTexts, redactedPath, redactedQuery }
}

/** Whether a closer look is worth it: `urlCredentials` finds nothing where this is false. */
export function mayHoldCredentials(
  { path, query }: { readonly path: string; readonly query: CanonicalQuery },
  declaredNames: ReadonlySet<string>,
  { mark }: UrlCredentialRules,
): boolean {
  if (path.includes(mark) || query.text.includes(mark)) return true
  for (const pair of query.pairs) if (isTelling(pair[0], declaredNames)) return true
  return false
}

function isTelling(name: string, declaredNames: ReadonlySet<string>): boolean {
  return name.length <= MAX_NAME_CHARS && isTellingName(name) && !declaredNames.has(name)
}

function holdsKey(text: string, { mark, scanner }: UrlCredentialRules): boolean {
  return text.includes(mark) && text.search(scanner) >= 0
}
