import type { Exchange } from '../../pipeline/exchange.ts'

/** Parameter names under which people put credentials into URLs [KEY-02]. */
const NAMES: ReadonlySet<string> = new Set([
  'api_key',
  'apikey',
  'api-key',
  'key',
  'access_token',
  'accesstoken',
  'token',
  'auth',
  'auth_token',
  'sig',
  'jwt',
  'authorization',
  'x-api-key',
  'secret',
  'client_secret',
])

/**
 * Texts in the URL that are, or stand where, credentials: values of such names unless the operation declares a query
 * parameter so named, and anything shaped like one of our keys, in the query or in the path.
 */
export function urlCredentials(
  exchange: Exchange,
  declared: ReadonlySet<string>,
  keyPattern: RegExp,
): readonly string[] {
  const found: string[] = []
  for (const [name, value] of exchange.query.pairs) {
    if (value !== '' && NAMES.has(name.toLowerCase()) && !declared.has(name)) found.push(value)
    else if (keyPattern.test(value)) found.push(value)
  }
  const inPath = keyPattern.exec(exchange.path)
  return inPath === null ? found : [...found, inPath[0]]
}
