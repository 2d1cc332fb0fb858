import { memo } from '../base/memo.ts'
import { isToken } from './chars.ts'
import { readParameters } from './parameters.ts'
import { readToken, skipOws } from './quoted-string.ts'

/** A parsed media type. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly essence: string
  readonly type: string
  readonly subtype: string
  /** Names in lower case, values as written. */
  readonly parameters: ReadonlyMap<string, string>
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map()
const MAX_LENGTH = 512

/**
 * Parses the value of one `Content-Type` field, strictly: exactly one type, no repeated parameter, no stray `;`.
 * @returns `undefined` when malformed. Never throws.
 * @see RFC 9110 section 8.3.1
 */
export function parseMediaType(text: string): MediaType | undefined {
  return remembered(text)
}

// Every message has one, and there are few different ones.
const remembered = memo(readMediaType, { maxEntries: 256, maxChars: 128 })

function readMediaType(text: string): MediaType | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const type = readToken(text, 0, '/')
  if (type === undefined || text.charCodeAt(type.end) !== 47) return undefined
  const subtype = readToken(text, type.end + 1, '; \t')
  if (subtype === undefined) return undefined
  const parameters = subtype.end === text.length ? NO_PARAMETERS : readParameters(text, subtype.end)
  if (parameters === undefined) return undefined
  const lowerType = type.value.toLowerCase()
  const lowerSubtype = subtype.value.toLowerCase()
  return {
    essence: `${lowerType}/${lowerSubtype}`,
    type: lowerType,
    subtype: lowerSubtype,
    parameters,
  }
}

/** Whether the type says UTF-8 or nothing about its charset; any other is refused [VAL-04]. */
export function isUtf8Charset({ parameters }: MediaType): boolean {
  const charset = parameters.get('charset')?.toLowerCase()
  return charset === undefined || charset === 'utf-8' || charset === 'utf8'
}

/** Whether bodies of the type (an essence in lower case) are JSON: `application/json` or any `+json`. */
export function isJson(essence: string): boolean {
  return essence === 'application/json' || essence === 'text/json' || essence.endsWith('+json')
}

/**
 * Finds the declared type or range that fits the actual one, the most specific first: exact, `type/*+suffix`, `type/*`,
 * `*` with suffix, all.
 * Parameters of declared types are not compared: documents write `application/json; charset=utf-8` and mean JSON.
 * @param declared keys of a `content` map as the document writes them.
 * @returns the declared entry as given, or `undefined`.
 */
export function matchMediaType(declared: readonly string[], actual: MediaType): string | undefined {
  let best: string | undefined
  let bestRank = 0
  for (const entry of declared) {
    const rank = matchRank(essenceOf(entry), actual)
    if (rank === EXACT) return entry
    if (rank > bestRank) {
      best = entry
      bestRank = rank
    }
  }
  return best
}

/** No range fits better than the type itself. */
const EXACT = 5

function matchRank(range: string, { essence, type, subtype }: MediaType): number {
  if (range === essence) return EXACT
  if (range === '*/*' || range === '*') return 1
  const slash = range.indexOf('/')
  const rangeType = range.slice(0, slash)
  const rangeSubtype = range.slice(slash + 1)
  if (rangeType !== '*' && rangeType !== type) return 0
  const isSuffix = rangeSubtype.startsWith('*+') && subtype.endsWith(rangeSubtype.slice(1))
  if (isSuffix) return rangeType === '*' ? 2 : 4
  return rangeSubtype === '*' ? 3 : 0
}

// The entries of the documents come back with each message.
const essenceOf = memo(readEssence, { maxEntries: 1024, maxChars: 256 })

function readEssence(entry: string): string {
  const end = entry.indexOf(';')
  return (end < 0 ? entry : entry.slice(0, end)).trim().toLowerCase()
}

/** One range of an `Accept` field. */
export interface AcceptRange {
  readonly essence: string
  /** Weight in thousandths, 0..1000. */
  readonly weight: number
}

const MAX_RANGES = 64

/**
 * Parses `Accept` (RFC 9110 section 12.5.1); malformed and surplus elements are left out, as the field is a wish.
 * @param text the value, or `undefined` for no field, which accepts everything.
 */
export function parseAccept(text: string | undefined): readonly AcceptRange[] {
  if (text === undefined) return [{ essence: '*/*', weight: 1000 }]
  const ranges: AcceptRange[] = []
  for (const element of text.split(',', MAX_RANGES)) {
    const start = skipOws(element, 0)
    const essence = essenceOf(element)
    const [type = '', subtype = ''] = essence.split('/')
    if (!isToken(type) || !isToken(subtype)) continue
    const semicolon = element.indexOf(';', start)
    const parameters = semicolon < 0 ? NO_PARAMETERS : readParameters(element, semicolon)
    const weight = parseWeight(parameters?.get('q') ?? '1')
    if (weight !== undefined) ranges.push({ essence, weight })
  }
  return ranges
}

/** Whether a client that sent `ranges` takes bodies of the type (an essence in lower case). */
export function accepts(ranges: readonly AcceptRange[], essence: string): boolean {
  const actual = parseMediaType(essence)
  if (actual === undefined) return false
  let rank = 0
  let weight = 0
  for (const range of ranges) {
    const own = matchRank(range.essence, actual)
    if (own <= rank) continue
    rank = own
    weight = range.weight
  }
  return weight > 0
}

function parseWeight(text: string): number | undefined {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text)
    ? Math.round(Number(text) * 1000)
    : undefined
}
