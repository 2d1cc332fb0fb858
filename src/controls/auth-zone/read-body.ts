import { parseJsonStrict } from '../../http/json-scan.ts'
import { isJson, parseMediaType } from '../../http/media-type.ts'
import { canonicalQuery } from '../../http/query.ts'
import type { Exchange } from '../../pipeline/exchange.ts'

/**
 * Reads the body of a log-in where nobody has: where bodies are not validated, or are only watched and this one was
 * refused by nobody. Else a body that only the API understands would be counted for no account.
 * @returns whether it can be read. Never throws.
 */
export function readLogIn(exchange: Exchange, bytes: Buffer): boolean {
  if (bytes.length === 0 || (exchange.hasBodyValue && exchange.body !== undefined)) return true
  const type = parseMediaType(exchange.head.headers.get('content-type') ?? '')
  if (type !== undefined && isJson(type.essence)) {
    const parsed = parseJsonStrict(bytes)
    if (parsed.fault !== undefined) return false
    exchange.body = parsed.value
    return true
  }
  const form = canonicalQuery(bytes.toString('latin1'))
  if ('fault' in form) return false
  exchange.body = fieldsOf(form.pairs)
  return true
}

/** The values of a form by the innermost names: `user[email]` is an `email`, `email[]` too. */
function fieldsOf(
  pairs: readonly (readonly [name: string, value: string, ...unknown[]])[],
): Readonly<Record<string, readonly string[]>> {
  const fields: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (const [name, value] of pairs) {
    const inner = name.split(/[[\].]+/).findLast((part) => part !== '') ?? ''
    const known = fields[inner]
    if (known === undefined) fields[inner] = [value]
    else known.push(value)
  }
  return fields
}
