// The scan of JSON texts that came from outside: strict grammar, and everything two parsers could read differently, in
// one pass over the bytes. AssemblyScript, written so that it is plain TypeScript to the formatter. The twin is
// src/http/json-scanner.ts, which finds the same faults at the same bytes; the layout of memory and the codes are those
// of src/http/json-wasm.ts.

import { hexUnit, NUMBERED } from './hex-unit'
import { deciding, leads } from './leads'
import { behindPlainEscapes } from './plain-escapes'
import { skipSpace } from './skip-space'

/**
 * What is told: offset of a fault; values; unsafe integers; whether there are many short texts or shapes; end of the
 * arena; strings that may lead inside.
 */
const HEAD: usize = 0x100
const FRAMES: usize = 0x800
const FRAME_BYTES: usize = 24
/** Digits, and their number before them: of the least number that is infinite, and that is an unsafe integer. */
const INFINITE: usize = 0x200
const UNSAFE: usize = 0x400
/** Offsets of unsafe integers. */
const FOUND: usize = 0x4000
const FOUND_END: usize = 0x14000
/** Sets of hashes: different names, and names with all that stood before them in their object. */
const NAMES: usize = 0x14000
const SHAPES: usize = 0x24000
const SET_BYTES: usize = 0x10000
const SET_MASK: usize = 0x1fff
/** Names of the objects that are open, one object behind the other: hash, and where the name stands. */
const ENTRIES: usize = 0x34000
const ENTRIES_END: usize = 0x74000
const ENTRY_BYTES: usize = 16
/** For each open object of many names: where each of them is among the entries, by its hash. */
const TABLES: usize = 0x74000
const TABLES_END: usize = 0xb4000
/** Hashes of different short texts. */
const TEXTS: usize = 0xb4000
const TEXTS_BYTES: usize = 0x8000
const TEXTS_MASK: usize = 0xfff
/** Strings that may lead inside: where their names begin and end, and where they do, as they stand. */
const LEADING: usize = 0xbc000
const LEADING_END: usize = 0xe2000
const LEADING_BYTES: usize = 16
/** Of a few of them, by what decides their hosts: half of a hash, and where it stands in that list. */
const TOLD: usize = 0xe2000
const TOLD_BYTES: usize = 0x2000
const TOLD_MASK: usize = 1023
/** Half of the slots. */
const MANY_TOLD: u32 = 512
/** So many are told of without a look at those before. */
const FREE_LEADING: usize = 16
const TEXT: usize = 0xe4040

const PASSED: i32 = 0
const SYNTAX: i32 = 1
const UNEXPECTED_END: i32 = 2
const TRAILING_DATA: i32 = 3
const DUPLICATE_KEY: i32 = 4
const DANGEROUS_KEY: i32 = 5
const LONE_SURROGATE: i32 = 6
const TOO_DEEP: i32 = 7
const TOO_MANY_NODES: i32 = 8
const KEY_TOO_LONG: i32 = 9
const STRING_TOO_LONG: i32 = 10
const NUMBER_TOO_LONG: i32 = 11
const NUMBER_OUT_OF_RANGE: i32 = 12
const TOO_MANY_NAMES: i32 = 13
/** The twin has to look: there is more of something than there is room for. */
const UNFIT: i32 = 14

// A frame: whether it is an object, how many slots its table has (as a power of two; 0: none), where its names begin
// among the entries, the hash of its names so far, one bit for each of its first names.
const F_TABLE: usize = 1
const F_ENTRIES: usize = 4
const F_SHAPE: usize = 8
const F_SEEN: usize = 16
// Of an array: the name it stands under, or that of the array around it.
const F_NAMESTART: usize = 4
const F_NAMEEND: usize = 8

/** So many names of one object are compared one by one, where their bits do not tell already that all differ. */
const FEW_NAMES: usize = 16
/** The first table of an object with more: 128 slots. */
const FIRST_TABLE: usize = 7

/** Members that may be whatever they are; what comes behind is counted. */
const FREE_KEYS: u32 = 256
/** More shapes than this are told as many. */
const MANY_SHAPES: u32 = 256
/** Shorter and longer texts are not counted, bytes; nor are the first ones. */
const MIN_TEXT: u32 = 3
const MAX_TEXT: u32 = 9
const FREE_TEXTS: u32 = 256
/** More different short texts than this are told as many. */
const MANY_TEXTS: u32 = 768
/** How it is told. */
const TEXTS_MANY: u32 = 1
const SHAPES_MANY: u32 = 2

