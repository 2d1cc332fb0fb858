import { crc32c } from './crc32c.ts'

/** Whom a balancer says a connection is from. */
export interface ProxiedPeer {
  /** IPv4 in dots, or IPv6. */
  readonly address: string
  readonly port: number
}

/** Signature, version and command, family, length: this much says how long the header is. */
export const FIXED_BYTES = 16
/** Longest header that is read; balancers write some hundred bytes. */
const MAX_BYTES = 4096

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
/** Bytes of both addresses and ports, by family. */
const INET_BYTES = 12
const INET6_BYTES = 36
const TYPE_CRC32C = 0x03

/** What is wrong with a header; for the log. */
export interface HeaderFault {
  readonly fault: string
}

/** How many bytes the header has, from its first `FIXED_BYTES`. */
export function headerBytes(fixed: Buffer): number | HeaderFault {
  if (!fixed.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return { fault: 'signature' }
  const size = FIXED_BYTES + fixed.readUInt16BE(14)
  return size > MAX_BYTES ? { fault: 'length' } : size
}

/**
 * Reads a whole header of version 2.
 * @returns the peer; `undefined` where the balancer speaks for itself (LOCAL, or no family); or what is wrong. Addresses of
 * other families than IPv4 and IPv6 over a stream are wrong here: no rule could be about them. Never throws.
 * @see PROXY protocol specification, section 2.2
 */
export function parseProxyHeader(header: Buffer): ProxiedPeer | HeaderFault | undefined {
  const size = header.length < FIXED_BYTES ? { fault: 'length' } : headerBytes(header)
  if (typeof size !== 'number') return size
  if (size !== header.length) return { fault: 'length' }
  const command = header.readUInt8(12)
  if (command >> 4 !== 2) return { fault: 'version' }
  if (command !== 0x20 && command !== 0x21) return { fault: 'command' }
  const family = header.readUInt8(13)
  // What a receiver is to ignore is ignored, and not believed.
  if (command === 0x20) return undefined
  if (family === 0x00) return undefined
  const addressBytes = family === 0x11 ? INET_BYTES : family === 0x21 ? INET6_BYTES : undefined
  if (addressBytes === undefined) return { fault: 'family' }
  if (size < FIXED_BYTES + addressBytes) return { fault: 'length' }
  const fault = tlvFault(header, FIXED_BYTES + addressBytes)
  if (fault !== undefined) return { fault }
  return family === 0x11
    ? { address: ipv4At(header, FIXED_BYTES), port: header.readUInt16BE(FIXED_BYTES + 8) }
    : { address: ipv6At(header, FIXED_BYTES), port: header.readUInt16BE(FIXED_BYTES + 32) }
}

/** Each value ends within the header, and a checksum is right (section 2.2.3). */
function tlvFault(header: Buffer, from: number): string | undefined {
  let at = from
  let hasChecksum = false
  while (at < header.length) {
    if (at + 3 > header.length) return 'tlv'
    const end = at + 3 + header.readUInt16BE(at + 1)
    if (end > header.length) return 'tlv'
    if (header.readUInt8(at) === TYPE_CRC32C) {
      if (hasChecksum || end - at !== 7) return 'checksum'
      hasChecksum = true
      if (!isChecksumRight(header, at + 3)) return 'checksum'
    }
    at = end
  }
  return undefined
}

function isChecksumRight(header: Buffer, at: number): boolean {
  const zeroed = Buffer.from(header)
  zeroed.fill(0, at, at + 4)
  return crc32c(zeroed) === header.readUInt32BE(at)
}

function ipv4At(header: Buffer, at: number): string {
  return header.subarray(at, at + 4).join('.')
}

function ipv6At(header: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => header.readUInt16BE(at + 2 * i))
  // IPv4-mapped addresses are IPv4 [NET-01].
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xff_ff
  return isMapped ? ipv4At(header, at + 12) : groups.map((group) => group.toString(16)).join(':')
}
