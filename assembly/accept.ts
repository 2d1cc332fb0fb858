// Says of JSON texts that came from outside that they surely are strict JSON and fit their schema, in one pass over the
// bytes. It never says that a text is wrong: whatever it does not know makes it say nothing, and the twins look,
// src/http/json-scanner.ts and src/openapi/schema/. AssemblyScript, written so that it is plain TypeScript to the
// formatter. The layout of memory is that of src/openapi/accept/layout.ts.

import { hexUnit, NUMBERED } from './hex-unit'
import { isLetter, leads, ODD_URL, PUBLIC_URL, urlKind } from './leads'
import { behindPlainEscapes } from './plain-escapes'
import { skipSpace } from './skip-space'

/** Open containers, 24 bytes each. */
const FRAMES: usize = 0x400
const FRAME_BYTES: usize = 24
const TEXT: usize = 0x4000

// A frame: its node, how many items it has, which members were seen.
const F_ITEMS: usize = 4
const F_SEEN: usize = 8
const F_ISOBJECT: usize = 16

// A node: kinds of values; how a text is judged, and by what; its bytes; bounds of a number; items; members; the node of
// members that have none of their own, or 0 where there are no others; of a choice, the name of the property whose text
// decides, among the members those texts with the nodes they lead to.
const N_TEST: usize = 4
const N_DATA: usize = 8
const N_MINLENGTH: usize = 12
const N_MAXLENGTH: usize = 16
const N_ITEM: usize = 20
const N_MINITEMS: usize = 24
const N_MAXITEMS: usize = 28
const N_SLOTMASK: usize = 32
const N_SLOTS: usize = 36
const N_REQUIRED: usize = 40
const N_MINIMUM: usize = 48
const N_MAXIMUM: usize = 56
const N_ABOVE: usize = 64
const N_BELOW: usize = 72
const N_OTHERS: usize = 80
const N_TAG: usize = 84

// A member: its name, its node, its number.
const E_LENGTH: usize = 4
const E_NODE: usize = 8
const E_INDEX: usize = 12

const OBJECT: u32 = 1
const ARRAY: u32 = 2
const STRING: u32 = 4
const NUMBER: u32 = 8
const INTEGER: u32 = 16
const BOOLEAN: u32 = 32
const NULL: u32 = 64
/** Objects belong to the node that one of their texts leads to. */
const CHOICE: u32 = 128

const STEPS: u32 = 1
const LIST: u32 = 2
const DATE: u32 = 3
const DATE_TIME: u32 = 4
const EMAIL: u32 = 5
const URL: u32 = 6

const QUOTE: u32 = 0x22
const COMMA: u32 = 0x2c
const MINUS: u32 = 0x2d
const DOT: u32 = 0x2e
const ZERO: u32 = 0x30
const COLON: u32 = 0x3a
const BACKSLASH: u32 = 0x5c

/** A double holds all of them as they are written. */
const MAX_DIGITS: usize = 15
const MAX_LABEL: usize = 63
const MAX_LOCAL: usize = 64

// Vectors stand in memory: to make one of a constant takes several instructions, each time.
const QUOTES: usize = memory.data<u64>([0x2222222222222222, 0x2222222222222222], 16)
const BACKSLASHES: usize = memory.data<u64>([0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c], 16)
const CONTROLS: usize = memory.data<u64>([0x1f1f1f1f1f1f1f1f, 0x1f1f1f1f1f1f1f1f], 16)
/** Bytes that may be read ahead in any text, besides twice its own. */
const FREE_AHEAD: usize = 64
/** A longer text is cleared by the engine, whose call costs more than the first vectors. */
const MAX_CLEARED: usize = 1024

let textEnd: usize = 0
/** Something was not looked at: whether a number is one, where the strings stand that may lead inside. */
const UNSCANNED: u32 = 2
/** There are names that the document does not list. Whether one comes twice or is dangerous was not looked at, either. */
const UNLISTED: u32 = 4
let isOpen: u32 = 0
/** So many bytes may still be read ahead of their turn. */
let aheadLeft: usize = 0
/** So many values have no more names than may be. */
let freeNodes: u32 = 0
/** The bytes of the string read last. */
let isEscaped: bool = false
let isWide: bool = false

