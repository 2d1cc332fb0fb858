const SLOTS = 16_384

/** CRC-16 of each byte, polynomial 0x1021 (XMODEM). */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

/**
 * The slot of a name in a cluster: that of what stands between its braces.
 * `name`: ASCII, with braces and something between them.
 * @see the Redis cluster specification, key distribution model and hash tags
 */
export function slotOf(name: string): number {
  const end = name.indexOf('}')
  let crc = 0
  for (let at = name.indexOf('{') + 1; at < end; at++)
    crc = ((crc << 8) ^ (TABLE[((crc >> 8) ^ name.charCodeAt(at)) & 255] ?? 0)) & 0xffff
  return crc % SLOTS
}