const HASH_HIGH: u64 = 0x9e3779b97f4a7c15
const HASH: u64 = 0xd6e8feb86659fd93

const QUOTE: u32 = 0x22
const COMMA: u32 = 0x2c
const MINUS: u32 = 0x2d
const ZERO: u32 = 0x30
const COLON: u32 = 0x3a
const BACKSLASH: u32 = 0x5c

let seed: u64 = 0
let textEnd: usize = 0
/** Where the next name is noted, and where the tables end. What inner objects leave behind is written over. */
let entryAt: usize = ENTRIES
let tableAt: usize = TABLES
let fault: i32 = 0
let foundAt: usize = FOUND
/** Behind the text: names without their escapes. */
let arenaAt: usize = 0
let keys: u32 = 0
let names: u32 = 0
let shapes: u32 = 0
let texts: u32 = 0
let newTexts: u32 = 0
let isEscaped: bool = false
let leadingAt: usize = LEADING
let told: u32 = 0
/** The name read last; in an array, the one it stands under. */
let nameStart: u32 = 0
let nameEnd: u32 = 0

let maxKeyChars: u32 = 0
let maxStringChars: u32 = 0
let maxNumberChars: u32 = 0
let maxNames: u32 = 0

/** Something that senders of names cannot know. */
export function setSeed(value: u64): void {
  seed = value
}

/** Bounds of the next scans; see `JsonLimits`. */
export function setLimits(keyChars: u32, stringChars: u32, numberChars: u32, nameCount: u32): void {
  maxKeyChars = keyChars
  maxStringChars = stringChars
  maxNumberChars = numberChars
  maxNames = nameCount
}

/**
 * Scans the text of `length` bytes at `TEXT`, valid UTF-8 and followed by 64 zero bytes and room for as many bytes as
 * it has. Answers a code; the rest stands in the head.
 */
export function scan(length: u32, maxDepth: u32, maxNodes: u32): i32 {
  textEnd = TEXT + <usize>length
  entryAt = ENTRIES
  tableAt = TABLES
  fault = PASSED
  foundAt = FOUND
  arenaAt = textEnd + 64
  keys = 0
  names = 0
  shapes = 0
  texts = 0
  newTexts = 0
  leadingAt = LEADING
  nameStart = 0
  nameEnd = 0
  const nodes = walk(maxDepth, maxNodes)
  store<u32>(HEAD, nodes, 4)
  store<u32>(HEAD, <u32>((foundAt - FOUND) >> 2), 8)
  store<u32>(HEAD, shapes > MANY_SHAPES ? SHAPES_MANY : newTexts > MANY_TEXTS ? TEXTS_MANY : 0, 12)
  store<u32>(HEAD, <u32>arenaAt, 16)
  store<u32>(HEAD, <u32>((leadingAt - LEADING) / LEADING_BYTES), 20)
  return fault
}

/** Reads values until the text ends or a fault is set; answers how many. */
function walk(maxDepth: u32, maxNodes: u32): u32 {
  let depth: u32 = 0
  let nodes: u32 = 0
  let p = TEXT
  let f = FRAMES
  let isObject = false
  while (true) {
    // A value begins here.
    p = skipSpace(p)
    nodes += 1
    if (nodes > maxNodes) {
      fail(TOO_MANY_NODES, p)
      return nodes
    }
    const c = <u32>load<u8>(p)
    // Braces and brackets are 32 apart, their ends two behind.
    if ((c | 0x20) == 0x7b) {
      if (depth >= maxDepth) {
        fail(TOO_DEEP, p)
        return nodes
      }
      depth += 1
      f += FRAME_BYTES
      isObject = c == 0x7b
      // It has no table yet.
      store<u16>(f, isObject ? 1 : 0)
      if (isObject) {
        store<u32>(f, <u32>entryAt, F_ENTRIES)
        store<u64>(f, seed, F_SHAPE)
        store<u64>(f, 0, F_SEEN)
      } else {
        store<u32>(f, nameStart, F_NAMESTART)
        store<u32>(f, nameEnd, F_NAMEEND)
      }
      p = skipSpace(p + 1)
      if (<u32>load<u8>(p) != c + 2) {
        if (isObject) {
          p = key(p, f)
          if (p == 0) return nodes
        }
        continue
      }
    } else {
      p = scalar(p, c)
      if (p == 0) return nodes
    }
    // A value ended before `p`, or a container ends at it.
    if (<u32>load<u8>(p) == c + 2 && (c | 0x20) == 0x7b) {
      // It was empty: nothing was noted of it.
      depth -= 1
      f -= FRAME_BYTES
      p += 1
      isObject = load<u8>(f) == 1
    }
    while (true) {
      p = skipSpace(p)
      if (depth == 0) {
        if (p < textEnd) fail(TRAILING_DATA, p)
        return nodes
      }
      const next = <u32>load<u8>(p)
      if (next == COMMA) {
        p += 1
        break
      }
      if (next != <u32>(isObject ? 0x7d : 0x5d)) {
        unexpected(p)
        return nodes
      }
      p += 1
      if (isObject) forget(f)
      depth -= 1
      f -= FRAME_BYTES
      isObject = load<u8>(f) == 1
    }
    if (isObject) {
      p = key(skipSpace(p), f)
      if (p == 0) return nodes
    } else {
      // What the item before held may have had names of its own.
      nameStart = load<u32>(f, F_NAMESTART)
      nameEnd = load<u32>(f, F_NAMEEND)
    }
  }
}