/**
 * Looks at the text of `length` bytes at `TEXT`, valid UTF-8 with zeros behind it. Answers 0 where it does not know;
 * 1: it fits; more: it fits if the scan finds no fault in it. There are numbers of odd forms, strings that may lead inside
 * or more than `fewNodes` values (`UNSCANNED`), or names that the document does not list (`UNLISTED`). Nothing of the
 * text stays.
 */
export function accept(length: u32, root: usize, maxDepth: u32, maxNodes: u32, fewNodes: u32): u32 {
  textEnd = TEXT + <usize>length
  isOpen = 0
  aheadLeft = ((<usize>length) << 1) + FREE_AHEAD
  freeNodes = fewNodes
  const fits = walk(root, maxDepth, maxNodes)
  clear()
  return fits ? 1 | isOpen : 0
}

/** Wipes the text. */
function clear(): void {
  if (textEnd - TEXT > MAX_CLEARED) {
    memory.fill(TEXT, 0, textEnd - TEXT)
    return
  }
  const none = i8x16.splat(0)
  // Whole vectors: behind the text there are zeros.
  for (let at = TEXT; at < textEnd; at += 16) v128.store(at, none)
}

function walk(root: usize, maxDepth: u32, maxNodes: u32): bool {
  let depth: u32 = 0
  let nodes: u32 = 0
  let f = FRAMES
  let node = root
  let p = skipSpace(TEXT)
  while (true) {
    // A value of `node` begins at `p`.
    nodes += 1
    if (nodes > maxNodes) return false
    const c = <u32>load<u8>(p)
    let kinds = load<u32>(node)
    if ((c | 0x20) == 0x7b) {
      const isObject = c == 0x7b
      while (isObject && (kinds & CHOICE) != 0) {
        node = chosen(p, node)
        if (node == 0) return false
        kinds = load<u32>(node)
      }
      if (depth >= maxDepth || (kinds & (isObject ? OBJECT : ARRAY)) == 0) return false
      depth += 1
      f += FRAME_BYTES
      store<u32>(f, <u32>node)
      store<u32>(f, 0, F_ITEMS)
      store<u64>(f, 0, F_SEEN)
      store<u32>(f, isObject ? 1 : 0, F_ISOBJECT)
      p += 1
      if (load<u8>(p) <= 0x20) p = skipSpace(p)
      if (<u32>load<u8>(p) != c + 2) {
        if (isObject) {
          p = member(p, f)
          if (p == 0) return false
          node = next
        } else {
          store<u32>(f, 1, F_ITEMS)
          node = <usize>load<u32>(node, N_ITEM)
        }
        continue
      }
    } else {
      p = scalar(p, c, node, kinds)
      if (p == 0) return false
    }
    while (true) {
      // A value ended before `p`, or the container of frame `f` ends at it.
      if (depth == 0) {
        if (nodes > freeNodes) isOpen |= UNSCANNED
        return skipSpace(p) == textEnd
      }
      if (load<u8>(p) <= 0x20) p = skipSpace(p)
      const d = <u32>load<u8>(p)
      const isObject = load<u32>(f, F_ISOBJECT) == 1
      const own = <usize>load<u32>(f)
      if (d == COMMA) {
        p += 1
        if (load<u8>(p) <= 0x20) p = skipSpace(p)
        if (isObject) {
          p = member(p, f)
          if (p == 0) return false
          node = next
        } else {
          store<u32>(f, load<u32>(f, F_ITEMS) + 1, F_ITEMS)
          node = <usize>load<u32>(own, N_ITEM)
        }
        break
      }
      if (isObject) {
        const required = load<u64>(own, N_REQUIRED)
        if (d != 0x7d || (load<u64>(f, F_SEEN) & required) != required) return false
      } else {
        const items = load<u32>(f, F_ITEMS)
        if (d != 0x5d || items < load<u32>(own, N_MINITEMS) || items > load<u32>(own, N_MAXITEMS))
          return false
      }
      p += 1
      depth -= 1
      f -= FRAME_BYTES
    }
  }
}

/** The node of the value behind the name read last. */
let next: usize = 0

