import { parseAddressSet } from './cidr.ts'
import type { AddressSet } from './cidr.ts'

const LOOPBACK: AddressSet = parseAddressSet(['127.0.0.0/8', '::1'], 'loopback')

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
const PRIVATE: AddressSet = parseAddressSet(PRIVATE_BLOCKS, 'private')

/** IANA special-purpose registries (RFC 6890), and IPv6 forms that carry an IPv4 address inside. */
const SPECIAL: AddressSet = parseAddressSet(
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

/** Whether the address is private: RFC 1918, link-local, carrier-grade NAT, unique local; loopback is not. */
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
