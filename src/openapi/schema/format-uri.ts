import { isHostname, isIpv4, isIpv6, isOf, KIND } from './format-host.ts'

const PERCENT = 37
const SLASH = 47
const COLON = 58
const OPEN_BRACKET = 91

// RFC 3986 appendix A, by the characters of each part.
const SCHEME = 1
const PATH = 2
const QUERY = 4
const USERINFO = 8
const REG_NAME = 16
/** RFC 5321 section 4.1.2, `atext`. */
const ATOM = 32

const PARTS: readonly (readonly [part: number, chars: RegExp])[] = [
  [SCHEME, /[a-z\d+.-]/i],
  [PATH, /[\w.~!$&'()*+,;=:@/-]/],
  [QUERY, /[\w.~!$&'()*+,;=:@/?-]/],
  [USERINFO, /[\w.~!$&'()*+,;=:-]/],
  [REG_NAME, /[\w.~!$&'()*+,;=-]/],
  [ATOM, /[\w!#$%&'*+/=?^`{|}~-]/],
]
const CHARS = Uint8Array.from({ length: 128 }, (_, code) =>
  PARTS.reduce(
    (bits, [part, chars]) => (chars.test(String.fromCharCode(code)) ? bits | part : bits),
    0,
  ),
)

/** Where what stands from `from` on is no longer of a part, at most `to`. */
function endOf(text: string, part: number, from: number, to: number): number {
  let at = from
  while (at < to) {
    const code = text.charCodeAt(at)
    if (((CHARS[code] ?? 0) & part) !== 0) at++
    else if (code === PERCENT && at + 2 < to && isEscape(text, at)) at += 3
    else return at
  }
  return at
}

function isEscape(text: string, at: number): boolean {
  return isOf(text.charCodeAt(at + 1), KIND.hex) && isOf(text.charCodeAt(at + 2), KIND.hex)
}

/** RFC 3986 sections 3 and 4.1. */
export function isUri(text: string, needsScheme: boolean): boolean {
  let end = text.length
  const hash = text.indexOf('#')
  if (hash >= 0) {
    if (endOf(text, QUERY, hash + 1, end) < end) return false
    end = hash
  }
  const question = text.indexOf('?')
  if (question >= 0 && question < end) {
    if (endOf(text, QUERY, question + 1, end) < end) return false
    end = question
  }
  const start = schemeEnd(text, end)
  if (needsScheme && start === 0) return false
  if (start + 1 < end && text.charCodeAt(start) === SLASH && text.charCodeAt(start + 1) === SLASH)
    return isAuthorityAndPath(text, start + 2, end)
  return (start > 0 || !hasEarlyColon(text, end)) && endOf(text, PATH, start, end) === end
}

/** Behind the colon of the scheme; 0 where there is none. */
function schemeEnd(text: string, end: number): number {
  const first = text.charCodeAt(0)
  if (!isOf(first, KIND.alphanumeric) || isOf(first, KIND.digit)) return 0
  let at = 1
  while (at < end && ((CHARS[text.charCodeAt(at)] ?? 0) & SCHEME) !== 0) at++
  return at < end && text.charCodeAt(at) === COLON ? at + 1 : 0
}

/** RFC 3986 4.2: the first segment of a relative path holds no colon. */
function hasEarlyColon(text: string, end: number): boolean {
  const colon = text.indexOf(':')
  if (colon < 0 || colon >= end) return false
  const slash = text.indexOf('/')
  return slash < 0 || colon < slash
}

function isAuthorityAndPath(text: string, start: number, end: number): boolean {
  const slash = text.indexOf('/', start)
  const to = slash < 0 || slash > end ? end : slash
  const mark = text.lastIndexOf('@', to - 1)
  const host = mark < start ? start : mark + 1
  if (mark >= start && endOf(text, USERINFO, start, mark) < mark) return false
  return isHostAndPort(text, host, to) && endOf(text, PATH, to, end) === end
}

function isHostAndPort(text: string, start: number, to: number): boolean {
  let at = start
  if (start < to && text.charCodeAt(start) === OPEN_BRACKET) {
    const close = text.indexOf(']', start)
    if (close < 0 || close >= to || !isIpv6(text, start + 1, close)) return false
    at = close + 1
  } else at = endOf(text, REG_NAME, start, to)
  if (at === to) return true
  if (text.charCodeAt(at) !== COLON) return false
  for (at++; at < to; at++) if (!isOf(text.charCodeAt(at), KIND.digit)) return false
  return true
}

const MAX_LOCAL = 64
const MAX_EMAIL = 320
const QUOTE = 34
const BACKSLASH = 92
const DOT = 46

/** RFC 5321 section 4.1.2, `Mailbox`, with dot-strings and simple quoted strings. */
export function isEmail(text: string): boolean {
  if (text.length > MAX_EMAIL) return false
  const mark = text.lastIndexOf('@')
  if (mark < 1 || mark > MAX_LOCAL || !isLocal(text, mark)) return false
  if (text.charCodeAt(mark + 1) !== OPEN_BRACKET) return isHostname(text, mark + 1)
  if (!text.endsWith(']')) return false
  const last = text.length - 1
  return text.startsWith('[IPv6:', mark + 1)
    ? isIpv6(text, mark + 7, last)
    : isIpv4(text, mark + 2, last)
}

function isLocal(text: string, end: number): boolean {
  if (text.charCodeAt(0) === QUOTE) return isQuoted(text, end)
  let start = 0
  for (let at = 0; at <= end; at++) {
    const code = at === end ? DOT : text.charCodeAt(at)
    if (code === DOT) {
      if (at === start) return false
      start = at + 1
    } else if (((CHARS[code] ?? 0) & ATOM) === 0) return false
  }
  return true
}

/** Printable ASCII between quotes; a quote or a backslash behind a backslash. */
function isQuoted(text: string, end: number): boolean {
  if (end < 2 || text.charCodeAt(end - 1) !== QUOTE) return false
  for (let at = 1; at < end - 1; at++) {
    const isEscaped = text.charCodeAt(at) === BACKSLASH
    if (isEscaped && ++at === end - 1) return false
    const code = text.charCodeAt(at)
    if (code < 32 || code > 126 || (code === QUOTE && !isEscaped)) return false
  }
  return true
}
