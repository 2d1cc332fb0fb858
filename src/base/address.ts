import { isIPv6 } from 'node:net'

/**
 * An IP address as eight UTF-16 units of 16 bits each, IPv4 as `::ffff:a.b.c.d`. Comparing two of these strings with
 * `<` compares the addresses as numbers, so ranges need no BigInt, and IPv4-mapped IPv6 equals IPv4 by construction.
 */
export type AddressBits = string

const MAPPED_PREFIX = '\u0000\u0000\u0000\u0000\u0000\uffff'

/**
 * Reads an IPv4 address (four plain decimal numbers) or an IPv6 address, a zone such as `%eth0` cut off.
 * @returns `undefined` when it is neither; short, octal and hexadecimal IPv4 are neither. Never throws.
 */
export function parseAddress(text: string): AddressBits | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  if (!isIPv6(text)) return undefined
  const zone = text.indexOf('%')
  return ipv6Bits(zone < 0 ? text : text.slice(0, zone))
}

function parseIpv4(text: string): AddressBits | undefined {
  let value = 0
  let part = -1
  let parts = 0
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? 46 : text.charCodeAt(i)
    if (code === 46) {
      if (part < 0 || ++parts > 4) return undefined
      value = value * 256 + part
      part = -1
      continue
    }
    // `part === 0` with another digit is a leading zero, which some readers take as octal.
    if (code < 48 || code > 57 || part === 0) return undefined
    part = Math.max(part, 0) * 10 + code - 48
    if (part > 255) return undefined
  }
  return parts === 4 ? MAPPED_PREFIX + String.fromCharCode(value >>> 16, value & 0xffff) : undefined
}

/** Expands a text that `isIPv6` accepted. */
function ipv6Bits(text: string): AddressBits {
  const [head = '', tail] = text.split('::')
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0)
  return String.fromCharCode(...left, ...zeros, ...right)
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

/** Whether the bits are an IPv4 address. */
export function isIpv4Bits(bits: AddressBits): boolean {
  return bits.startsWith(MAPPED_PREFIX)
}

/**
 * The IPv4 address that an IPv6 address carries inside, where its form says so: 6to4 (RFC 3056), Teredo (RFC 4380
 * section 4, the client), NAT64 (RFC 6052 and RFC 8215, as /96), IPv4-translated (RFC 2765) and IPv4-compatible
 * (RFC 4291 section 2.5.5.1). The same client may come either way. `undefined` for all others, and for IPv4 itself.
 */
export function embeddedIpv4(bits: AddressBits): AddressBits | undefined {
  const first = bits.charCodeAt(0)
  if (first === 0x2002) return MAPPED_PREFIX + bits.slice(1, 3)
  if (first === 0x2001 && bits.charCodeAt(1) === 0) {
    const [high, low] = [bits.charCodeAt(6), bits.charCodeAt(7)]
    return MAPPED_PREFIX + String.fromCharCode(high ^ 0xffff, low ^ 0xffff)
  }
  const isLast = CARRIERS.some((prefix) => bits.startsWith(prefix))
  // `::` and `::1` carry nothing.
  return isLast && bits > LOOPBACK_BITS ? MAPPED_PREFIX + bits.slice(6) : undefined
}

/** Prefixes before an IPv4 address in the last two units. */
const CARRIERS: readonly AddressBits[] = [
  '\u0064\uff9b\u0000\u0000\u0000\u0000',
  '\u0064\uff9b\u0001',
  '\u0000\u0000\u0000\u0000\uffff\u0000',
  '\u0000\u0000\u0000\u0000\u0000\u0000',
]
const LOOPBACK_BITS: AddressBits = '\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001'

/** Writes the one spelling of an address: dotted decimal, or RFC 5952 for IPv6. */
export function formatAddress(bits: AddressBits): string {
  if (isIpv4Bits(bits)) return ipv4Text(bits)
  const groups = Array.from({ length: 8 }, (_, i) => bits.charCodeAt(i).toString(16))
  const run = longestZeroRun(groups)
  if (run.length < 2) return groups.join(':')
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`
}

function ipv4Text(bits: AddressBits): string {
  const high = bits.charCodeAt(6)
  const low = bits.charCodeAt(7)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === '0') length++
    if (length > best.length) best = { start, length }
  }
  return best
}
