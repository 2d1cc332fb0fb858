// Says whether a text may hold a secret, in one pass over its bytes: sixteen places at a time are held against the
// nibbles of two bytes of each literal, and of what numbers are made of. AssemblyScript, written so that it is plain
// TypeScript to the formatter. The twin is src/controls/secrets/scan.ts; the layout of memory is that of
// src/controls/secrets/wasm-scan.ts, which writes the tables.

/** Low and high nibbles of the first byte, then of the second: to which of eight groups they may belong. */
const PAIRS: usize = 0x100
/** Low and high nibbles of what numbers and their gaps are made of. */
const PARTS: usize = 0x140
/** Longest user information of a connection string that is looked at. */
const MAX_BACK: usize = 300
/** A card has thirteen digits, an IBAN fifteen characters. */
const MIN_NUMBER: usize = 13

/** Whether the text in [start, end) is suspect. 64 zero bytes must stand before and behind it. */
export function isSuspect(start: usize, end: usize): bool {
  const low0 = v128.load(PAIRS)
  const high0 = v128.load(PAIRS, 16)
  const low1 = v128.load(PAIRS, 32)
  const high1 = v128.load(PAIRS, 48)
  const lowPart = v128.load(PARTS)
  const highPart = v128.load(PARTS, 16)
  const nibble = i8x16.splat(15)
  const none = i8x16.splat(0)
  /** Which of the sixteen bytes before were parts of numbers. */
  let before: u32 = 0
  /** Numbers were looked at up to here. */
  let seen = start
  // Once more behind the end, for numbers that reach it.
  for (let at = start; at < end + 16; at += 16) {
    const first = v128.load(at)
    const second = v128.load(at, 1)
    const low = v128.and(first, nibble)
    const high = i8x16.shr_u(first, 4)
    const groups = v128.and(
      v128.and(i8x16.relaxed_swizzle(low0, low), i8x16.relaxed_swizzle(high0, high)),
      v128.and(
        i8x16.relaxed_swizzle(low1, v128.and(second, nibble)),
        i8x16.relaxed_swizzle(high1, i8x16.shr_u(second, 4)),
      ),
    )
    if (v128.any_true(groups)) {
      let places = <u32>i8x16.bitmask(i8x16.ne(groups, none))
      while (places != 0) {
        if (isAt(at + <usize>ctz(places))) return true
        places &= places - 1
      }
    }
    const parts = v128.and(
      i8x16.relaxed_swizzle(lowPart, low),
      i8x16.relaxed_swizzle(highPart, high),
    )
    const now = <u32>i8x16.bitmask(i8x16.eq(parts, none)) ^ 0xffff
    // Bits of bytes with which thirteen parts begin, the last of them among these sixteen.
    const both = before | (now << 16)
    before = now
    const two = both & (both >> 1)
    const four = two & (two >> 2)
    const eight = four & (four >> 4)
    const thirteen = eight & (eight >> 5)
    if (thirteen == 0) continue
    let rest = thirteen
    while (rest != 0) {
      const bit = ctz(rest)
      const from = at - 16 + <usize>bit
      const length = ctz(~(both >> bit))
      const isOpen = bit + length == 32
      // What goes on behind these sixteen is looked at with the next, if it is short.
      if (isOpen && bit >= 16) break
      rest = isOpen ? 0 : rest & ((<u32>-1) << (bit + length))
      if (from < seen) continue
      let to = from + <usize>length
      if (isOpen) while (isPart(to)) to += 1
      seen = to
      if (to - from <= 16 ? isShortNumber(from, length) : isNumber(from, to)) return true
    }
  }
  return false
}

