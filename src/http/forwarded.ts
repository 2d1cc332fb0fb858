import { formatAddress, parseAddress } from '../base/address.ts'
import { parseHost } from './host.ts'
import { readQuotedString, readToken, skipOws } from './quoted-string.ts'

/** Why a forwarding field is refused; stable codes for the log. */
export type ForwardedFault = 'malformed' | 'too_many_hops'

/** One hop of `Forwarded`. */
export interface ForwardedHop {
  /** Canonical address of `for`, or `undefined` where the hop hides it (`unknown`, `_name`) or says nothing. */
  readonly address: string | undefined
  /** In lower case. */
  readonly proto: string | undefined
  readonly host: string | undefined
}

const MAX_HOPS = 32

/**
 * The chain of addresses that a trusted proxy reports, client first, from the one field it is configured to write.
 * A hop that `Forwarded` hides reads `unknown`: no address, so in no list of trusted ones.
 * @returns `undefined` when malformed or longer than 32 hops [NET-01]. Never throws.
 */
export function forwardedAddresses(
  fields: readonly string[],
  header: 'forwarded' | 'x-forwarded-for',
): readonly string[] | undefined {
  if (header === 'x-forwarded-for') {
    const addresses = parseXForwardedFor(fields)
    return 'fault' in addresses ? undefined : addresses
  }
  const hops = parseForwarded(fields)
  return 'fault' in hops ? undefined : hops.map(({ address }) => address ?? 'unknown')
}

/**
 * Reads all `X-Forwarded-For` fields, leftmost (client) first, as canonical addresses; a port behind an IPv4 address or
 * a bracketed IPv6 address is dropped.
 * @param fields the values in the order of the message.
 * @returns the addresses, or why the list is refused: one entry that is no address spoils it. Never throws.
 */
function parseXForwardedFor(
  fields: readonly string[],
): readonly string[] | { fault: ForwardedFault } {
  const addresses: string[] = []
  for (const field of fields) {
    for (const element of field.split(',', MAX_HOPS + 1)) {
      const address = nodeAddress(element.replaceAll(/^[ \t]+|[ \t]+$/g, ''))
      if (address === undefined) return { fault: 'malformed' }
      if (addresses.push(address) > MAX_HOPS) return { fault: 'too_many_hops' }
    }
  }
  return addresses
}

/** Canonical address of `a.b.c.d`, `a.b.c.d:port`, `v6`, `[v6]` or `[v6]:port`. */
function nodeAddress(text: string): string | undefined {
  const isBracketed = text.startsWith('[')
  const isIpv4WithPort =
    !isBracketed && text.includes('.') && text.indexOf(':') === text.lastIndexOf(':')
  if (!isBracketed && !isIpv4WithPort) return canonical(text)
  const host = parseHost(text)
  return host === undefined ? undefined : canonical(host.name)
}

function canonical(text: string): string | undefined {
  const bits = text.includes('%') ? undefined : parseAddress(text)
  return bits === undefined ? undefined : formatAddress(bits)
}

/**
 * Reads all `Forwarded` fields, client first.
 * @returns the hops, or why the list is refused. Never throws.
 * @see RFC 7239 section 4
 */
export function parseForwarded(
  fields: readonly string[],
): readonly ForwardedHop[] | { fault: ForwardedFault } {
  const hops: ForwardedHop[] = []
  for (const field of fields) {
    for (let i = 0; ;) {
      const element = readElement(field, skipOws(field, i))
      const hop = element === undefined ? undefined : hopOf(element.pairs)
      if (element === undefined || hop === undefined) return { fault: 'malformed' }
      if (hops.push(hop) > MAX_HOPS) return { fault: 'too_many_hops' }
      if (element.end >= field.length) break
      i = element.end + 1
    }
  }
  return hops
}

/** Reads `name=value *( ";" name=value )` up to a comma or the end. */
function readElement(
  text: string,
  at: number,
): { pairs: Map<string, string>; end: number } | undefined {
  const pairs = new Map<string, string>()
  for (let i = at; ; i++) {
    const name = readToken(text, i, '=;, \t"')
    if (name === undefined || text.charCodeAt(name.end) !== 61) return undefined
    const value = readQuotedString(text, name.end + 1) ?? readToken(text, name.end + 1, ';, \t')
    const key = name.value.toLowerCase()
    if (value === undefined || pairs.has(key)) return undefined
    pairs.set(key, value.value)
    i = skipOws(text, value.end)
    if (i >= text.length || text.charCodeAt(i) === 44) return { pairs, end: i }
    if (text.charCodeAt(i) !== 59) return undefined
  }
}

function hopOf(pairs: ReadonlyMap<string, string>): ForwardedHop | undefined {
  const node = pairs.get('for')
  const isHidden =
    node === undefined ||
    /^(?:unknown|_[A-Za-z0-9._-]+)(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?$/i.test(node)
  // RFC 7239 section 6: IPv6 is always in brackets; a bare one is malformed.
  const isBareIpv6 = node !== undefined && !node.startsWith('[') && node.split(':').length > 2
  const address = isHidden || isBareIpv6 ? undefined : nodeAddress(node)
  if (!isHidden && address === undefined) return undefined
  return { address, proto: pairs.get('proto')?.toLowerCase(), host: pairs.get('host') }
}