function fail(code: i32, p: usize): usize {
  fault = code
  store<u32>(HEAD, <u32>(p - TEXT))
  return 0
}

function unexpected(p: usize): usize {
  return fail(p >= textEnd ? UNEXPECTED_END : SYNTAX, p)
}

/** Reads the scalar that begins with `c`; where it ends, or 0. */
function scalar(p: usize, c: u32): usize {
  if (c == QUOTE) {
    const behind = text(p, maxStringChars, STRING_TOO_LONG)
    if (behind == 0) return 0
    const length = <u32>(behind - p) - 2
    if (length - MIN_TEXT <= MAX_TEXT - MIN_TEXT && newTexts <= MANY_TEXTS) countText(p + 1, length)
    if (leads(p + 1, behind - 1)) noteLeading(<u32>(p + 1 - TEXT), <u32>(behind - 1 - TEXT))
    return behind
  }
  if (c == MINUS || c - ZERO <= 9) return number(p, c)
  if (c == 0x74) return load<u32>(p) == 0x65757274 ? p + 4 : literal(p, 0x65757274, 4)
  if (c == 0x6e) return load<u32>(p) == 0x6c6c756e ? p + 4 : literal(p, 0x6c6c756e, 4)
  if (c == 0x66) return literal(p, 0x65736c6166, 5)
  return unexpected(p)
}

/** Those that were told of are left out; beyond the room for them they are only counted. */
function noteLeading(start: u32, end: u32): void {
  if (leadingAt >= LEADING + FREE_LEADING * LEADING_BYTES && isTold(start, end)) return
  if (leadingAt < LEADING_END) {
    store<u32>(leadingAt, nameStart)
    store<u32>(leadingAt, nameEnd, 4)
    store<u32>(leadingAt, start, 8)
    store<u32>(leadingAt, end, 12)
  }
  leadingAt += LEADING_BYTES
}

/** Whether a text under the same name was told of whose host is the same; if not, it is known from now on. */
function isTold(start: u32, end: u32): bool {
  if (leadingAt == LEADING + FREE_LEADING * LEADING_BYTES) {
    memory.fill(TOLD, 0, TOLD_BYTES)
    told = 0
  }
  if (told == MANY_TOLD) return false
  const length = deciding(TEXT + <usize>start, TEXT + <usize>end)
  const hash = hashName(TEXT + <usize>start, length)
  let at = <usize>(hash >> 20) & TOLD_MASK
  while (true) {
    const slot = TOLD + (at << 3)
    const before = <usize>load<u32>(slot, 4)
    if (before == 0) {
      store<u32>(slot, <u32>hash)
      store<u32>(slot, <u32>leadingAt, 4)
      told += 1
      return false
    }
    if (load<u32>(slot) == <u32>hash && isAlike(before, start, end, length)) return true
    at = (at + 1) & TOLD_MASK
  }
}

