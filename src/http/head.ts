import { hasControl, isDigits, isToken } from './chars.ts'
import { FIELD, HeaderTable, isPlainName } from './header-table.ts'
import { connectionOptions, isProtectedOption } from './hop-by-hop.ts'
import { parseHost } from './host.ts'
import type { Host } from './host.ts'

/** Why a message head is refused. Every one of these closes the connection (h2: resets the stream). */
export interface WireFault {
  /** 405 needs `Allow`, which the caller adds. */
  readonly status: 400 | 405 | 414 | 417 | 431 | 501 | 505
  /** Stable code for the log. */
  readonly reason: WireReason
  /** What exactly, for the log; names fields, never holds a field's value. */
  readonly detail: string
}

/** The stable reasons of `checkHead`. */
export type WireReason =
  | 'http_version'
  | 'method'
  | 'target_too_long'
  | 'header_limit'
  | 'header_name'
  | 'header_value'
  | 'header_duplicate'
  | 'framing'
  | 'host'
  | 'hop_by_hop'
  | 'h2'
  | 'expect'

/** Bounds of a message head; all in bytes but `maxFields`. */
export interface HeadLimits {
  readonly maxTargetBytes: number
  readonly maxHeaderBytes: number
  readonly maxFieldBytes: number
  readonly maxFields: number
  readonly maxCookieBytes: number
}

/** The bounds of [WIRE-04]. */
const HEAD_LIMITS: HeadLimits = {
  maxTargetBytes: 8192,
  maxHeaderBytes: 16_384,
  maxFieldBytes: 8192,
  maxFields: 100,
  maxCookieBytes: 4096,
}

/** A message head as the transport's parser delivered it. */
export interface HeadInput {
  readonly method: string
  /** Request target as it stood on the wire; `:path` in h2. */
  readonly rawTarget: string
  /** As Node says it: `1.0`, `1.1`, `2.0`. */
  readonly httpVersion: string
  readonly headers: HeaderTable
  readonly transport: 'http1' | 'http2'
  /** `:authority` in h2. */
  readonly authority?: string | undefined
  /** Methods that exist at all; `STANDARD_METHODS` when left out. CONNECT, TRACE and TRACK stay refused. */
  readonly methods?: ReadonlySet<string>
  /** Further lower-case field names that `Connection` must not name, such as declared key headers. */
  readonly protectedFields?: ReadonlySet<string>
  readonly limits?: HeadLimits
  /** Whether a field's value was verified before, character for character: nothing is looked for in it again. */
  readonly isVerified?: (value: string) => boolean
}

/** Methods known without a document that declares more. */
export const STANDARD_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
])

const REFUSED_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])
const H2_CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
const SINGLE_FIELDS = ['content-type', 'origin', 'expect'] as const
const SINGLE = FIELD['content-type'] | FIELD.origin | FIELD.expect
const FRAMING_LOOKALIKES: ReadonlySet<string> = new Set([
  'transferencoding',
  'contentlength',
  'host',
  'connection',
])
/** Longest `Content-Length` that is exact in a double. */
const MAX_LENGTH_DIGITS = 15

/**
 * Checks one request head for everything that llhttp and nghttp2 let pass [WIRE-01..04, 07, 09], and again for most
 * of what they refuse. Target syntax is `canonicalTarget`'s part.
 * @returns `undefined`, or why the message is refused. Never throws.
 */
export function checkHead(input: HeadInput): WireFault | undefined {
  return (
    checkVersion(input) ??
    checkMethod(input) ??
    checkLimits(input.rawTarget, input.headers, input.limits ?? HEAD_LIMITS) ??
    checkFields(input) ??
    (input.transport === 'http1' ? checkFraming(input) : checkH2(input)) ??
    checkHost(input) ??
    checkConnection(input)
  )
}

/** What makes a closer look at a head worth it. */
const CLOSER = FIELD.connection | FIELD['transfer-encoding'] | FIELD.expect | FIELD.cookie

/**
 * What nearly all heads are: HTTP/1.1, nothing but visible ASCII in values, plain names, nothing of note said twice,
 * none of the fields that say how to read a message but a plain length. `methods`: none that `checkHead` refuses.
 * `checkHead` finds nothing in a head where this is true, under the limits of [WIRE-04].
 */
