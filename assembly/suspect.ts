// The search for what secrets begin with: sixteen places at a time are held against the nibbles of bytes that
// literals have and few texts, and of what numbers are made of. Part of the modules that look at answers. AssemblyScript, written so that it
// is plain TypeScript to the formatter. The twin is src/controls/secrets/scan.ts.

/** Longest user information of a connection string that is looked at. */
const MAX_BACK: usize = 300
/** A card has thirteen digits, an IBAN fifteen characters. */
const MIN_NUMBER: usize = 13
const MIN_IBAN: usize = 15
// Low and high nibbles. Blank, dash, digits and capitals have one of the bits PARTS, one bit for each high nibble, so
// that no byte is taken for what it is not; x, V, _, \, @, J and I, which few texts have, one of the others.
// Vectors stand in memory: to make one of a constant takes several instructions, each time.
const LOWS: usize = memory.data<u8>(
  [46, 56, 56, 56, 56, 56, 57, 56, 120, 58, 50, 16, 17, 20, 16, 17],
  16,
)
const HIGHS: usize = memory.data<u8>([0, 0, 4, 8, 18, 33, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0], 16)
const NIBBLE: usize = memory.data<u64>([0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f], 16)
/** What numbers and their gaps are made of. */
const PARTS: usize = memory.data<u64>([0x3c3c3c3c3c3c3c3c, 0x3c3c3c3c3c3c3c3c], 16)

/**
 * Whether a literal or number that secrets begin with begins in [start, end). Vectors are read up to `last`, which is
 * behind what ends a number. 64 bytes must be readable before and behind.
 */
export function holdsSuspect(start: usize, end: usize, last: usize): bool {
  const parts = v128.load(PARTS)
  const none = i8x16.splat(0)
  /** Which of the sixteen bytes before were parts of numbers. */
  let before: u32 = 0
  /** Numbers were looked at up to here. */
  let seen = start
  for (let at = start; at < last; at += 16) {
    const chunk = v128.load(at)
    const classes = classesOf(chunk)
    const marks = v128.andnot(classes, parts)
    if (v128.any_true(marks)) {
      let places = <u32>i8x16.bitmask(i8x16.ne(marks, none))
      while (places != 0) {
        const place = at + <usize>ctz(places)
        if (place >= end) break
        if (isAt(place)) return true
        places &= places - 1
      }
    }
    // Bits of this vector above those of the one before.
    const both = before | (~(<u32>i8x16.bitmask(i8x16.eq(v128.and(classes, parts), none))) << 16)
    before = both >> 16
    const four = fourOf(both)
    const eight = four & (four >> 4)
    // No card and no IBAN is shorter than thirteen parts.
    if ((eight & (eight >> 5)) == 0) continue
    const cards =
      (cardsOf(classes) << 16) | (at == start ? 0 : cardsOf(classesOf(v128.load(at - 16))))
    const cardFour = fourOf(cards)
    const card = cardFour & (cardFour >> 4) & (cardFour >> 8) & (cards >> 12)
    // Dates have thirteen parts with a capital among them, and answers are full of dates.
    if ((card | (eight & (eight >> 7))) == 0) continue
    // Bits of bytes with which thirteen parts begin, the last of them among these sixteen.
    const thirteen = eight & (eight >> 5)
    let rest = thirteen
    while (rest != 0) {
      const bit = ctz(rest)
      const from = at - 16 + <usize>bit
      const length = ctz(~(both >> bit))
      const isOpen = bit + length == 32
      // What goes on behind these sixteen is looked at with the next, if it is short.
      if ((isOpen && bit >= 16) || from >= end) break
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

/** Which nibbles of LOWS and HIGHS the bytes have. */
function classesOf(chunk: v128): v128 {
  const nibble = v128.load(NIBBLE)
  return v128.and(
    i8x16.relaxed_swizzle(v128.load(LOWS), v128.and(chunk, nibble)),
    i8x16.relaxed_swizzle(v128.load(HIGHS), v128.and(i16x8.shr_u(chunk, 4), nibble)),
  )
}

/** Which bytes are digits, blanks or dashes: the highest bit of a byte tells; digits have 8 set, the others 4. */
function cardsOf(classes: v128): u32 {
  return <u32>i8x16.bitmask(v128.or(i16x8.shl(classes, 4), i16x8.shl(classes, 5)))
}

/** Bits with which four begin. */
function fourOf(bits: u32): u32 {
  const two = bits & (bits >> 1)
  return two & (two >> 2)
}

/** Whether a literal has its rare byte at `p`. */
function isAt(p: usize): bool {
  const c = <u32>load<u8>(p)
  if (c == 0x5f) return isLowLine(p)
  // eyJ
  if (c == 0x4a) return load<u16>(p - 2) == 0x7965
  // AKIA, ASIA, AIza
  if (c == 0x49) {
    const key = load<u32>(p - 2)
    return key == 0x41494b41 || key == 0x41495341 || load<u32>(p - 1) == 0x617a4941
  }
  // xox?-
  if (c == 0x78) return load<u16>(p, 1) == 0x786f && <u32>load<u8>(p, 4) == 0x2d
  // PRIVATE KEY
  if (c == 0x56) return load<u64>(p - 3) == 0x2045544156495250 && load<u32>(p, 4) == 0x59454b20
  // \u0020 to \u007f: whoever writes letters so hides something
  if (c == 0x5c) return load<u32>(p) == 0x3030755c && <u32>load<u8>(p, 4) - 0x32 <= 5
  return isUserInfo(p)
}

/** Whether the low line at `p` is the first of `_sk_`, `k_live_` or `b_pat_`, or the last of `ghp_`, `gho_` or `ghs_`. */
function isLowLine(p: usize): bool {
  if (load<u32>(p) == 0x5f6b735f) return true
  const next = load<u64>(p - 1)
  if ((next & 0xffffffffffffff) == 0x5f6576696c5f6b) return true
  if ((next & 0xffffffffffff) == 0x5f7461705f62) return true
  const kind = <u32>load<u8>(p - 1)
  return load<u16>(p - 3) == 0x6867 && (kind == 0x70 || kind == 0x6f || kind == 0x73)
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
  return (
    (heads != 0 && length >= <i32>MIN_IBAN) ||
    (popcnt(digits) >= <i32>MIN_NUMBER && isNumber(start, start + <usize>length))
  )
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