/** Reads a name and its colon in the object of frame `f`; where the value begins, or 0. */
function member(p: usize, f: usize): usize {
  if (<u32>load<u8>(p) != QUOTE) return 0
  const start = p + 1
  let at = plainEnd(start)
  const own = <usize>load<u32>(f)
  if (at == 0) {
    // With its escapes it may be a name of the document, if there are any.
    if (load<u32>(own, N_SLOTS) != 0) return 0
    at = stringEnd(start)
    if (at == 0) return 0
  }
  const entry = entryOf(start, at - start, own)
  if (entry == 0) {
    next = <usize>load<u32>(own, N_OTHERS)
    if (next == 0) return 0
    isOpen |= UNLISTED
  } else {
    const bit = (<u64>1) << (<u64>load<u32>(entry, E_INDEX))
    const seen = load<u64>(f, F_SEEN)
    if ((seen & bit) != 0) return 0
    store<u64>(f, seen | bit, F_SEEN)
    next = <usize>load<u32>(entry, E_NODE)
  }
  const colon = <u32>load<u8>(at, 1) == COLON ? at + 1 : skipSpace(at + 1)
  if (<u32>load<u8>(colon) != COLON) return 0
  return load<u8>(colon, 1) > 0x20 ? colon + 1 : skipSpace(colon + 1)
}

/**
 * Looks for the text that decides in the object at `p` of the choice `node`; the node it leads to, or 0. What it passes
 * over is read, and judged, later.
 */
function chosen(p: usize, node: usize): usize {
  const tag = <usize>load<u32>(node, N_TAG)
  const tagLength = <usize>load<u32>(tag)
  const most = textEnd - p < aheadLeft ? textEnd : p + aheadLeft
  let at = p
  while (at != 0 && at < most) {
    // A name begins here, behind a brace or a comma.
    const name = skipSpace(at + 1) + 1
    const nameEnd = <u32>load<u8>(name - 1) == QUOTE ? plainEnd(name) : 0
    if (nameEnd == 0) return 0
    const colon = skipSpace(nameEnd + 1)
    if (<u32>load<u8>(colon) != COLON) return 0
    at = skipSpace(colon + 1)
    if (nameEnd - name == tagLength && isSame(tag + 8, name, tagLength)) {
      const end = <u32>load<u8>(at) == QUOTE ? plainEnd(at + 1) : 0
      if (end == 0) return 0
      const entry = entryOf(at + 1, end - at - 1, node)
      if (entry == 0) return 0
      aheadLeft -= end - p < aheadLeft ? end - p : aheadLeft
      return <usize>load<u32>(entry, E_NODE)
    }
    at = behindValue(at, most)
  }
  return 0
}

/** Where the string ends that begins behind its quote at `start` and has no escapes, or 0. */
function plainEnd(start: usize): usize {
  let at = start
  let found = stops(v128.load(at))
  while (found == 0) {
    at += 16
    found = stops(v128.load(at))
  }
  at += <usize>ctz(found)
  return <u32>load<u8>(at) == QUOTE ? at : 0
}

/** The comma behind the member whose value begins at `start`, or 0 where there is none before `most`. */
function behindValue(start: usize, most: usize): usize {
  let depth: u32 = 0
  let at = start
  while (at < most) {
    const c = <u32>load<u8>(at)
    if (c == QUOTE) {
      at = stringEnd(at + 1)
      if (at == 0) return 0
    } else if ((c | 0x20) == 0x7b) depth += 1
    else if (depth == 0 && c == COMMA) return at
    else if ((c | 0x20) == 0x7d) {
      if (depth == 0) return 0
      depth -= 1
    }
    at += 1
  }
  return 0
}

/** First and last four bytes, and how many there are. */
function hashOf(p: usize, length: usize): u32 {
  const first = length < 4 ? load<u32>(p) & (((<u32>1) << ((<u32>length) << 3)) - 1) : load<u32>(p)
  const last = length < 4 ? 0 : load<u32>(p + length - 4)
  let hash = (first ^ (<u32>length * 0x9e3779b1)) * 0x85ebca6b
  hash = (hash ^ last) * 0xc2b2ae35
  return hash >> 16
}