export function isOrdinaryHead(
  {
    method,
    rawTarget,
    httpVersion,
    headers,
  }: Pick<HeadInput, 'method' | 'rawTarget' | 'httpVersion' | 'headers'>,
  methods: ReadonlySet<string>,
): boolean {
  return (
    headers.isPrintable &&
    !headers.hasOddName &&
    headers.repeated === 0 &&
    (headers.known & CLOSER) === 0 &&
    httpVersion === '1.1' &&
    headers.pseudoFields === 0 &&
    rawTarget.charCodeAt(0) === 47 &&
    methods.has(method) &&
    checkLimits(rawTarget, headers, HEAD_LIMITS) === undefined &&
    checkContentLength(headers) === undefined &&
    parseHost(headers.get('host') ?? '') !== undefined
  )
}

/** The methods that `isOrdinaryHead` may be asked with, of those that are known. */
export function servedMethods(methods: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...methods].filter((method) => !REFUSED_METHODS.has(method)))
}

/**
 * The host a checked message is for: `Host`, or `:authority` in h2.
 * @returns `undefined` only for a head that `checkHead` refuses.
 */
export function effectiveHost(headers: HeaderTable, authority?: string): Host | undefined {
  return parseHost(authority ?? headers.get('host') ?? '')
}

function bad(reason: WireReason, detail: string): WireFault {
  return { status: 400, reason, detail }
}

function checkVersion({ httpVersion, transport, headers }: HeadInput): WireFault | undefined {
  const known =
    transport === 'http2'
      ? httpVersion === '2.0' || httpVersion === '2'
      : httpVersion === '1.1' || httpVersion === '1.0'
  if (!known) return { status: 505, reason: 'http_version', detail: 'version not served' }
  if (transport === 'http1' && headers.pseudoFields > 0) {
    return bad('header_name', 'pseudo-header field in HTTP/1')
  }
  return undefined
}

function checkMethod({ method, methods = STANDARD_METHODS }: HeadInput): WireFault | undefined {
  if (REFUSED_METHODS.has(method)) {
    return { status: method === 'CONNECT' ? 501 : 405, reason: 'method', detail: method }
  }
  if (methods.has(method)) return undefined
  if (!isToken(method)) return bad('method', 'method is not a token')
  // Methods are case-sensitive; nghttp2 lets `get` pass, and an upstream may fold it to GET.
  if (method !== method.toUpperCase()) return bad('method', 'method is not in upper case')
  return { status: 501, reason: 'method', detail: 'method not recognized' }
}

function checkLimits(
  target: string,
  headers: HeaderTable,
  limits: HeadLimits,
): WireFault | undefined {
  if (target.length > limits.maxTargetBytes) {
    return { status: 414, reason: 'target_too_long', detail: `target ${target.length} bytes` }
  }
  if (headers.size > limits.maxFields) return tooLarge(`${headers.size} fields`)
  if (headers.bytes > limits.maxHeaderBytes) return tooLarge(`header block ${headers.bytes} bytes`)
  if (headers.largestBytes > limits.maxFieldBytes) return tooLarge('one field over its limit')
  if ((headers.known & FIELD.cookie) === 0) return undefined
  let cookieBytes = 0
  for (const value of headers.all('cookie')) cookieBytes += value.length
  return cookieBytes > limits.maxCookieBytes ? tooLarge(`cookies ${cookieBytes} bytes`) : undefined
}

function tooLarge(detail: string): WireFault {
  return { status: 431, reason: 'header_limit', detail }
}

function checkFields({ headers, isVerified }: HeadInput): WireFault | undefined {
  const nameFault = headers.hasOddName ? checkNames(headers) : undefined
  if (nameFault !== undefined) return nameFault
  for (let i = 0; i < headers.size; i++) {
    const value = headers.valueAt(i)
    if (value.length > LONG_VALUE && isVerified?.(value) === true) continue
    if (hasControl(value)) return bad('header_value', headers.nameAt(i))
  }
  const name =
    (headers.repeated & SINGLE) === 0
      ? undefined
      : SINGLE_FIELDS.find((one) => (headers.repeated & FIELD[one]) !== 0)
  if (name !== undefined) return bad('header_duplicate', name)
  return (headers.known & FIELD.expect) === 0 ? undefined : checkExpect(headers.get('expect'))
}

/** From here on a look-up costs less than reading the value. */
const LONG_VALUE = 256

function checkNames(headers: HeaderTable): WireFault | undefined {
  for (let i = 0; i < headers.size; i++) {
    const name = headers.nameAt(i)
    if (!isToken(name)) return bad('header_name', 'field name is not a token')
    // `Transfer_Encoding` and `Content.Length` are the framing fields to a server that folds punctuation.
    if (isFramingLookalike(name)) return bad('framing', name)
  }
  return undefined
}

/** The fields themselves are no lookalikes: others check them. */
function isFramingLookalike(name: string): boolean {
  return !isPlainName(name) && FRAMING_LOOKALIKES.has(name.replaceAll(/[^a-z0-9]/g, ''))
}

