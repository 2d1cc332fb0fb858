import { memo } from '../../base/memo.ts'
import { inOnePiece } from '../../base/one-piece.ts'
import { hasControl, isToken, trimOws } from '../../http/chars.ts'
import { STATIC_COUNT, STATIC_NAMES } from './static-table.ts'

/** Fields of one HTTP/1.1 connection (RFC 9113 section 8.2.2), and the length, which is said anew. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'content-length',
])
/** Values that no hop may put into a table (RFC 7541 section 7.1.3). */
const SECRET: ReadonlySet<string> = new Set([
  'set-cookie',
  'set-cookie2',
  'authorization',
  'cookie',
  'authentication-info',
  'proxy-authorization',
  'proxy-authentication-info',
])
/**
 * Fields that are alike in many answers and tell nothing of whom they are for. No other enters the table: what shares a
 * table with secrets could be guessed by the length of what comes next (RFC 7541 section 7.1).
 */
const REPEATED: ReadonlySet<string> = new Set([
  'accept-ranges',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'access-control-max-age',
  'allow',
  'alt-svc',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-security-policy',
  'content-type',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'permissions-policy',
  'pragma',
  'ratelimit-policy',
  'referrer-policy',
  'server',
  'strict-transport-security',
  'vary',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
])
const MAX_REMEMBERED_CHARS = 512
const MAX_REMEMBERED = 1_024
/** Places in a head at which the last two fields are found by comparing. */
const MAX_PLACES = 32

/** What is known of a field's name. */
interface FieldName {
  readonly raw: string
  readonly lower: string
  readonly kind: 'plain' | 'date' | 'left out' | 'impossible'
  readonly isRepeated: boolean
  /** The literal's beginning, up to the value: not for the table, and for it. */
  readonly plain: string
  readonly added: string
}

const fieldName = memo(describeName, { maxEntries: 1_024, maxChars: 64 })

/** A field that may stand in the table: one object for each name and value, as long as it is remembered. */
export interface RepeatedField {
  readonly value: string
  /** As a literal that leaves the table alone. */
  readonly literal: string
  /** As a literal that enters the table. */
  readonly added: string
  /** What it takes of the table. */
  readonly bytes: number
  uses: number
}

/** A number of HPACK behind the marks of its first byte, as latin1 (RFC 7541 section 5.1). */
export function hpackNumber(value: number, bits: number, marks: number): string {
  const most = (1 << bits) - 1
  if (value < most) return String.fromCharCode(marks | value)
  let text = String.fromCharCode(marks | most)
  let rest = value - most
  while (rest >= 128) {
    text += String.fromCharCode((rest & 127) | 128)
    rest = Math.floor(rest / 128)
  }
  return text + String.fromCharCode(rest)
}

const LENGTHS: readonly string[] = Array.from({ length: 256 }, (_, n) => hpackNumber(n, 7, 0))

/** A text as it is, without Huffman code: that would cost more time than it saves bytes. */
function hpackText(text: string): string {
  const { length } = text
  return (LENGTHS[length] ?? hpackNumber(length, 7, 0)) + text
}

function describeName(name: string): FieldName {
  const lower = name.toLowerCase()
  const index = STATIC_NAMES.get(lower) ?? 0
  const text = index === 0 ? hpackText(lower) : ''
  return {
    raw: name,
    lower,
    kind: kindOf(lower),
    isRepeated: REPEATED.has(lower),
    plain: hpackNumber(index, 4, SECRET.has(lower) ? 0x10 : 0) + text,
    added: hpackNumber(index, 6, 0x40) + text,
  }
}

function kindOf(lower: string): FieldName['kind'] {
  if (LEFT_OUT.has(lower)) return 'left out'
  if (lower === 'date') return 'date'
  return isToken(lower) ? 'plain' : 'impossible'
}

/** A field as `AnswerFields` gives it: bytes, or what may be a place in the table. */
export type AnswerField = string | RepeatedField

interface Place {
  readonly name: string
  readonly value: string
  readonly field: RepeatedField
}