/** Whether a literal has its rare pair of bytes at `p`. */
function isAt(p: usize): bool {
  const c = <u32>load<u8>(p)
  const next = <u32>load<u8>(p, 1)
  // PRIVATE KEY
  if (c == 0x56) return load<u64>(p - 3) == 0x2045544156495250 && load<u32>(p, 4) == 0x59454b20
  // eyJ
  if (c == 0x79) return next == 0x4a && <u32>load<u8>(p - 1) == 0x65
  // AKIA, ASIA, AIza
  if (c == 0x49) {
    const key = load<u32>(p - 2)
    return key == 0x41494b41 || key == 0x41495341 || load<u32>(p - 1) == 0x617a4941
  }
  // xox?-
  if (c == 0x78) return next == 0x6f && load<u8>(p, 2) == 0x78 && load<u8>(p, 4) == 0x2d
  // _sk_, k_live_
  if (c == 0x6b) {
    if (load<u32>(p - 2) == 0x5f6b735f) return true
    return (load<u64>(p) & 0xffffffffffffff) == 0x5f6576696c5f6b
  }
  // b_pat_
  if (c == 0x62) return (load<u64>(p) & 0xffffffffffff) == 0x5f7461705f62
  // ghp_, gho_, ghs_
  if (c == 0x67) {
    const kind = <u32>load<u8>(p, 2)
    const isKind = kind == 0x70 || kind == 0x6f || kind == 0x73
    return next == 0x68 && isKind && load<u8>(p, 3) == 0x5f
  }
  // \u0020 to \u007f: whoever writes letters so hides something
  if (c == 0x5c) return load<u32>(p) == 0x3030755c && <u32>load<u8>(p, 4) - 0x32 <= 5
  return c == 0x40 && isUserInfo(p)
}

/** Whether `://` and a colon stand before the `@` at `p`, in the same word. */
function isUserInfo(p: usize): bool {
  let colons = 0
  for (let back = p - 1; p - back < MAX_BACK; back--) {
    const c = <u32>load<u8>(back)
    // User information holds no other `@`, so each byte is read once. What stands before the text is zero.
    if (c <= 32 || c == 0x22 || c == 0x40) return false
    if (c != 0x3a) continue
    colons += 1
    const next = <u32>load<u8>(back, 1)
    // The second colon is that of the scheme: `scheme://user:password@`.
    if (colons > 1 && (next == 0x2f || next == 0x5c)) return true
  }
  return false
}

function isDigit(c: u32): bool {
  return c - 0x30 <= 9
}

function isCapital(c: u32): bool {
  return c - 0x41 <= 25
}

function isPart(p: usize): bool {
  const c = <u32>load<u8>(p)
  return isDigit(c) || isCapital(c) || c == 0x20 || c == 0x2d
}

/** As `isNumber`, for thirteen to sixteen bytes: dates have thirteen, and answers are full of them. */
function isShortNumber(start: usize, length: i32): bool {
  const bytes = v128.load(start)
  const mask = (1 << length) - 1
  const digits =
    i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10))) & mask
  const capitals =
    i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x41)), i8x16.splat(26))) & mask
  const heads = capitals & (capitals >> 1) & (digits >> 2) & (digits >> 3)
  return heads != 0 || (popcnt(digits) >= <i32>MIN_NUMBER && isNumber(start, start + <usize>length))
}

/** Thirteen digits of which the first begins a card, or two capitals and two digits as an IBAN begins. */
function isNumber(start: usize, end: usize): bool {
  let digits: usize = 0
  for (let p = end; p > start;) {
    p -= 1
    const c = <u32>load<u8>(p)
    if (isDigit(c)) {
      digits += 1
      // From `2` to `6`, as all issuers' numbers begin.
      if (digits >= MIN_NUMBER && c >= 0x32 && c <= 0x36) return true
    } else if (isCapital(c)) {
      digits = 0
      const isHead = p + 3 < end && isCapital(<u32>load<u8>(p, 1))
      if (isHead && isDigit(<u32>load<u8>(p, 2)) && isDigit(<u32>load<u8>(p, 3))) return true
    }
  }
  return false
}
