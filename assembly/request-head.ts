// Finds the lines of a request head that is plain beyond any doubt, in one pass over the bytes, and tells which of them
// are those of the head before. AssemblyScript, written so that it is plain TypeScript to the formatter. Whatever is not
// plain is llhttp's to read, which is also the twin; the layout of memory is that of src/edges/fast/plain-head.ts.

/** Lines that were read; the first and the last byte of those that are not known, from the first byte of the head. */
const COUNT: usize = 0x100
const FRESH_FROM: usize = 0x104
const FRESH_TO: usize = 0x108
/** For each byte: whether names may have it (RFC 9110 section 5.6.2). */
const TOKEN: usize = 0x200
/** For each line: what is known of it, where it begins, where its name and its value end. */
const LINES: usize = 0x400
const LINE_BYTES: usize = 16
/** For each place: bytes of the line and of the name that were kept for it, and behind 16 bytes the line. */
const SLOTS: usize = 0x1000
const SLOT_BYTES: usize = 192
/** What is read, at most 8,192 bytes with a margin. */
const INPUT: usize = 0x8000

/** The first one is the request line. */
const MAX_LINES: usize = 49
const MAX_NAME: usize = 64
const MAX_KEPT: usize = 176

const FRESH: u32 = 0
const SAME_NAME: u32 = 1
const SAME_LINE: u32 = 2

const CRLF: u32 = 0x0a0d
const COLON: u32 = 0x3a
const SPACE: u32 = 0x20

/** Reads so many bytes. @returns bytes of the head that they begin with, or 0 where it is not whole or not plain. */
export function read(length: i32): i32 {
  const end = INPUT + <usize>length
  // No byte of an earlier message is taken for one of this.
  v128.store(end, i8x16.splat(0))
  v128.store(end, i8x16.splat(0), 16)
  store<u32>(FRESH_TO, 0)
  let p = requestLine(end)
  let place: usize = 1
  while (p != 0) {
    if (<u32>load<u16>(p) == CRLF) {
      store<u32>(COUNT, <u32>place)
      return <i32>(p + 2 - INPUT)
    }
    if (place == MAX_LINES) return 0
    p = fieldLine(p, end, place)
    place += 1
  }
  return 0
}

/** Remembers the line of the last head at a place, or only its name. */
export function keep(place: i32, isWhole: i32): void {
  const line = LINES + <usize>place * LINE_BYTES
  const slot = SLOTS + <usize>place * SLOT_BYTES
  const from = <usize>load<u32>(line, 4)
  const bytes = <usize>load<u32>(line, 12) + 2 - from
  const isKept = isWhole != 0 && bytes <= MAX_KEPT
  store<u32>(slot, isKept ? <u32>bytes : 0)
  const name = load<u32>(line, 8) - <u32>from
  store<u32>(slot, name, 4)
  // A name is known with its colon only.
  const copied = isKept ? bytes : <usize>name + 1
  for (let at: usize = 0; at < copied; at += 16)
    v128.store(slot + 16 + at, v128.load(INPUT + from + at))
}

/** Where the line ends that is the kept one; 0 where it is another. */
function sameLine(p: usize, end: usize, slot: usize): usize {
  const bytes = <usize>load<u32>(slot)
  return bytes != 0 && p + bytes <= end && isSame(p, slot + 16, bytes) ? p + bytes : 0
}

function isSame(p: usize, q: usize, bytes: usize): bool {
  let at: usize = 0
  for (; at + 16 <= bytes; at += 16)
    if (!i8x16.all_true(i8x16.eq(v128.load(p + at), v128.load(q + at)))) return false
  const mask = (1 << (<u32>(bytes - at))) - 1
  return (i8x16.bitmask(i8x16.eq(v128.load(p + at), v128.load(q + at))) & mask) == mask
}

