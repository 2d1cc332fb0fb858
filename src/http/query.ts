import { ALPHANUMERIC, charTable } from './chars.ts'
import { canonicalPercent, formDecode } from './percent.ts'
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
export const MAX_QUERY_PARAMETERS: number = 100
/** Most pieces between `&`, empty ones too: nobody means them, yet each has to be looked at. */
export const MAX_PIECES: number = 1000

const NO_QUERY: CanonicalQuery = { text: '', pairs: [] }

/** `;` is encoded although RFC 3986 allows it: older frameworks split on it, which hides a duplicate. */
export const QUERY_SET: CharSet = {
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
  const pieces = piecesOf(raw)
  if (pieces === undefined) return { fault: 'too_many_parameters' }
  const texts: string[] = []
  const pairs: QueryPair[] = []
  for (const piece of pieces) {
    const whole = canonicalPercent(piece, QUERY_SET)
    if ('fault' in whole) return whole
    const pair = readPair(whole.text)
    if (isDangerousName(pair[0], declaredNames)) return { fault: 'dangerous_name' }
    texts.push(whole.text)
    pairs.push(pair)
  }
  return { text: texts.join('&'), pairs }
}

/** What stands between `&`, without empty pieces; `undefined` for too many. An encoded `&` is none. */
function piecesOf(raw: string): readonly string[] | undefined {
  const pieces: string[] = []
  let start = 0
  for (let count = 0; start <= raw.length; count++) {
    const mark = raw.indexOf('&', start)
    const end = mark < 0 ? raw.length : mark
    if (end > start) pieces.push(raw.slice(start, end))
    if (count === MAX_PIECES || pieces.length > MAX_QUERY_PARAMETERS) return undefined
    start = end + 1
  }
  return pieces
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
  if (name.length < SHORTEST_DANGER) return false
  // A search for words costs a tenth of a regular expression, which names of a megabyte would feel.
  if (!name.includes('proto') && !name.includes('constructor')) return false
  return DANGEROUS.test(name) && declaredNames?.has(name) !== true
}

function readPair(text: string): QueryPair {
  const equals = text.indexOf('=')
  const rawValue = equals < 0 ? '' : text.slice(equals + 1)
  return [formDecode(equals < 0 ? text : text.slice(0, equals)), formDecode(rawValue), rawValue]
}