/** The member of that name, or 0. */
function entryOf(p: usize, length: usize, node: usize): usize {
  const mask = load<u32>(node, N_SLOTMASK)
  const slots = <usize>load<u32>(node, N_SLOTS)
  if (slots == 0) return 0
  let slot = hashOf(p, length) & mask
  while (true) {
    const entry = <usize>load<u32>(slots + ((<usize>slot) << 2))
    if (entry == 0) return 0
    if (<usize>load<u32>(entry, E_LENGTH) == length && isSame(<usize>load<u32>(entry), p, length))
      return entry
    // Half of the slots are empty.
    slot = (slot + 1) & mask
  }
}

function isSame(a: usize, b: usize, length: usize): bool {
  let at: usize = 0
  for (; at + 8 <= length; at += 8) if (load<u64>(a + at) != load<u64>(b + at)) return false
  const rest = (length - at) << 3
  const mask = ((<u64>1) << (<u64>rest)) - 1
  return ((load<u64>(a + at) ^ load<u64>(b + at)) & mask) == 0
}

/** One bit for each of 16 bytes that ends a plain run in a string: quote, backslash, control. */
function stops(chunk: v128): i32 {
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(chunk, v128.load(QUOTES)), i8x16.eq(chunk, v128.load(BACKSLASHES))),
      i8x16.eq(i8x16.min_u(chunk, v128.load(CONTROLS)), chunk),
    ),
  )
}

/** Reads the scalar that begins with `c`; where it ends, or 0. */
function scalar(p: usize, c: u32, node: usize, kinds: u32): usize {
  if (c == QUOTE) return (kinds & STRING) == 0 ? 0 : text(p, node)
  if (c == MINUS || c - ZERO <= 9) return (kinds & NUMBER) == 0 ? 0 : number(p, c, node, kinds)
  if (c == 0x74) return (kinds & BOOLEAN) != 0 && load<u32>(p) == 0x65757274 ? p + 4 : 0
  if (c == 0x66) return (kinds & BOOLEAN) != 0 && load<u32>(p, 1) == 0x65736c61 ? p + 5 : 0
  return c == 0x6e && (kinds & NULL) != 0 && load<u32>(p) == 0x6c6c756e ? p + 4 : 0
}

/** Reads the string at the quote `p`; the byte behind its last quote, or 0. */
function text(p: usize, node: usize): usize {
  const start = p + 1
  const at = stringEnd(start)
  if (at == 0) return 0
  const bytes = at - start
  const isPlain = !isEscaped && !isWide
  const most = <usize>load<u32>(node, N_MAXLENGTH)
  // There are no more characters than bytes.
  if (bytes > most && (isPlain || charsBetween(start, at, 2) > most)) return 0
  const least = <usize>load<u32>(node, N_MINLENGTH)
  if (least > 0 && (isPlain ? bytes : charsBetween(start, at, 1)) < least) return 0
  const test = load<u32>(node, N_TEST)
  if (test == 0) {
    if (isOpen == 0 && leads(start, at)) isOpen = UNSCANNED
    return at + 1
  }
  if (test == URL) {
    const kind = urlKind(start, at)
    if (kind == ODD_URL) isOpen |= UNSCANNED
    return kind == ODD_URL || kind == PUBLIC_URL ? at + 1 : 0
  }
  if (isEscaped) return 0
  const data = <usize>load<u32>(node, N_DATA)
  if (test == STEPS) {
    if (!follows(start, at, data)) return 0
  } else if (test == LIST) {
    if (!isListed(start, bytes, data)) return 0
  } else if (test == DATE) return bytes == 10 && hasDate(start) ? at + 1 : 0
  else if (test == DATE_TIME) return isDateTime(start, at) ? at + 1 : 0
  else if (!isEmail(start, at)) return 0
  if (isOpen == 0 && leads(start, at)) isOpen = UNSCANNED
  return at + 1
}

/** Where the string ends that begins behind its quote at `start`, or 0. */
function stringEnd(start: usize): usize {
  let at = start
  isEscaped = false
  let high: i32 = 0
  while (true) {
    const chunk = v128.load(at)
    const found = stops(chunk)
    high |= i8x16.bitmask(chunk) & ((found & -found) - 1)
    if (found == 0) {
      at += 16
      continue
    }
    at += <usize>ctz(found)
    const c = <u32>load<u8>(at)
    if (c == QUOTE) {
      isWide = high != 0
      return at
    }
    if (c != BACKSLASH) return 0
    isEscaped = true
    const plainEnd = behindPlainEscapes(at, usize.MAX_VALUE)
    at = plainEnd > at ? plainEnd : afterEscape(at)
    while (at != 0 && load<u16>(at) == NUMBERED) at = afterEscape(at)
    if (at == 0) return 0
  }
}

