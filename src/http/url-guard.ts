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
/** Labels of the longest of them. */
const MAX_SUFFIX_LABELS = Math.max(...[...PRIVATE_SUFFIXES].map((name) => name.split('.').length))
const LETTER_A = 97
const LETTER_Z = 122

/**
 * Judges a URL that the API may go and fetch [VAL-07]: https, no user information, port 443, a public name in plain
 * ASCII. Every IP literal is refused, in every spelling a resolver takes (decimal, octal, hexadecimal, short, mapped).
 * A name may still resolve to an inside address: whoever connects must check the address again.
 * @returns `undefined`, or why it is refused. Never throws.
 */
export function urlFault(text: string, rules?: UrlRules): UrlFault | undefined {
  if (text.length > MAX_URL || !isPrintableAscii(text)) return 'malformed'
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?/.exec(text)
  if (match === null) return 'malformed'
  const scheme = match[1]?.toLowerCase()
  if (scheme !== 'https' && !isAllowedPlain(text, scheme, rules)) return 'scheme'
  const authority = match[2]?.toLowerCase() ?? ''
  if (authority.includes('@')) return 'user_info'
  if (authority === '' || !isAuthorityText(authority) || !canParse(text, scheme, authority)) {
    return looksNumeric(authority) ? 'ip_literal' : 'malformed'
  }
  return scheme === 'https' ? hostFault(authority, rules?.allowHosts) : undefined
}

/** Whether a printable text is a URL to parsers: of an ordinary host no parser has to be asked. */
function canParse(text: string, scheme: string | undefined, authority: string): boolean {
  const isOrdinary = scheme === 'https' && !authority.includes(':') && !authority.includes('xn--')
  return (isOrdinary && plainHost(authority, 0) !== undefined) || URL.canParse(text)
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

/** Backslashes, tabs and line feeds are what URL parsers disagree about; non-ASCII hosts hide dots and digits. */
function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 32 || code > 126 || code === 92) return false
  }
  return true
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
  if (PRIVATE_SUFFIXES.has(host)) return false
  let dot = host.length
  for (let labels = 0; labels < MAX_SUFFIX_LABELS; labels++) {
    dot = host.lastIndexOf('.', dot - 1)
    if (dot < 0) return true
    if (PRIVATE_SUFFIXES.has(host.slice(dot + 1))) return false
  }
  return true
}
