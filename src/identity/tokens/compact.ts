import { memo } from '../../base/memo.ts'
import { ALPHANUMERIC } from '../../http/chars.ts'
import type { JsonLimits } from '../../http/json-limits.ts'
import { parseJsonStrict } from '../../http/json-scan.ts'

/** Longest token, in characters [TOK-01]. */
const MAX_TOKEN_CHARS = 8192
/** Longest `kid`. */
const MAX_KID_CHARS = 256

/** Bounds of header and claims; a token of 8 KiB cannot need more. */
const TOKEN_JSON: JsonLimits = {
  maxDepth: 16,
  maxNodes: 2000,
  maxKeyChars: 256,
  maxStringChars: MAX_TOKEN_CHARS,
  maxNumberChars: 40,
}

/** A JSON object whose names come from outside; look only at own properties. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A JWS in compact form that only one reader could read in one way. Nothing in it is verified. */
export interface CompactToken {
  readonly text: string
  /** How many characters of `text` are signed: all before the second dot. */
  readonly signedChars: number
  readonly alg: string
  readonly kid: string | undefined
  /** Media type in lower case, without `application/`; `undefined` when there is none. */
  readonly typ: string | undefined
  readonly payload: Buffer
  readonly signature: Buffer
}

/** Why a token cannot even be looked at. */
export interface CompactFault {
  readonly reason: 'token_malformed' | 'token_alg' | 'token_key' | 'token_type'
  readonly detail: string
}

/**
 * Takes a compact JWS apart, strictly: at most 8 KiB, three canonical base64url parts, header strict JSON without
 * repeated members, `alg` a string, `kid` a string of at most 256 characters, no `crit`, `b64` or `zip`, not nested.
 * `jku`, `x5u`, `jwk` and `x5c` are never looked at. Never throws; linear time.
 * @see RFC 7515 sections 4.1, 5.2, RFC 8725 section 3
 */
export function parseCompact(text: string): CompactToken | CompactFault {
  if (text.length > MAX_TOKEN_CHARS) return malformed('longer than 8192 characters')
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first < 0 || second < 0 || text.includes('.', second + 1)) return malformed('not three parts')
  if (!mayBeCanonical(text)) return NOT_CANONICAL
  const header = headerOf(text.slice(0, first))
  const payload = decodeCanonical(text.slice(first + 1, second))
  const signature = decodeCanonical(text.slice(second + 1))
  if (header === NOT_CANONICAL || payload === undefined || signature === undefined)
    return NOT_CANONICAL
  if (signature.length === 0) return malformed('no signature')
  if ('reason' in header) return header
  const { alg, kid, typ } = header
  return { text, signedChars: second, alg, kid, typ, payload, signature }
}

/** A strict JSON object; `undefined` for anything else, repeated members included. */
export function parseObject(bytes: Buffer): JsonObject | undefined {
  const result = parseJsonStrict(bytes, TOKEN_JSON)
  if (result.fault !== undefined) return undefined
  return isObject(result.value) ? result.value : undefined
}

/**
 * As `parseObject`; the object has no prototype, so that each name that is there came with it. In place: a copy without
 * a prototype is a hash table, which takes three times the memory for each token held.
 */
export function parseClaims(bytes: Buffer): JsonObject | undefined {
  const claims = parseObject(bytes)
  return claims && (Object.setPrototypeOf(claims, null) as JsonObject)
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The own property, so that `constructor` and its like are not there. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Value of each character of the alphabet of RFC 4648 section 5; 255 for every other one. */
const SEXTETS: Uint8Array = sextets()

function sextets(): Uint8Array {
  const table = new Uint8Array(128).fill(255)
  const order = `${ALPHANUMERIC.slice(0, 52)}0123456789-_`
  for (let value = 0; value < order.length; value++) table[order.charCodeAt(value)] = value
  return table
}

/** By how many characters follow the last four: the bits of the very last one that hold nothing. */
const STRAY_BITS: readonly number[] = [0, 0, 0b1111, 0b11]

/**
 * Of a part of a text of which `mayBeCanonical`: `undefined` unless it is exactly what an encoder writes, without
 * padding or stray bits. The decoder leaves out what it does not know, and stops at padding: then it gives fewer bytes
 * than so many characters hold.
 */
function decodeCanonical(part: string): Buffer | undefined {
  const { length } = part
  const over = length & 3
  // RFC 4648 section 3.5; a single character over holds no byte.
  const stray = STRAY_BITS[over] ?? 0
  if (over === 1 || ((SEXTETS[part.charCodeAt(length - 1)] ?? 255) & stray) !== 0) return undefined
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length === (length * 3) >> 2 ? bytes : undefined
}

/**
 * Whether a text holds nothing that the decoder reads as a character of the alphabet though it is none: the two of the
 * other alphabet, and what is beyond ASCII, of which it may look at the lower half alone.
 */
function mayBeCanonical(text: string): boolean {
  return Buffer.byteLength(text) === text.length && !text.includes('+') && !text.includes('/')
}

function malformed(detail: string): CompactFault {
  return { reason: 'token_malformed', detail }
}

const NOT_CANONICAL = malformed('a part is no canonical base64url')

type Header = Pick<CompactToken, 'alg' | 'kid' | 'typ'>

/** All tokens of one key have the same header. */
const headerOf = memo(readHeader, { maxEntries: 256, maxChars: 512 })

function readHeader(part: string): Header | CompactFault {
  const bytes = decodeCanonical(part)
  if (bytes === undefined) return NOT_CANONICAL
  const header = parseObject(bytes)
  return header === undefined ? malformed('header is no strict JSON object') : checkHeader(header)
}

function checkHeader(header: JsonObject): Header | CompactFault {
  // RFC 7515 4.1.11: an extension not understood is refused; none is understood here, so an empty list is wrong too.
  for (const name of ['crit', 'b64', 'zip'])
    if (Object.hasOwn(header, name)) return malformed(`header names ${name}`)
  const alg = member(header, 'alg')
  if (typeof alg !== 'string') return { reason: 'token_alg', detail: 'alg is no string' }
  const kid = member(header, 'kid')
  const isKid = kid === undefined || (typeof kid === 'string' && kid.length <= MAX_KID_CHARS)
  if (!isKid) return { reason: 'token_key', detail: 'kid is no short string' }
  const typ = member(header, 'typ')
  if (typ !== undefined && typeof typ !== 'string')
    return { reason: 'token_type', detail: 'typ is no string' }
  const cty = member(header, 'cty')
  if (typeof cty === 'string' && /jwt$/i.test(cty))
    return { reason: 'token_type', detail: 'a token inside a token' }
  return { alg, kid, typ: typ?.toLowerCase().replace(/^application\//, '') }
}