/** Whether the text in the list at `before` has the same name and the same first `length` bytes, which decide its host. */
function isAlike(before: usize, start: u32, end: u32, length: u32): bool {
  const name = load<u32>(before)
  const nameLength = nameEnd - nameStart
  const other = load<u32>(before, 8)
  const otherLength = load<u32>(before, 12) - other
  // Where all of a text decides, all of the other one has to be the same.
  if (otherLength < length || (start + length == end && otherLength != length)) return false
  if (load<u32>(before, 4) - name != nameLength) return false
  return (
    (name == nameStart || isEqual(TEXT + <usize>name, TEXT + <usize>nameStart, nameLength)) &&
    isEqual(TEXT + <usize>other, TEXT + <usize>start, length)
  )
}

function isEqual(a: usize, b: usize, length: u32): bool {
  for (let i: usize = 0; i < <usize>length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false
  }
  return true
}

function literal(start: usize, letters: u64, length: usize): usize {
  const end = start + length
  let rest = letters
  for (let p = start; p < end; p++) {
    if (<u64>load<u8>(p) != (rest & 0xff)) return unexpected(p)
    rest >>= 8
  }
  return end
}

/** One bit for each of 16 bytes that ends a plain run in a string: quote, backslash, control. */
function stops(chunk: v128): i32 {
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(chunk, i8x16.splat(0x22)), i8x16.eq(chunk, i8x16.splat(0x5c))),
      i8x16.lt_u(chunk, i8x16.splat(0x20)),
    ),
  )
}

/** Reads the string at the quote `p`; the byte behind its last quote, or 0. */
function text(p: usize, maxChars: u32, tooLong: i32): usize {
  const start = p + 1
  let at = start
  isEscaped = false
  while (true) {
    // No more of a string is looked at than it may hold.
    const stop = at + 3 * <usize>maxChars + 1
    let found = stops(v128.load(at))
    while (found == 0 && at < stop) {
      at += 16
      found = stops(v128.load(at))
    }
    if (found != 0) at += <usize>ctz(found)
    const c = <u32>load<u8>(at)
    if (at > stop || (at == stop && c != QUOTE)) {
      if (stop < textEnd) return fail(tooLong, start)
    }
    if (c == QUOTE) break
    if (c != BACKSLASH) return unexpected(at)
    isEscaped = true
    // So many bytes are never too many characters.
    const plainEnd = behindPlainEscapes(at, start + <usize>maxChars)
    at = plainEnd > at ? plainEnd : afterEscape(at)
    // Numbers of characters come one after another.
    while (at != 0 && at - start <= 6 * <usize>maxChars && load<u16>(at) == NUMBERED)
      at = afterEscape(at)
    if (at == 0) return 0
    if (at - start > 6 * <usize>maxChars) return fail(tooLong, start)
  }
  if (at - start > <usize>maxChars && charsBetween(start, at) > maxChars)
    return fail(tooLong, start)
  return at + 1
}

function afterEscape(p: usize): usize {
  const c = <u32>load<u8>(p, 1)
  if (c != 0x75) {
    const isOne = c == QUOTE || c == BACKSLASH || c == 0x2f || c == 0x62 || c == 0x66
    return isOne || c == 0x6e || c == 0x72 || c == 0x74 ? p + 2 : unexpected(p + 1)
  }
  const unit = hexUnit(p)
  if (unit < 0) return unexpected(p + 1)
  if (unit < 0xd800 || unit > 0xdfff) return p + 6
  const low = unit < 0xdc00 ? hexUnit(p + 6) : -1
  return low < 0xdc00 || low > 0xdfff ? fail(LONE_SURROGATE, p) : p + 12
}

/** UTF-16 units of the string between two offsets. */
function charsBetween(start: usize, end: usize): u32 {
  let chars: u32 = 0
  for (let p = start; p < end; p++) {
    const c = <u32>load<u8>(p)
    if (c == BACKSLASH) p += <u32>load<u8>(p, 1) == 0x75 ? 5 : 1
    if (c < 0x80 || c >= 0xc0) chars += c >= 0xf0 ? 2 : 1
  }
  return chars
}

function afterDigits(start: usize): usize {
  let p = start
  while (<u32>load<u8>(p) - ZERO <= 9) {
    p += 1
    if (p - start < 32) continue
    while (i8x16.all_true(i8x16.lt_u(i8x16.sub(v128.load(p), i8x16.splat(48)), i8x16.splat(10))))
      p += 16
  }
  return p
}

