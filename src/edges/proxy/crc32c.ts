const POLYNOMIAL = 0x82_f6_3b_78

/** CRC-32C (Castagnoli) of `bytes`, unsigned. @see RFC 3720 appendix B.4 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xff_ff_ff_ff
  for (const byte of bytes) {
    crc ^= byte
    // A header is short and comes once per connection: no table is worth its memory.
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  }
  return ~crc >>> 0
}
