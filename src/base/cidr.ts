import { embeddedIpv4, formatAddress, isIpv4Bits, parseAddress } from './address.ts'
import type { AddressBits } from './address.ts'
import { ConfigError } from './config-error.ts'

/** A block of addresses, both ends included. */
export interface Cidr {
  readonly first: AddressBits
  readonly last: AddressBits
}

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32`, or one address.
 * @param path place in the configuration, for the error.
 * @throws ConfigError when malformed, or when bits beyond the prefix are set (`10.0.0.1/8` may mean either).
 */
export function parseCidr(text: string, path: string): Cidr {
  const cure = 'an address such as 192.0.2.7, or a block such as 10.0.0.0/8 or 2001:db8::/32'
  const slash = text.indexOf('/')
  const bits = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (bits === undefined || text.includes('%')) {
    throw new ConfigError({
      path,
      message: `${JSON.stringify(text)} is not an address block`,
      cure,
    })
  }
  if (slash < 0) return { first: bits, last: bits }
  const offset = isIpv4Bits(bits) && !text.includes(':') ? 96 : 0
  const prefixText = text.slice(slash + 1)
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(prefixText) ? Number(prefixText) + offset : -1
  if (prefix < 0 || prefix > 128) {
    throw new ConfigError({
      path,
      message: `${JSON.stringify(text)} has no valid prefix length`,
      cure,
    })
  }
  const block = blockOf(bits, prefix)
  if (block.first !== bits) {
    const meant = `${formatAddress(block.first)}/${prefixText}`
    const message = `${JSON.stringify(text)} has address bits beyond its prefix`
    throw new ConfigError({
      path,
      message,
      cure: `${meant} for the block, without prefix for one address`,
    })
  }
  return block
}

function blockOf(bits: AddressBits, prefix: number): Cidr {
  const first: number[] = []
  const last: number[] = []
  for (let i = 0; i < 8; i++) {
    const kept = Math.min(Math.max(prefix - i * 16, 0), 16)
    const hostMask = 0xffff >> kept
    const unit = bits.charCodeAt(i)
    first.push(unit & ~hostMask & 0xffff)
    last.push(unit | hostMask)
  }
  return { first: String.fromCharCode(...first), last: String.fromCharCode(...last) }
}

/** A compiled list of address blocks: sorted, merged, searched in logarithmic time. */
export class AddressSet {
  readonly #firsts: readonly AddressBits[]
  readonly #lasts: readonly AddressBits[]

  constructor(blocks: readonly Cidr[]) {
    const sorted = blocks.toSorted((a, b) => compare(a.first, b.first))
    const firsts: AddressBits[] = []
    const lasts: AddressBits[] = []
    for (const { first, last } of sorted) {
      const end = lasts.at(-1)
      if (end === undefined || first > end) {
        firsts.push(first)
        lasts.push(last)
      } else if (last > end) lasts[lasts.length - 1] = last
    }
    this.#firsts = firsts
    this.#lasts = lasts
  }

  /** Number of separate ranges after merging. */
  get size(): number {
    return this.#firsts.length
  }

  /** Whether an address is in one of the blocks; `false` for a text that is no address. */
  has(address: string): boolean {
    if (this.#firsts.length === 0) return false
    const bits = parseAddress(address)
    return bits !== undefined && this.hasBits(bits)
  }

  /**
   * As `has`, and whether the IPv4 address that an IPv6 address carries inside is in one of the blocks. For lists that
   * refuse: the same client may come by 6to4, Teredo or NAT64. Never for lists that let in.
   */
  hasInside(address: string): boolean {
    if (this.#firsts.length === 0) return false
    const bits = parseAddress(address)
    if (bits === undefined) return false
    if (this.hasBits(bits)) return true
    const inside = embeddedIpv4(bits)
    return inside !== undefined && this.hasBits(inside)
  }

  /** As `has`, for an address already read. */
  hasBits(bits: AddressBits): boolean {
    let low = 0
    let high = this.#firsts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#firsts[middle] ?? '') <= bits) low = middle + 1
      else high = middle
    }
    const last = this.#lasts[low - 1]
    return last !== undefined && bits <= last
  }
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

/**
 * Compiles a list of addresses and blocks.
 * @throws ConfigError with every faulty entry, each at `path[index]`.
 */
export function compileAddressSet(entries: readonly string[], path: string): AddressSet {
  const blocks: Cidr[] = []
  const errors: ConfigError[] = []
  for (const [i, entry] of entries.entries()) {
    try {
      blocks.push(parseCidr(entry, `${path}[${i}]`))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.push(error)
    }
  }
  if (errors.length > 0) throw new ConfigError(errors.flatMap((error) => error.faults))
  return new AddressSet(blocks)
}

/**
 * What to count an address under: IPv4 as it is (mapped IPv6 becomes IPv4), IPv6 as its /64, which is what one
 * customer gets and can change within at will [NET-01]. A text that is no address is its own key.
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  const bits = parseAddress(address)
  if (bits === undefined) return address
  if (isIpv4Bits(bits)) return formatAddress(bits)
  return `${formatAddress(`${bits.slice(0, 4)}\u0000\u0000\u0000\u0000`)}/64`
}

const LOOPBACK: AddressSet = compileAddressSet(['127.0.0.0/8', '::1'], 'loopback')

/** RFC 1918, link-local, carrier-grade NAT, unique local. */
const PRIVATE_BLOCKS: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
]
const PRIVATE: AddressSet = compileAddressSet([...PRIVATE_BLOCKS, '127.0.0.0/8', '::1'], 'private')

/** IANA special-purpose registries (RFC 6890), and IPv6 forms that carry an IPv4 address inside. */
const SPECIAL: AddressSet = compileAddressSet(
  [
    ...PRIVATE_BLOCKS,
    '0.0.0.0/8',
    '127.0.0.0/8',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.31.196.0/24',
    '192.52.193.0/24',
    '192.88.99.0/24',
    '192.175.48.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    // The unspecified address, loopback, and the retired IPv4-compatible form.
    '::/96',
    // IPv4-translated, NAT64 and local NAT64, discard-only.
    '::ffff:0:0:0/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    // Teredo, benchmarking, ORCHID and the rest of the IETF block; documentation; 6to4; SRv6.
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
    '3fff::/20',
    '5f00::/16',
    'ff00::/8',
  ],
  'special',
)

/** Whether the address is on this machine: 127.0.0.0/8, ::1, and their mapped spellings. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.has(address)
}

/** Whether only neighbors have the address: loopback, RFC 1918, link-local, carrier-grade NAT, unique local. */
export function isPrivate(address: string): boolean {
  return PRIVATE.has(address)
}

/**
 * Whether nobody on the public internet answers at the address: loopback, private, link-local, multicast, unspecified,
 * documentation, reserved, and IPv6 forms that smuggle an IPv4 address. For checks against SSRF.
 * A text that is no address answers `false`.
 */
export function isSpecialUse(address: string): boolean {
  return SPECIAL.has(address)
}