/** Reads a number; where it ends, or 0. RFC 8259 section 6. */
function number(start: usize, first: u32): usize {
  let p = first == MINUS ? start + 1 : start
  const digitsAt = p
  // A leading zero stands alone: the digit after it is an error the caller finds.
  p = <u32>load<u8>(p) == ZERO ? p + 1 : afterDigits(p)
  if (p == digitsAt) return unexpected(p)
  const digits = <i32>(p - digitsAt)
  let c = <u32>load<u8>(p)
  if (c == 0x2e) {
    const from = p + 1
    p = afterDigits(from)
    c = <u32>load<u8>(p)
    if (p == from || c == 0x2e) return unexpected(p)
  }
  const behind = p
  let exponent: i32 = 0
  if ((c | 0x20) == 0x65) {
    c = <u32>load<u8>(++p)
    const isNegative = c == MINUS
    if (isNegative || c == 0x2b) p += 1
    const from = p
    while (true) {
      const digit = <u32>load<u8>(p) - ZERO
      if (digit > 9) break
      if (exponent < 100000000) exponent = exponent * 10 + <i32>digit
      p += 1
    }
    if (p == from) return unexpected(p)
    if (isNegative) exponent = -exponent
  } else if (digits <= 15) {
    return p - start > <usize>maxNumberChars ? fail(NUMBER_TOO_LONG, start) : p
  }
  if (p - start > <usize>maxNumberChars) return fail(NUMBER_TOO_LONG, start)
  return judge(digitsAt, behind, digits - 1 + exponent, start) ? p : 0
}

/**
 * Judges the value of the digits in [digitsAt, end), of which the first counts ten to the power of `first`; false once
 * a fault is set.
 */
function judge(digitsAt: usize, end: usize, first: i32, start: usize): bool {
  let p = digitsAt
  let power = first
  while (p < end && <u32>load<u8>(p) <= ZERO) {
    // The point counts nothing.
    if (<u32>load<u8>(p) == ZERO) power -= 1
    p += 1
  }
  // Zero, or below 10^15.
  if (p == end || power < 15) return true
  if (power > 308 || (power == 308 && reaches(p, end, INFINITE))) {
    fail(NUMBER_OUT_OF_RANGE, start)
    return false
  }
  if (power == 15 && !reaches(p, end, UNSAFE)) return true
  if (foundAt == FOUND_END) {
    fault = UNFIT
    return false
  }
  store<u32>(foundAt, <u32>(start - TEXT))
  foundAt += 4
  return true
}

/** Whether the digits of [start, end), a point among them perhaps, are at least those at `bound`. */
function reaches(start: usize, end: usize, bound: usize): bool {
  const last = bound + 4 + <usize>load<u32>(bound)
  let p = start
  for (let at = bound + 4; at < last; at++) {
    if (p < end && <u32>load<u8>(p) == 0x2e) p += 1
    // The last digit of a bound is no zero.
    if (p >= end) return false
    const c = load<u8>(p)
    const other = load<u8>(at)
    if (c != other) return c > other
    p += 1
  }
  return true
}

/** Reads a name and its colon in the object of frame `f`; where the value may begin, or 0. */
function key(p: usize, f: usize): usize {
  if (<u32>load<u8>(p) != QUOTE) return unexpected(p)
  const start = p + 1
  const behind = text(p, maxKeyChars, KEY_TOO_LONG)
  if (behind == 0) return 0
  nameStart = <u32>(start - TEXT)
  nameEnd = <u32>(behind - 1 - TEXT)
  if (isEscaped) {
    const plain = arenaAt
    const length = unescape(start, behind - 1)
    if (!enter(plain, length, f, start)) return 0
  } else if (!enter(start, <u32>(behind - 1 - start), f, start)) return 0
  const colon = skipSpace(behind)
  return <u32>load<u8>(colon) == COLON ? colon + 1 : unexpected(colon)
}

