/**
 * What a table and its two readers agree on; the third place that knows it is `assembly/response-kernel.ts`.
 * All numbers are little endian; offsets count from the table's first byte.
 *
 * State (72 bytes): stance on objects u8, stance on arrays u8, bits of the slots u8, 0; offset of the entries u32;
 * their number u32; offset of the slots u32; action for names not listed i32; for items i32; offset of the actions for
 * the first items u32; their number u32; 40 bytes for what the kernel learns of texts.
 * Entry (96 bytes): the name's first 8 and the next 8 bytes as u64, padded with zeros (longer than 16: its first and
 * last 8); its length u32; its offset u32; action i32; number of the entry u32; the name between `,"` and `":`, padded
 * with zeros (longer than 16 together: bytes that no text has); 8 bytes for what the kernel learns; the bit of the entry u64,
 * or 0 in states with more than 64; 32 bytes for what the kernel learns.
 * Slots: 2^bits of u16, the number of an entry plus one, or 0; linear probing from `slotOf`.
 */
export const STATE_BYTES: number = 72
export const ENTRY_BYTES: number = 96
/** States with more names have no bits for them. */
export const MAX_BITS: number = 64

/** What is done with a value: the offset of a state, or one of these. */
export const OPEN_ACTION: number = -1
export const DROP_ACTION: number = -2
/** The value or its name decides, in ways that one pass cannot follow. */
export const UNDECIDED_ACTION: number = -3
/** A member that is declared and goes all the same: who asks may not see it. */
export const HIDE_ACTION: number = -4

/** What a state says of objects, and of arrays. */
export const DESCRIBED: number = 0
export const OPEN: number = 1
export const REFUSED: number = 2
export const UNDECIDED: number = 3

/** Deepest nesting that is followed, as in the filter of values. */
export const MAX_DEPTH: number = 256
/** Dropped fields that are told of one text. */
export const MAX_REPORTED: number = 20

const PATTERN_BYTES = 16
const HASH_HIGH = 0x9e3779b97f4a7c15n
const HASH = 0xd6e8feb86659fd93n

/** The 16 bytes by which a name is found, as two numbers. */
export function nameWords(name: Uint8Array): readonly [low: bigint, high: bigint] {
  const padded = new Uint8Array(16)
  padded.set(name.length > 16 ? name.subarray(0, 8) : name)
  if (name.length > 16) padded.set(name.subarray(-8), 8)
  const view = new DataView(padded.buffer)
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)]
}

/** How a name stands in most texts, from the comma to its value; 16 bytes. No text matches that of a longer name. */
export function namePattern(name: Uint8Array): Uint8Array {
  const written = Buffer.concat([Buffer.from(',"'), name, Buffer.from('":')])
  const pattern = new Uint8Array(PATTERN_BYTES)
  if (written.length > PATTERN_BYTES) pattern.fill(0xff)
  else pattern.set(written)
  return pattern
}

/** The slot in which the search for a name begins. */
export function slotOf(name: Uint8Array, bits: number): number {
  const [low, high] = nameWords(name)
  const mixed = BigInt.asUintN(64, (low + high * HASH_HIGH + BigInt(name.length)) * HASH)
  return Number(mixed >> BigInt(64 - bits))
}