/** The fields of answers as HPACK, and memory of those that come again and again. One for all connections. */
class FieldMemory {
  readonly #places: (Place | undefined)[] = Array.from({ length: 2 * MAX_PLACES })
  readonly #known = new Map<string, Map<string, RepeatedField>>()
  #count = 0

  /** @throws TypeError for what cannot stand in a head. */
  field(place: number, name: string, value: string): AnswerField {
    const at = place < MAX_PLACES ? 2 * place : 0
    const last = this.#places[at]
    if (last?.value === value && last.name === name) return last.field
    const other = this.#places[at + 1]
    if (other?.value === value && other.name === name) return other.field
    const known = fieldName(name)
    if (known.kind === 'left out') return ''
    if (known.kind === 'impossible' || hasControl(value)) throw new TypeError('field of an answer')
    const text = trimOws(value)
    if (!known.isRepeated || text.length > MAX_REMEMBERED_CHARS)
      return known.plain + hpackText(text)
    const field = this.#repeated(known, text)
    // A value with white space around it is made anew each time.
    if (text.length !== value.length) return field
    this.#places[at + 1] = last
    this.#places[at] = { name: known.raw, value: field.value, field }
    return field
  }

  #repeated({ lower, plain, added }: FieldName, text: string): RepeatedField {
    let values = this.#known.get(lower)
    let field = values?.get(text)
    if (field !== undefined) return field
    if (this.#count >= MAX_REMEMBERED) {
      this.#known.clear()
      this.#count = 0
      values = undefined
    }
    if (values === undefined) this.#known.set(lower, (values = new Map()))
    // It may be cut out of a message, which must not be kept with it.
    const value = inOnePiece(text)
    const written = hpackText(value)
    const bytes = lower.length + value.length + 32
    field = { value, literal: plain + written, added: added + written, bytes, uses: 0 }
    values.set(value, field)
    this.#count += 1
    return field
  }
}

const memory = new FieldMemory()

/** One field of an answer; empty where it stays behind. @throws TypeError for what cannot stand in a head. */
export function answerField(place: number, name: string, value: string): AnswerField {
  return memory.field(place, name, value)
}

/** Whether the API said the time itself. */
export function isDate(name: string): boolean {
  return name.length === 4 && fieldName(name).kind === 'date'
}

/** Trailers as a block that leaves the table alone; what could not stand there is left out (RFC 9110 section 6.5). */
export function trailerBlock(trailers: readonly string[]): string {
  let block = ''
  for (let i = 0; i + 1 < trailers.length; i += 2) {
    const { kind, plain } = fieldName(trailers[i] ?? '')
    const value = trailers[i + 1] ?? ''
    if (kind === 'plain' && !hasControl(value)) block += plain + hpackText(trimOws(value))
  }
  return block
}

const statusBlocks: string[] = []

/** `:status` as HPACK. */
export function statusField(status: number): string {
  return (statusBlocks[status] ??= describeStatus(status))
}

const STATIC_STATUS: readonly number[] = [200, 204, 206, 304, 400, 404, 500]
const FIRST_STATUS = 8

function describeStatus(status: number): string {
  const place = STATIC_STATUS.indexOf(status)
  if (place >= 0) return hpackNumber(FIRST_STATUS + place, 7, 0x80)
  return hpackNumber(FIRST_STATUS, 4, 0) + hpackText(String(status))
}

const LENGTH_NAME = hpackNumber(STATIC_NAMES.get('content-length') ?? 0, 4, 0)

/** `content-length` as HPACK. */
export function lengthField(length: number): string {
  return LENGTH_NAME + hpackText(String(length))
}

const DATE_NAME = hpackNumber(STATIC_NAMES.get('date') ?? 0, 4, 0)
let dateSecond = -1
let dateText = ''

/** `date` as HPACK, written once a second. */
export function dateField(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = DATE_NAME + hpackText(new Date(nowMs).toUTCString())
  }
  return dateText
}

/** A place in both tables; the newest of the dynamic one is `STATIC_COUNT + 1`. */
export function indexedField(index: number): string {
  return (indexed[index] ??= hpackNumber(index, 7, 0x80))
}

const indexed: string[] = Array.from({ length: STATIC_COUNT + 1 }, (_, n) =>
  hpackNumber(n, 7, 0x80),
)