/** Writes the name in [start, end) to the arena without its escapes, with a quote behind it; answers its length. */
function unescape(start: usize, end: usize): u32 {
  let to = arenaAt
  for (let p = start; p < end;) {
    const c = <u32>load<u8>(p)
    if (c != BACKSLASH) {
      store<u8>(to++, <u8>c)
      p += 1
      continue
    }
    const letter = <u32>load<u8>(p, 1)
    p += 2
    if (letter == 0x75) {
      let point = <u32>hexUnit(p - 2)
      p += 4
      if (point >= 0xd800 && point < 0xdc00) {
        point = ((point - 0xd800) << 10) + <u32>hexUnit(p) - 0xdc00 + 0x10000
        p += 6
      }
      to = writeUtf8(to, point)
      continue
    }
    let meaning = letter
    if (letter == 0x62) meaning = 8
    else if (letter == 0x66) meaning = 12
    else if (letter == 0x6e) meaning = 10
    else if (letter == 0x72) meaning = 13
    else if (letter == 0x74) meaning = 9
    store<u8>(to++, <u8>meaning)
  }
  const length = <u32>(to - arenaAt)
  store<u8>(to, <u8>QUOTE)
  arenaAt = to + 1
  return length
}

/** RFC 3629 section 3. */
function writeUtf8(at: usize, point: u32): usize {
  let to = at
  if (point < 0x80) {
    store<u8>(to, <u8>point)
    return to + 1
  }
  if (point < 0x800) store<u8>(to++, <u8>(0xc0 | (point >> 6)))
  else {
    if (point < 0x10000) store<u8>(to++, <u8>(0xe0 | (point >> 12)))
    else {
      store<u8>(to++, <u8>(0xf0 | (point >> 18)))
      store<u8>(to++, <u8>(0x80 | ((point >> 12) & 63)))
    }
    store<u8>(to++, <u8>(0x80 | ((point >> 6) & 63)))
  }
  store<u8>(to, <u8>(0x80 | (point & 63)))
  return to + 1
}

function mix(hash: u64, word: u64): u64 {
  const mixed = (hash ^ word) * HASH
  return mixed ^ (mixed >> 32)
}

function hashName(p: usize, length: u32): u64 {
  let hash = seed + <u64>length * HASH_HIGH
  if (length > 16) {
    const end = p + <usize>length - 8
    for (let at = p; at < end; at += 8) hash = mix(hash, load<u64>(at))
    return mix(mix(hash, load<u64>(end)), 0)
  }
  const mask = i8x16.lt_u(
    i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    i8x16.splat(<i8>length),
  )
  const name = v128.and(v128.load(p), mask)
  hash = mix(hash, <u64>i64x2.extract_lane(name, 0))
  return mix(mix(hash, <u64>i64x2.extract_lane(name, 1)), 0)
}

function isDangerous(p: usize, length: u32): bool {
  // `__proto__`, `prototype`, `constructor`.
  if (length == 9) {
    const head = load<u64>(p)
    const last = <u32>load<u8>(p, 8)
    return (
      (head == 0x5f6f746f72705f5f && last == 0x5f) || (head == 0x7079746f746f7270 && last == 0x65)
    )
  }
  return length == 11 && load<u64>(p) == 0x63757274736e6f63 && load<u32>(p, 7) == 0x726f7463
}

/** Notes a name, which stands at `start` in the text, of the object of frame `f`; false once a fault is set. */
function enter(p: usize, length: u32, f: usize, start: usize): bool {
  if (isDangerous(p, length)) {
    fail(DANGEROUS_KEY, start)
    return false
  }
  const hash = hashName(p, length)
  if (entryAt == ENTRIES_END) {
    fault = UNFIT
    return false
  }
  const first = <usize>load<u32>(f, F_ENTRIES)
  const table = <usize>load<u8>(f, F_TABLE)
  const before = table == 0 ? inList(f, first, hash) : inTable(table, hash)
  if (before != 0) {
    // Two names with one hash: nobody can prepare them, but the twin knows better.
    if (isSame(TEXT + <usize>load<u32>(before, 8), p, length)) fail(DUPLICATE_KEY, start)
    else fault = UNFIT
    return false
  }
  store<u64>(entryAt, hash)
  store<u32>(entryAt, <u32>(p - TEXT), 8)
  entryAt += ENTRY_BYTES
  const named = (entryAt - first) / ENTRY_BYTES
  if (table == 0) {
    if (named > FEW_NAMES && !grow(f, first, FIRST_TABLE)) return false
  } else if (named << 1 > (<usize>1) << table && !grow(f, first, table + 1)) return false
  return count(hash, start, f)
}

/** The entry with a hash among those from `first` on; 0 where there is none. */
function inList(f: usize, first: usize, hash: u64): usize {
  const seen = load<u64>(f, F_SEEN)
  const bit: u64 = 1 << (hash >> 58)
  store<u64>(f, seen | bit, F_SEEN)
  if ((seen & bit) == 0) return 0
  for (let at = first; at < entryAt; at += ENTRY_BYTES) {
    if (load<u64>(at) == hash) return at
  }
  return 0
}

