// Reads a name or value of a form: its canonical spelling and what it means, in one pass over the bytes. AssemblyScript,
// written so that it is plain TypeScript to the formatter. The twins are canonicalPercent and formDecode of
// src/http/percent.ts; the layout of memory and the kinds are those of src/http/form-wasm.ts, which fills the tables.

/** What is told: bytes of the canonical spelling; whether the meaning has bytes beyond ASCII; where it went wrong. */
const HEAD: usize = 0x100
/** For each byte: its kind, its value as a hexadecimal digit, and its escape as a 32-bit word. */
const KINDS: usize = 0x200
const HEX: usize = 0x300
const ESCAPES: usize = 0x400
/** Which of eight rows a low nibble stays in, and the row of a high one. */
const LOW_NIBBLES: usize = 0x800
const HIGH_NIBBLES: usize = 0x810
/** As `LOW_NIBBLES`, for bytes that mean themselves or a space, whether they stay or not. */
const PLAIN_NIBBLES: usize = 0x820
/** What is read, at most 65,536 bytes with a margin of zeros; what it means; how it is spelled. */
const INPUT: usize = 0x1000
const VALUE: usize = 0x12000
const SPELLING: usize = 0x23000

/** It stays and means itself everywhere; it stays here. */
const UNRESERVED: u32 = 3
const STAYS: u32 = 2
const ENCODED: u32 = 1
const PERCENT: u32 = 0x25
const PLUS: u32 = 0x2b
const SPACE: u32 = 0x20

/** Reads so many bytes; how many bytes they mean, or -1 where something is not as it should be. */
export function read(length: i32): i32 {
  const end = INPUT + (length as usize)
  const low = v128.load(LOW_NIBBLES)
  const high = v128.load(HIGH_NIBBLES)
  let isWide: u32 = 0
  let value = VALUE
  let spelling = SPELLING
  let p = INPUT
  while (p < end) {
    while (p + 16 <= end) {
      const bytes = v128.load(p)
      const rows = v128.and(
        i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15))),
        i8x16.swizzle(high, i8x16.shr_u(bytes, 4)),
      )
      if (!i8x16.all_true(rows)) break
      v128.store(spelling, bytes)
      const plus = i8x16.eq(bytes, i8x16.splat(0x2b))
      v128.store(value, v128.bitselect(i8x16.splat(0x20), bytes, plus))
      p += 16
      value += 16
      spelling += 16
    }
    // So many before sixteen are looked at together again.
    const turn = p + 16 < end ? p + 16 : end
    while (p < turn) {
      const byte = <u32>load<u8>(p)
      if (byte == PERCENT) {
        const escaped = escapedAt(p, end)
        if (escaped >= 0x80) {
          const after = sequenceEnd(p, escaped, end)
          if (after == 0) return failAt(p)
          isWide = 1
          for (; p < after; p += 3) {
            const one = escapedAt(p, end)
            store<u8>(value++, <u8>one)
            store<u32>(spelling, load<u32>(ESCAPES + ((<usize>one) << 2)))
            spelling += 3
          }
          continue
        }
        store<u8>(value++, <u8>escaped)
        if (<u32>load<u8>(KINDS + <usize>escaped) == UNRESERVED) {
          store<u8>(spelling++, <u8>escaped)
        } else {
          store<u32>(spelling, load<u32>(ESCAPES + ((<usize>escaped) << 2)))
          spelling += 3
        }
        p += 3
        continue
      }
      const kind = <u32>load<u8>(KINDS + <usize>byte)
      if (kind >= STAYS) {
        store<u8>(spelling++, <u8>byte)
        store<u8>(value++, <u8>(byte == PLUS ? SPACE : byte))
      } else if (kind == ENCODED) {
        store<u32>(spelling, load<u32>(ESCAPES + ((<usize>byte) << 2)))
        spelling += 3
        store<u8>(value++, <u8>byte)
      } else return failAt(p)
      p += 1
    }
  }
  store<u32>(HEAD, <u32>(spelling - SPELLING))
  store<u32>(HEAD, isWide, 4)
  return <i32>(value - VALUE)
}

/** As `read`, but nobody is told how it is spelled. */
export function mean(length: i32): i32 {
  const end = INPUT + (length as usize)
  const low = v128.load(PLAIN_NIBBLES)
  const high = v128.load(HIGH_NIBBLES)
  let isWide: u32 = 0
  let value = VALUE
  let p = INPUT
  while (p < end) {
    while (p + 16 <= end) {
      const bytes = v128.load(p)
      const rows = v128.and(
        i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15))),
        i8x16.swizzle(high, i8x16.shr_u(bytes, 4)),
      )
      if (!i8x16.all_true(rows)) break
      const plus = i8x16.eq(bytes, i8x16.splat(0x2b))
      v128.store(value, v128.bitselect(i8x16.splat(0x20), bytes, plus))
      p += 16
      value += 16
    }
    const turn = p + 16 < end ? p + 16 : end
    while (p < turn) {
      const byte = <u32>load<u8>(p)
      if (byte == PERCENT) {
        const escaped = escapedAt(p, end)
        let after = p + 3
        if (escaped >= 0x80) {
          after = sequenceEnd(p, escaped, end)
          if (after == 0) return failAt(p)
          isWide = 1
        }
        for (; p < after; p += 3) store<u8>(value++, <u8>escapedAt(p, end))
        continue
      }
      if (load<u8>(KINDS + <usize>byte) == 0) return failAt(p)
      store<u8>(value++, <u8>(byte == PLUS ? SPACE : byte))
      p += 1
    }
  }
  store<u32>(HEAD, isWide, 4)
  return <i32>(value - VALUE)
}

function failAt(p: usize): i32 {
  store<u32>(HEAD, <u32>(p - INPUT), 8)
  return -1
}

/** The byte that an escape writes; one that begins no character where it is none. */
function escapedAt(p: usize, end: usize): u32 {
  if (p + 3 > end) return 0xff
  const high = <u32>load<u8>(HEX + <usize>load<u8>(p, 1))
  const low = <u32>load<u8>(HEX + <usize>load<u8>(p, 2))
  return (high | low) > 15 ? 0xff : (high << 4) | low
}

/** Where the escapes of one character beyond ASCII end, or 0 where they write none. RFC 3629 section 4. */
function sequenceEnd(p: usize, lead: u32, end: usize): usize {
  if (lead < 0xc2 || lead > 0xf4) return 0
  const after = p + (lead < 0xe0 ? 6 : lead < 0xf0 ? 9 : 12)
  if (after > end) return 0
  let least: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80
  let most: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf
  for (let at = p + 3; at < after; at += 3) {
    if (<u32>load<u8>(at) != PERCENT) return 0
    const byte = escapedAt(at, end)
    if (byte < least || byte > most) return 0
    least = 0x80
    most = 0xbf
  }
  return after
}