function checkExpect(expect: string | undefined): WireFault | undefined {
  if (expect === undefined || expect.toLowerCase() === '100-continue') return undefined
  return { status: 417, reason: 'expect', detail: 'only 100-continue is known' }
}

/** RFC 9112 section 6: exactly one way to tell where the body ends. */
function checkFraming({ headers, httpVersion }: HeadInput): WireFault | undefined {
  if ((headers.known & FIELD['transfer-encoding']) !== 0) {
    if ((headers.repeated & FIELD['transfer-encoding']) !== 0)
      return bad('framing', 'transfer-encoding repeated')
    if (headers.get('transfer-encoding')?.toLowerCase() !== 'chunked') {
      return bad('framing', 'transfer-encoding other than chunked')
    }
    // RFC 9112 section 6.1: an HTTP/1.0 hop in between may have passed it on without understanding it.
    if (httpVersion === '1.0') return bad('framing', 'transfer-encoding in HTTP/1.0')
    if (headers.has('content-length'))
      return bad('framing', 'transfer-encoding with content-length')
  }
  return checkContentLength(headers)
}

function checkContentLength(headers: HeaderTable): WireFault | undefined {
  if ((headers.known & FIELD['content-length']) === 0) return undefined
  if ((headers.repeated & FIELD['content-length']) !== 0)
    return bad('framing', 'content-length repeated')
  const length = headers.get('content-length') ?? ''
  // A leading zero means octal to servers that read it with `strtol`.
  const hasLeadingZero = length.length > 1 && length.charCodeAt(0) === 48
  if (length.length > MAX_LENGTH_DIGITS || hasLeadingZero || !isDigits(length)) {
    return bad('framing', 'content-length is not a plain decimal number')
  }
  return undefined
}

/** RFC 9113 section 8.2.2: no connection-specific fields; `te` may only say `trailers`. */
function checkH2({ headers, rawTarget }: HeadInput): WireFault | undefined {
  if (rawTarget.charCodeAt(0) !== 47 && rawTarget !== '*') return bad('h2', ':path is not a path')
  for (let i = 0; i < headers.size; i++) {
    if (H2_CONNECTION_FIELDS.has(headers.nameAt(i))) return bad('h2', headers.nameAt(i))
  }
  const te = headers.get('te')
  if (te !== undefined && te !== 'trailers') return bad('h2', 'te')
  return checkContentLength(headers)
}

function checkHost(input: HeadInput): WireFault | undefined {
  const { headers, transport, authority, rawTarget } = input
  const hasHost = (headers.known & FIELD.host) !== 0
  if ((headers.repeated & FIELD.host) !== 0) return bad('host', 'host repeated')
  if (!hasHost && (transport === 'http1' || authority === undefined)) return bad('host', 'no host')
  const field = !hasHost ? undefined : parseHost(headers.get('host') ?? '')
  if (hasHost && field === undefined) return bad('host', 'host malformed')
  if (transport === 'http1') return checkAbsoluteForm(rawTarget, field)
  if (authority === undefined) return undefined
  const pseudo = parseHost(authority)
  if (pseudo === undefined) return bad('host', ':authority malformed')
  // RFC 9113 section 8.3.1: a request whose Host differs is malformed; each hop would choose its own.
  return field !== undefined && field.text !== pseudo.text ? bad('host', 'host differs') : undefined
}

/** RFC 9112 section 3.2.2: Host must be identical to the authority of the target. */
function checkAbsoluteForm(rawTarget: string, host: Host | undefined): WireFault | undefined {
  if (rawTarget.charCodeAt(0) === 47) return undefined
  const match = /^https?:\/\/([^/?#]*)/i.exec(rawTarget)
  if (match === null) return undefined
  const named = parseHost(match[1] ?? '')
  if (named === undefined) return bad('host', 'authority of the target malformed')
  return named.text === host?.text ? undefined : bad('host', 'target names another host')
}

/** More names than a message may have fields name nothing that is there. */
const MAX_OPTIONS = 100

function checkConnection({
  headers,
  transport,
  protectedFields,
}: HeadInput): WireFault | undefined {
  if (transport === 'http2' || (headers.known & FIELD.connection) === 0) return undefined
  const options = connectionOptions(headers)
  if (options === undefined) return bad('hop_by_hop', 'connection is not a list of tokens')
  if (options.length > MAX_OPTIONS)
    return bad('hop_by_hop', `connection has ${options.length} names`)
  const named = options.find((option) => isProtectedOption(option, protectedFields))
  return named === undefined ? undefined : bad('hop_by_hop', `connection names ${named}`)
}
