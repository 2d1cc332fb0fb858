import { parseAddress } from '../base/address.ts'
import { ALPHANUMERIC, charTable, isDigits } from './chars.ts'
import { plainHost } from './plain-host.ts'

/** Why a URL in a request is refused; stable codes for the log. */
export type UrlFault =
  | 'malformed'
  | 'scheme'
  | 'user_info'
  | 'port'
  | 'host_not_allowed'
  | 'ip_literal'
  | 'private_name'

/** Settings of `urlFault`. */
export interface UrlRules {
  /**
   * The only hosts allowed, lower case, `host` (port 443) or `host:port`; the operator's word overrules the checks on
   * addresses, private names and, where the port is named, on plain http. Left out or empty: any public name.
   */
  readonly allowHosts?: ReadonlySet<string>
}

const MAX_URL = 2048
const AUTHORITY_CHAR = charTable(`${ALPHANUMERIC}.-_:[]`)
/**
 * Ends of names that lead inside: private use, or public services that answer with whatever address the name spells.
 * `assembly/leads.ts` knows them too.
 */
export const PRIVATE_SUFFIXES: ReadonlySet<string> = new Set(
  (
    'localhost local localdomain internal intranet lan home corp private home.arpa in-addr.arpa ip6.arpa onion ' +
    'nip.io sslip.io xip.io localtest.me lvh.me vcap.me lacolhost.com yoogle.com readme.localtest.me ' +
    'local.gd 1u.ms rbndr.us traefik.me fbi.com.localhost svc cluster.local consul'
  ).split(' '),
)
/** The same by their last labels: nearly all names end with none of these. */
const PRIVATE_ENDS = new Map<string, readonly string[]>()
for (const suffix of PRIVATE_SUFFIXES) {
  const last = suffix.slice(suffix.lastIndexOf('.') + 1)
  PRIVATE_ENDS.set(last, [...(PRIVATE_ENDS.get(last) ?? []), suffix])
}
const HTTPS = 'https://'
const ZERO = 48
const NINE = 57
const COLON = 58
const LETTER_A = 97
const LETTER_Z = 122

/**
 * Judges a URL that the API may go and fetch [VAL-07]: https, no user information, port 443, a public name in plain
 * ASCII. Every IP literal is refused, in every spelling a resolver takes (decimal, octal, hexadecimal, short, mapped).
 * A name may still resolve to an inside address: whoever connects must check the address again.
 * @returns `undefined`, or why it is refused. Never throws.
 */
export function urlFault(text: string, rules?: UrlRules): UrlFault | undefined {
  if (!isUrlText(text)) return 'malformed'
  return isUsualUrl(text, rules) ? undefined : originFault(text, rules)
}

/**
 * Whether a text is as long as a URL may be and has nothing in it that parsers disagree about: backslashes, tabs, line
 * feeds; non-ASCII hosts hide dots and digits.
 */
export function isUrlText(text: string): boolean {
  if (text.length > MAX_URL) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 32 || code > 126 || code === 92) return false
  }
  return true
}

/** `urlFault` of what `isUrlText`: what stands before the path decides it. */
export function originFault(text: string, rules?: UrlRules): UrlFault | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?/.exec(text)
  if (match === null) return 'malformed'
  const scheme = match[1]?.toLowerCase()
  if (scheme !== 'https' && !isAllowedPlain(text, scheme, rules)) return 'scheme'
  const authority = match[2]?.toLowerCase() ?? ''
  if (authority.includes('@')) return 'user_info'
  if (authority === '' || !isAuthorityText(authority) || !URL.canParse(text)) {
    return looksNumeric(authority) ? 'ip_literal' : 'malformed'
  }
  return scheme === 'https' ? hostFault(authority, rules?.allowHosts) : undefined
}

/**
 * Whether what `isUrlText` is what nearly all URLs are, so that nothing more has to be asked: https, a public name that
 * every parser reads alike, no port but 443.
 */
export function isUsualUrl(text: string, rules?: UrlRules): boolean {
  if (rules?.allowHosts !== undefined && rules.allowHosts.size > 0) return false
  if (!text.startsWith(HTTPS) && !/^https:\/\//i.test(text)) return false
  const host = plainHost(text, HTTPS.length)
  // A last label of letters; the only other plain hosts are addresses.
  if (host === undefined || isDigit(host.charCodeAt(host.length - 1))) return false
  if (host.includes('xn--') || isPrivateName(host)) return false
  const end = HTTPS.length + host.length
  if (text.charCodeAt(end) !== COLON) return true
  return text.startsWith(':443', end) && !isDigit(text.charCodeAt(end + 4))
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

/** `http://billing.internal:8080/` where the operator names `billing.internal:8080`; port 80 must be named too. */
function isAllowedPlain(
  text: string,
  scheme: string | undefined,
  rules: UrlRules | undefined,
): boolean {
  if (scheme !== 'http' || rules?.allowHosts === undefined) return false
  const url = URL.parse(text)
  return url !== null && rules.allowHosts.has(`${url.hostname}:${url.port || '80'}`)
}

function hostFault(
  authority: string,
  allowHosts: ReadonlySet<string> | undefined,
): UrlFault | undefined {
  const colon = authority.lastIndexOf(':')
  const hasPort = colon > authority.lastIndexOf(']')
  const host = hasPort ? authority.slice(0, colon) : authority
  const port = hasPort ? authority.slice(colon + 1) : '443'
  if (!isDigits(port)) return 'malformed'
  if (allowHosts !== undefined && allowHosts.size > 0) {
    const isAllowed = allowHosts.has(`${host}:${port}`) || (port === '443' && allowHosts.has(host))
    return isAllowed ? undefined : 'host_not_allowed'
  }
  return innerFault(host) ?? (port === '443' ? undefined : 'port')
}

/** Why a host, in lower case, may lead inside: it is an address, or no public name. */
export function innerFault(host: string): 'ip_literal' | 'private_name' | undefined {
  if (host.startsWith('[') || looksNumeric(host)) return 'ip_literal'
  return isPublicName(host) ? undefined : 'private_name'
}

function isAuthorityText(authority: string): boolean {
  for (let i = 0; i < authority.length; i++) {
    if (AUTHORITY_CHAR[authority.charCodeAt(i)] !== 1) return false
  }
  return true
}

/** A last label of digits or `0x...` makes resolvers read the whole as an IPv4 address (WHATWG "ends in a number"). */
function looksNumeric(host: string): boolean {
  // Nearly all hosts have a last label that begins with a letter.
  const first = host.charCodeAt(host.lastIndexOf('.') + 1)
  if (first >= LETTER_A && first <= LETTER_Z && !host.includes(':')) return false
  const labels = host.replace(/\.+$/, '').split('.')
  const last = labels.at(-1) ?? ''
  return parseAddress(host) !== undefined || isDigits(last) || /^0x[0-9a-f]*$/.test(last)
}

function isPublicName(host: string): boolean {
  if (host.endsWith('.') || !host.includes('.') || host.includes('..') || host.startsWith('.'))
    return false
  return !isPrivateName(host)
}

/** `host`: in lower case, its last label not empty. */
function isPrivateName(host: string): boolean {
  const suffixes = PRIVATE_ENDS.get(host.slice(host.lastIndexOf('.') + 1))
  return suffixes?.some((suffix) => host === suffix || host.endsWith(`.${suffix}`)) ?? false
}