/** Characters of a string that is well formed; those beyond U+FFFF count as `pair`. */
function charsBetween(start: usize, end: usize, pair: usize): usize {
  let chars: usize = 0
  let p = start
  while (p < end) {
    const c = <u32>load<u8>(p)
    if (c == BACKSLASH) {
      const behind = afterEscape(p)
      chars += behind - p == 12 ? pair : 1
      p = behind
      continue
    }
    if (c < 0x80 || c >= 0xc0) chars += c >= 0xf0 ? pair : 1
    p += 1
  }
  return chars
}

function afterEscape(p: usize): usize {
  const c = <u32>load<u8>(p, 1)
  if (c != 0x75) {
    const isOne = c == QUOTE || c == BACKSLASH || c == 0x2f || c == 0x62 || c == 0x66
    return isOne || c == 0x6e || c == 0x72 || c == 0x74 ? p + 2 : 0
  }
  const unit = hexUnit(p)
  if (unit < 0) return 0
  if (unit < 0xd800 || unit > 0xdfff) return p + 6
  const low = unit < 0xdc00 ? hexUnit(p + 6) : -1
  return low < 0xdc00 || low > 0xdfff ? 0 : p + 12
}

/** Whether the text is, from its beginning to its end, what the steps at `data` say; each takes what it can get. */
function follows(start: usize, end: usize, data: usize): bool {
  const count = load<u32>(data)
  let step = data + 8
  let p = start
  for (let i: u32 = 0; i < count; i++, step += 24) {
    const low = load<u64>(step)
    const high = load<u64>(step, 8)
    const least = p + <usize>load<u32>(step, 16)
    const most = <usize>load<u32>(step, 20)
    const stop = most < end - p ? p + most : end
    while (p < stop) {
      const c = <u64>load<u8>(p)
      if (c > 127 || ((c < 64 ? low >> c : high >> (c - 64)) & 1) == 0) break
      p += 1
    }
    if (p < least) return false
  }
  return p == end
}

/** Whether the text is one of those at `data`: the number of them; then of each the number of its bytes, and these. */
function isListed(start: usize, bytes: usize, data: usize): bool {
  const count = load<u32>(data)
  let at = data + 8
  for (let i: u32 = 0; i < count; i++) {
    const length = <usize>load<u32>(at)
    if (length == bytes && isSame(at + 8, start, length)) return true
    at += 8 + ((length + 15) & ~7)
  }
  return false
}

/** The number that two digits write, or more than 99. */
function pair(p: usize): u32 {
  const tens = <u32>load<u8>(p) - ZERO
  const ones = <u32>load<u8>(p, 1) - ZERO
  return tens > 9 || ones > 9 ? 100 : tens * 10 + ones
}

/** RFC 3339 section 5.6, `full-date`. */
function hasDate(p: usize): bool {
  const century = pair(p)
  const years = pair(p + 2)
  const month = pair(p + 5)
  const day = pair(p + 8)
  if (century > 99 || years > 99 || month < 1 || month > 12 || day < 1) return false
  if (<u32>load<u8>(p, 4) != MINUS || <u32>load<u8>(p, 7) != MINUS) return false
  if (day <= 28) return true
  if (month != 2) return day <= 30 || (day == 31 && ((0x15aa >> month) & 1) == 1)
  const isLeap = (years & 3) == 0 && (years != 0 || (century & 3) == 0)
  return isLeap && day == 29
}

/** RFC 3339 section 5.6, `date-time`; a leap second is for the twin. */
function isDateTime(p: usize, end: usize): bool {
  if (end - p < 20 || !hasDate(p) || (<u32>load<u8>(p, 10) | 0x20) != 0x74) return false
  if (pair(p + 11) > 23 || pair(p + 14) > 59 || pair(p + 17) > 59) return false
  if (<u32>load<u8>(p, 13) != COLON || <u32>load<u8>(p, 16) != COLON) return false
  let at = p + 19
  if (<u32>load<u8>(at) == DOT) {
    at += 1
    const from = at
    while (<u32>load<u8>(at) - ZERO <= 9) at += 1
    if (at == from) return false
  }
  const sign = <u32>load<u8>(at)
  if ((sign | 0x20) == 0x7a) return at + 1 == end
  if ((sign != 0x2b && sign != MINUS) || at + 6 != end) return false
  return pair(at + 1) <= 23 && <u32>load<u8>(at, 3) == COLON && pair(at + 4) <= 59
}