function requestLine(end: usize): usize {
  const known = sameLine(INPUT, end, SLOTS)
  if (known != 0) {
    store<u32>(LINES, SAME_LINE)
    return known
  }
  const method = methodBytes(INPUT)
  if (method == 0 || <u32>load<u8>(INPUT + method, 1) != 0x2f) return 0
  const to = targetEnd(INPUT + method + 1)
  // ` HTTP/1.1` and the line end.
  if (<u32>load<u8>(to) != SPACE || load<u64>(to, 1) != 0x312e312f50545448) return 0
  if (<u32>load<u16>(to, 9) != CRLF) return 0
  tell(0, FRESH, INPUT, INPUT + method, to + 9)
  return to + 11
}

/** Bytes of the methods that nearly all requests have. */
function methodBytes(p: usize): usize {
  const four = load<u32>(p)
  if (four == 0x20544547 || four == 0x20545550) return 3
  const next = load<u32>(p, 4)
  if (four == 0x54534f50 || four == 0x44414548) return (next & 0xff) == SPACE ? 4 : 0
  if (four == 0x43544150) return (next & 0xffff) == 0x2048 ? 5 : 0
  if (four == 0x454c4544) return (next & 0xffffff) == 0x204554 ? 6 : 0
  if (four == 0x4954504f) return next == 0x20534e4f ? 7 : 0
  return 0
}

/** Where visible ASCII ends; a fragment has no place in a target. */
function targetEnd(from: usize): usize {
  let p = from
  let others = noTarget(p)
  while (!v128.any_true(others)) {
    p += 16
    others = noTarget(p)
  }
  return p + <usize>ctz(i8x16.bitmask(others))
}

function noTarget(p: usize): v128 {
  const bytes = v128.load(p)
  return v128.or(
    i8x16.gt_u(i8x16.sub(bytes, i8x16.splat(0x21)), i8x16.splat(0x5d)),
    i8x16.eq(bytes, i8x16.splat(0x23)),
  )
}

/** Where visible ASCII and spaces end. */
function valueEnd(from: usize): usize {
  let p = from
  let others = noValue(p)
  while (!v128.any_true(others)) {
    p += 16
    others = noValue(p)
  }
  return p + <usize>ctz(i8x16.bitmask(others))
}

function noValue(p: usize): v128 {
  return i8x16.gt_u(i8x16.sub(v128.load(p), i8x16.splat(0x20)), i8x16.splat(0x5e))
}

/** Reads one field. @returns where the next one begins; 0 where this one is not plain. */
function fieldLine(p: usize, end: usize, place: usize): usize {
  const slot = SLOTS + place * SLOT_BYTES
  const known = sameLine(p, end, slot)
  if (known != 0) {
    store<u32>(LINES + place * LINE_BYTES, SAME_LINE)
    return known
  }
  const kept = <usize>load<u32>(slot, 4)
  let kind = FRESH
  let name = p
  if (kept != 0 && isSame(p, slot + 16, kept + 1)) {
    kind = SAME_NAME
    name += kept
  } else {
    while (<u32>load<u8>(TOKEN + <usize>load<u8>(name)) != 0) name += 1
    if (name == p || name - p > MAX_NAME || <u32>load<u8>(name) != COLON) return 0
  }
  // Exactly one space before the value, none behind it.
  const value = name + 2
  const to = valueEnd(value)
  if (<u32>load<u8>(name, 1) != SPACE || <u32>load<u16>(to) != CRLF || to == value) return 0
  if (<u32>load<u8>(value) == SPACE || <u32>load<u8>(to - 1) == SPACE) return 0
  tell(place, kind, p, name, to)
  return to + 2
}

function tell(place: usize, kind: u32, from: usize, name: usize, to: usize): void {
  const line = LINES + place * LINE_BYTES
  store<u32>(line, kind)
  store<u32>(line, <u32>(from - INPUT), 4)
  store<u32>(line, <u32>(name - INPUT), 8)
  store<u32>(line, <u32>(to - INPUT), 12)
  if (load<u32>(FRESH_TO) == 0) store<u32>(FRESH_FROM, <u32>(from - INPUT))
  store<u32>(FRESH_TO, <u32>(to - INPUT))
}