/** The same in the last table, of two to the power of `size` slots; where there is none, the next entry is put there. */
function inTable(size: usize, hash: u64): usize {
  const mask = ((<usize>1) << size) - 1
  const table = tableAt - ((<usize>2) << size)
  let slot = <usize>(hash >> 20) & mask
  while (true) {
    const number = <usize>load<u16>(table + (slot << 1))
    if (number == 0) break
    const at = ENTRIES + (number - 1) * ENTRY_BYTES
    if (load<u64>(at) == hash) return at
    slot = (slot + 1) & mask
  }
  put(table + (slot << 1), entryAt)
  return 0
}

/** Writes the number of an entry into a slot; 0 is that of none. */
function put(slot: usize, entry: usize): void {
  store<u16>(slot, <u16>((entry - ENTRIES) / ENTRY_BYTES + 1))
}

/** Makes a table of the names of the innermost object, in place of the smaller one; false where there is no room. */
function grow(f: usize, first: usize, size: usize): bool {
  const old = <usize>load<u8>(f, F_TABLE)
  const table = old == 0 ? tableAt : tableAt - ((<usize>2) << old)
  const bytes = (<usize>2) << size
  if (table + bytes > TABLES_END) {
    fault = UNFIT
    return false
  }
  memory.fill(table, 0, bytes)
  tableAt = table + bytes
  store<u8>(f, <u8>size, F_TABLE)
  const mask = ((<usize>1) << size) - 1
  for (let entry = first; entry < entryAt; entry += ENTRY_BYTES) {
    let slot = <usize>(load<u64>(entry) >> 20) & mask
    while (load<u16>(table + (slot << 1)) != 0) slot = (slot + 1) & mask
    put(table + (slot << 1), entry)
  }
  return true
}

/** The innermost object has ended: its names, which are the last ones, are no longer asked for. */
function forget(f: usize): void {
  entryAt = <usize>load<u32>(f, F_ENTRIES)
  const table = <usize>load<u8>(f, F_TABLE)
  if (table != 0) tableAt -= (<usize>2) << table
}

/** Whether the text at `a`, with a quote behind it, is that at `b`. */
function isSame(a: usize, b: usize, length: u32): bool {
  for (let i: usize = 0; i < <usize>length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false
  }
  return <u32>load<u8>(a + <usize>length) == QUOTE
}

/** Counts different names and different shapes once there are many members. */
function count(hash: u64, p: usize, f: usize): bool {
  const shape = mix(load<u64>(f, F_SHAPE), hash)
  store<u64>(f, shape, F_SHAPE)
  keys += 1
  if (keys <= FREE_KEYS) return true
  if (keys == FREE_KEYS + 1) {
    memory.fill(NAMES, 0, SET_BYTES)
    memory.fill(SHAPES, 0, SET_BYTES)
  }
  if (shapes <= MANY_SHAPES) {
    // The same names in the same order, this one among them, were all counted.
    if (!isNew(SHAPES, SET_MASK, shape)) return true
    shapes += 1
  }
  // The set has room for 4,096: a higher bound is none.
  if (names > 4096 || !isNew(NAMES, SET_MASK, hash)) return true
  names += 1
  if (names <= maxNames) return true
  fail(TOO_MANY_NAMES, p)
  return false
}

/** Counts different short texts, once there are many texts: as they stand, escapes and all. */
function countText(p: usize, length: u32): void {
  texts += 1
  if (texts <= FREE_TEXTS) return
  if (texts == FREE_TEXTS + 1) memory.fill(TEXTS, 0, TEXTS_BYTES)
  if (isNew(TEXTS, TEXTS_MASK, hashName(p, length))) newTexts += 1
}

/** Whether a hash was not in a set of `mask + 1` slots, where it is put. */
function isNew(set: usize, mask: usize, hash: u64): bool {
  const wanted = hash | 1
  let slot = <usize>(hash >> 20) & mask
  while (true) {
    const at = set + (slot << 3)
    const other = load<u64>(at)
    if (other == wanted) return false
    if (other == 0) {
      store<u64>(at, wanted)
      return true
    }
    slot = (slot + 1) & mask
  }
}