function isAlnum(c: u32): bool {
  return isLetter(c) || c - ZERO <= 9
}

/** What nearly all addresses look like: RFC 5321 section 4.1.2, `Mailbox`, of letters, digits and a few signs. */
function isEmail(start: usize, end: usize): bool {
  let p = start
  let dots = 0
  while (true) {
    const from = p
    while (true) {
      const c = <u32>load<u8>(p)
      if (!isAlnum(c) && c != 0x5f && c != 0x2b && c != MINUS) break
      p += 1
    }
    if (p == from) return false
    if (<u32>load<u8>(p) != DOT) break
    dots += 1
    p += 1
  }
  if (<u32>load<u8>(p) != 0x40 || dots > 1 || p - start > MAX_LOCAL) return false
  let labels = 0
  while (true) {
    p += 1
    const from = p
    let isLetters = true
    while (true) {
      const c = <u32>load<u8>(p)
      if (!isAlnum(c)) break
      if (!isLetter(c)) isLetters = false
      p += 1
    }
    const length = p - from
    if (length == 0 || length > MAX_LABEL) return false
    if (<u32>load<u8>(p) == DOT) {
      labels += 1
      continue
    }
    return p == end && labels >= 1 && labels <= 3 && isLetters && length >= 2 && length <= 20
  }
}

/** Reads a number; where it ends, or 0. RFC 8259 section 6. */
function number(start: usize, first: u32, node: usize, kinds: u32): usize {
  const isNegative = first == MINUS
  let p = isNegative ? start + 1 : start
  const digitsAt = p
  let digits: u64 = 0
  while (true) {
    const digit = <u32>load<u8>(p) - ZERO
    if (digit > 9) break
    digits = digits * 10 + <u64>digit
    p += 1
  }
  let count = p - digitsAt
  // A leading zero stands alone.
  if (count == 0 || count > MAX_DIGITS || (count > 1 && <u32>load<u8>(digitsAt) == ZERO))
    return oddNumber(start, node, kinds)
  let scale: f64 = 1
  if (<u32>load<u8>(p) == DOT) {
    p += 1
    const from = p
    while (true) {
      const digit = <u32>load<u8>(p) - ZERO
      if (digit > 9) break
      digits = digits * 10 + <u64>digit
      scale *= 10
      p += 1
    }
    count += p - from
    if (p == from || count > MAX_DIGITS) return oddNumber(start, node, kinds)
  }
  if ((<u32>load<u8>(p) | 0x20) == 0x65) return oddNumber(start, node, kinds)
  // Both are exact, so the quotient is the number as `JSON.parse` rounds it.
  let value = <f64>digits / scale
  if (isNegative) value = -value
  if ((kinds & INTEGER) != 0 && value != trunc(value)) return 0
  const fits =
    value >= load<f64>(node, N_MINIMUM) &&
    value <= load<f64>(node, N_MAXIMUM) &&
    value > load<f64>(node, N_ABOVE) &&
    value < load<f64>(node, N_BELOW)
  return fits ? p : 0
}

/** Reads what may be a number and is not worth its value here: it fits where any number does. Where it ends, or 0. */
function oddNumber(start: usize, node: usize, kinds: u32): usize {
  const isBounded =
    load<f64>(node, N_MINIMUM) >= -f64.MAX_VALUE ||
    load<f64>(node, N_MAXIMUM) <= f64.MAX_VALUE ||
    load<f64>(node, N_ABOVE) >= -f64.MAX_VALUE ||
    load<f64>(node, N_BELOW) <= f64.MAX_VALUE
  if (isBounded || (kinds & INTEGER) != 0) return 0
  isOpen |= UNSCANNED
  let p = start
  while (true) {
    const c = <u32>load<u8>(p)
    if (c - ZERO > 9 && c != DOT && c != MINUS && c != 0x2b && (c | 0x20) != 0x65) return p
    p += 1
  }
}
