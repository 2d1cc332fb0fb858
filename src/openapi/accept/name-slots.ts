/** A name and what stands in its slot. */
export interface Named {
  readonly bytes: Uint8Array
  /** Not zero. */
  readonly address: number
}

/** As `hashOf` of `assembly/accept.ts`: of the first and last four bytes and how many there are. */
function hashOf(bytes: Uint8Array): number {
  const { length } = bytes
  const first = wordAt(bytes, 0)
  const last = length < 4 ? 0 : wordAt(bytes, length - 4)
  const hash = Math.imul(first ^ Math.imul(length, 0x9e3779b1), 0x85ebca6b)
  return Math.imul(hash ^ last, 0xc2b2ae35) >>> 16
}

/** Little endian; zeros behind the end. */
function wordAt(bytes: Uint8Array, at: number): number {
  const byte = (offset: number): number => bytes[at + offset] ?? 0
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)
}

/** A table of addresses by the hash of a name: a power of two, at least half of it zeros. */
export function slotsOf(named: readonly Named[]): readonly number[] {
  const size = 2 ** Math.ceil(Math.log2(2 * named.length + 2))
  const slots = Array.from({ length: size }, () => 0)
  for (const { bytes, address } of named) {
    let slot = hashOf(bytes) & (size - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1)
    slots[slot] = address
  }
  return slots
}

/** How many bytes a text has, in eight bytes, and these. */
export function lengthAndBytes(text: string): Buffer {
  const bytes = Buffer.from(text)
  const head = Buffer.alloc(8)
  head.writeUInt32LE(bytes.length)
  return Buffer.concat([head, bytes])
}
