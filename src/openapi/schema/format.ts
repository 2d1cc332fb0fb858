import { isHostname, isIpv4, isIpv6 } from './format-host.ts'
import { isEmail, isUri } from './format-uri.ts'

/** A `format` that is asserted; other values than its kind pass. */
export type Format =
  | { readonly kind: 'string'; readonly test: (text: string) => boolean }
  | { readonly kind: 'number'; readonly test: (value: number) => boolean }

/** Longer texts are no date, address or identifier; the limit keeps every test below cheap. */
const MAX_LENGTH = 8192

const text = (test: (text: string) => boolean): Format => ({
  kind: 'string',
  test: (value) => value.length <= MAX_LENGTH && test(value),
})
const matches = (pattern: RegExp): Format => text((value) => pattern.test(value))
const number = (test: (value: number) => boolean): Format => ({ kind: 'number', test })

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const DURATION =
  /^P(?:\d+W|(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?|T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))$/

/**
 * The formats that are asserted (JSON Schema Validation section 7.3 and the OpenAPI format registry).
 * `int64` is a range check only: beyond 2^53 the parsed number may already be rounded.
 */
export const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['date', text(isDate)],
  ['time', text(isTime)],
  ['date-time', text(isDateTime)],
  ['duration', matches(DURATION)],
  ['uuid', matches(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i)],
  ['email', text(isEmail)],
  ['hostname', text(isHostname)],
  ['ipv4', text(isIpv4)],
  ['ipv6', text(isIpv6)],
  ['uri', text((value) => isUri(value, true))],
  ['uri-reference', text((value) => isUri(value, false))],
  ['json-pointer', matches(/^(?:\/(?:[^~/]|~[01])*)*$/)],
  // Base64 of a whole file may stand here, so no limit but the body's.
  ['byte', { kind: 'string', test: isBase64 }],
  ['decimal', matches(/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i)],
  ['int32', number((value) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31)],
  ['int64', number((value) => Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63)],
])

/** RFC 3339 section 5.6, `full-date`. */
function isDate(value: string): boolean {
  return value.length === 10 && hasDate(value)
}

// Times stand in many bodies, several times: read digit by digit they cost a quarter of a regular expression.

const DASH = 45
const COLON = 58
const DOT = 46

/** The number that two digits write, -1 where they are none. */
function pairAt(value: string, at: number): number {
  const tens = value.charCodeAt(at) - 48
  const ones = value.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/** Whether a date stands at the front. */
function hasDate(value: string): boolean {
  const [century, years] = [pairAt(value, 0), pairAt(value, 2)]
  const [month, day] = [pairAt(value, 5), pairAt(value, 8)]
  if (century < 0 || years < 0 || month < 0 || day < 1) return false
  if (value.charCodeAt(4) !== DASH || value.charCodeAt(7) !== DASH) return false
  const year = century * 100 + years
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= (month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0))
}

/** RFC 3339 section 5.6, `full-time`; 23:59:60 UTC is a leap second (section 5.7). */
function isTime(value: string): boolean {
  return isTimeFrom(value, 0)
}

/** The same for what stands from `at` on. */
function isTimeFrom(value: string, at: number): boolean {
  const [hour, minute, second] = [pairAt(value, at), pairAt(value, at + 3), pairAt(value, at + 6)]
  if (hour < 0 || minute < 0 || second < 0) return false
  if (value.charCodeAt(at + 2) !== COLON || value.charCodeAt(at + 5) !== COLON) return false
  const offset = offsetAt(value, fractionEnd(value, at + 8))
  if (offset === undefined || hour > 23 || minute > 59) return false
  if (second < 60) return true
  const utc = (hour * 60 + minute - offset + 2880) % 1440
  return second === 60 && utc === 1439
}

/** Where a fraction of a second ends that begins at `at`; `at` where none does. */
function fractionEnd(value: string, at: number): number {
  if (value.charCodeAt(at) !== DOT) return at
  let end = at + 1
  while (isDigit(value.charCodeAt(end))) end += 1
  return end === at + 1 ? at : end
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Minutes that a time is ahead of UTC, as its end from `at` on says; `undefined`: it says nothing. */
function offsetAt(value: string, at: number): number | undefined {
  const sign = value[at]
  if (sign === 'Z' || sign === 'z') return value.length === at + 1 ? 0 : undefined
  if ((sign !== '+' && sign !== '-') || value.length !== at + 6) return undefined
  const [hour, minute] = [pairAt(value, at + 1), pairAt(value, at + 4)]
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return undefined
  if (value.charCodeAt(at + 3) !== COLON) return undefined
  return (hour * 60 + minute) * (sign === '-' ? -1 : 1)
}

/** RFC 3339 section 5.6, `date-time`; `t` and `z` may be lower case. */
function isDateTime(value: string): boolean {
  const mark = value[10]
  return (mark === 'T' || mark === 't') && hasDate(value) && isTimeFrom(value, 11)
}

/** Up to here a loop is done before a regular expression has begun. */
const SHORT_BASE64 = 64
const EQUALS = 61
const BASE64 = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z\d+/]/.test(String.fromCharCode(code)) ? 1 : 0,
)

/** RFC 4648 section 4: padded, no line breaks. */
function isBase64(value: string): boolean {
  const { length } = value
  if (length % 4 !== 0) return false
  if (length > SHORT_BASE64) return /^[A-Za-z\d+/]*={0,2}$/.test(value)
  let end = length
  while (end > 0 && end > length - 2 && value.charCodeAt(end - 1) === EQUALS) end--
  for (let at = 0; at < end; at++) if (BASE64[value.charCodeAt(at)] !== 1) return false
  return true
}
