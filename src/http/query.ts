import { ALPHANUMERIC, charTable } from './chars.ts'
import { canonicalPercent } from './percent.ts'
import type { CharSet, PercentFault } from './percent.ts'

/** One parameter: decoded name, decoded value, and the value as it stands in the canonical text (still encoded). */
export type QueryPair = readonly [name: string, value: string, rawValue: string]

/** A query in the one spelling that is judged and forwarded. */
export interface CanonicalQuery {
  /** Canonical text without `?`; empty for none. */
  readonly text: string
  /** Every parameter in order, duplicates kept. `+` reads as space in `name` and `value`, stays in `rawValue`. */
  readonly pairs: readonly QueryPair[]
}

/** Why a query is refused; stable codes for the log. */
export type QueryFault = PercentFault | 'too_many_parameters' | 'dangerous_name'

/** Most parameters in one query [WIRE-04]. */
const MAX_QUERY_PARAMETERS = 100

const NO_QUERY: CanonicalQuery = { text: '', pairs: [] }

// `;` is encoded although RFC 3986 allows it: older frameworks split parameters on it, which hides a duplicate.
const QUERY_SET: CharSet = {
  allowed: charTable(`${ALPHANUMERIC}-._~!$&'()*+,=:@/?`),
  refused: charTable('#'),
}
const DANGEROUS = /(?:^|[[.\]])(?:__proto__|constructor|prototype)(?:$|[[.\]])/

/**
 * Parses a query once, as UTF-8, and writes it anew [WIRE-06]. Empty pieces (`a=1&&b=2`) are dropped; order and
 * duplicates stay, the parameter check judges them. Names that reach into prototypes (`a[__proto__][x]`) are
 * refused unless `declaredNames` has them literally.
 * Idempotent on `text`; never throws.
 * @param raw what followed `?`, without it; `undefined` means no query.
 */
export function canonicalQuery(
  raw: string | undefined,
  declaredNames?: ReadonlySet<string>,
): CanonicalQuery | { readonly fault: QueryFault } {
  if (raw === undefined || raw === '') return NO_QUERY
  const whole = canonicalPercent(raw, QUERY_SET)
  if ('fault' in whole) return whole
  const pairs: QueryPair[] = []
  for (let start = 0; start <= whole.text.length;) {
    const mark = whole.text.indexOf('&', start)
    const end = mark < 0 ? whole.text.length : mark
    if (end > start) pairs.push(readPair(whole.text, start, end))
    if (pairs.length > MAX_QUERY_PARAMETERS) return { fault: 'too_many_parameters' }
    start = end + 1
  }
  if (pairs.some(([name]) => isDangerousName(name, declaredNames)))
    return { fault: 'dangerous_name' }
  return { text: withoutEmptyPieces(whole.text), pairs }
}

/** Whether a parameter name reaches into prototypes and the document does not declare it literally. */
export function isDangerousName(name: string, declaredNames?: ReadonlySet<string>): boolean {
  return name.length >= 9 && DANGEROUS.test(name) && declaredNames?.has(name) !== true
}

function readPair(text: string, start: number, end: number): QueryPair {
  const equals = text.indexOf('=', start)
  const nameEnd = equals < 0 || equals > end ? end : equals
  const rawValue = nameEnd === end ? '' : text.slice(nameEnd + 1, end)
  return [formDecode(text.slice(start, nameEnd)), formDecode(rawValue), rawValue]
}

/**
 * Decodes one component of a canonical query: `+` is space, percent sequences are UTF-8.
 * Only for text that `canonicalQuery` wrote; other text may make it throw `URIError`.
 */
export function formDecode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  return spaced.includes('%') ? decodeURIComponent(spaced) : spaced
}

function withoutEmptyPieces(text: string): string {
  if (!text.startsWith('&') && !text.endsWith('&') && !text.includes('&&')) return text
  return text
    .split('&')
    .filter((piece) => piece !== '')
    .join('&')
}
