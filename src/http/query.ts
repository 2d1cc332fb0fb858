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
const ORDINARY = charTable(`${ALPHANUMERIC}-._~!$'()*,:@/?=`)
const AMPERSAND = 38
const EQUALS = 61
/** Length of `__proto__`, the shortest name that is dangerous. */
const SHORTEST_DANGER = 9
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
  const ordinary = readOrdinary(raw)
  if (ordinary !== undefined) return ordinary
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

/** Most parameters of a query that is read the short way. */
const MAX_ORDINARY = 16

/**
 * What nearly all queries are: characters that mean themselves, no empty piece, no name that reaches into prototypes.
 * @returns `undefined` where there is more to look at.
 */
function readOrdinary(raw: string): CanonicalQuery | undefined {
  const pairs: QueryPair[] = []
  let start = 0
  let equals = -1
  for (let i = 0; i <= raw.length; i++) {
    const code = i === raw.length ? AMPERSAND : raw.charCodeAt(i)
    if (code === EQUALS && equals < 0) equals = i
    else if (code === AMPERSAND) {
      const nameEnd = equals < 0 ? i : equals
      const name = raw.slice(start, nameEnd)
      if (i === start || isDangerousName(name) || pairs.length === MAX_ORDINARY) return undefined
      const value = equals < 0 ? '' : raw.slice(equals + 1, i)
      pairs.push([name, value, value])
      start = i + 1
      equals = -1
    } else if (ORDINARY[code] !== 1) return undefined
  }
  return { text: raw, pairs }
}

/** Whether a parameter name reaches into prototypes and the document does not declare it literally. */
export function isDangerousName(name: string, declaredNames?: ReadonlySet<string>): boolean {
  return name.length >= SHORTEST_DANGER && DANGEROUS.test(name) && declaredNames?.has(name) !== true
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
