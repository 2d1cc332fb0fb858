// The response kernel: one pass over a JSON text that checks its grammar and finds what its schema does not declare.
// AssemblyScript, written so that it is plain TypeScript to the formatter. The twin is src/openapi/kernel/twin.ts; the
// layout of tables is that of src/openapi/kernel/table.ts, of memory and codes that of src/openapi/kernel/layout.ts.
import { tellsError } from './error-name'
import { skipSpace } from './skip-space'
import { holdsSuspect } from './suspect'

// Memory below the table: vectors (where the compiler puts them), results, report, frames, edits, arena.
const HEAD: usize = 0x800
const REPORT: usize = 0x1000
const FRAMES: usize = 0x4000
const FRAME_BYTES: usize = 64
/** 256 levels, and the one that holds the root. */
const LAST_FRAME: usize = FRAMES + 256 * FRAME_BYTES
const EDITS: usize = 0x10000
const EDITS_END: usize = 0x50000
const ARENA: usize = 0x50000
const ARENA_END: usize = 0xd0000
/** Room before the text: a `null` may be longer than what it replaces. */
const SLACK: usize = 16

// What a run ends with.
const CLEAN: i32 = 0
const FILTERED: i32 = 1
const MALFORMED: i32 = 2
const REPEATED: i32 = 3
const ESCAPED: i32 = 4
const DEEP: i32 = 5
const ROOM: i32 = 6
const PAUSED: i32 = 7
const UNDECIDED: i32 = 8

// How a container is walked.
const DESCRIBED: u32 = 0
const OPEN: u32 = 1
const SKIP: u32 = 2
/** The value itself decides what applies to it: not done here. */
const CHOSEN: u32 = 3

const OPEN_ACTION: i32 = -1
const DROP_ACTION: i32 = -2
const UNDECIDED_ACTION: i32 = -3
/** Dropped for who asks, and told of apart. */
const HIDE_ACTION: i32 = -4

// Fields of a frame. Its head, which for the innermost one is in a variable: kind u8, mode u8, and as follows.
/** A member of this object stays, so the comma before the next one does. */
const IS_KEPT: u32 = 0x10000
/** The value under way goes: 1 with its member, 2 for a `null`. */
const DROPS_SHIFT: u32 = 24
const DROPS_MEMBER: u32 = 0x1000000
const DROPS_FOR_NULL: u32 = 0x2000000
const HEAD_LESS_DROPS: u32 = 0xffffff
const F_KIND: usize = 0
const F_STATE: usize = 4
const F_INDEX: usize = 8
const F_COMMA: usize = 12
const F_START: usize = 16
const F_KEY_LENGTH: usize = 20
const F_ARENA: usize = 24
const F_SEEN: usize = 28
const F_SET: usize = 32
const F_SET_SLOTS: usize = 36
const F_SET_COUNT: usize = 40
/** Where it stands which entry came next last time. */
const F_LINK: usize = 44
/** Bits of the listed members that the object had; for the innermost one in a variable. Not where they are many. */
const F_BITS: usize = 48

// Fields of a state and of an entry: see table.ts.
const S_ENTRIES: usize = 4
const S_COUNT: usize = 8
const S_SLOTS: usize = 12
const S_UNLISTED: usize = 16
const S_ITEMS: usize = 20
const S_PREFIX: usize = 24
const S_PREFIX_COUNT: usize = 28
const ENTRY_BYTES: usize = 96
const E_LENGTH: usize = 16
const E_NAME: usize = 20
const E_ACTION: usize = 24
const E_NUMBER: usize = 28
/** How the name stands in most texts: `,"name":`. Matches nothing where that is longer than a vector. */
const E_PATTERN: usize = 32
const MAX_PATTERN: u32 = 12
/** Bytes of a pattern that are not the name's. */
const AROUND: u32 = 4
/** Those in front of it. */
const IN_FRONT: u32 = 2
const E_BIT: usize = 56
const MAX_BITS: u32 = 64

// What is learned from texts, in the kernel's own copy of the table: which name comes after which, and first, as most
// answers of an operation have their names in one order; and whether errors are told under a name.
const S_FIRST: usize = 32
const E_NEXT: usize = 48
const E_KIND: usize = 52
const KIND_PLAIN: u32 = 1
const KIND_ERROR: u32 = 2
/** Length of the pattern, where nothing but the name has to be looked at; else more than any vector has. */
const E_QUICK: usize = 84
const NEVER_QUICK: u32 = 255

// At both, besides the address of an entry, or 0: a name that came there last, that no schema lists, that goes, and under
// which no errors are told. As the pattern of an entry, and its length, or 0.
const L_GONE: usize = 16
const L_GONE_LENGTH: usize = 32

/** What is told besides of a text: a name under which errors are told; something like a secret in a text that stays. */
const SIGN_ERROR: u32 = 1
const SIGN_SECRET: u32 = 2
/** No secret is shorter; with both quotes. */
const MIN_SECRET: usize = 12

const HASH_HIGH: u64 = 0x9e3779b97f4a7c15
const HASH: u64 = 0xd6e8feb86659fd93

const MAX_REPORTED: u32 = 20
const REPORT_ENOUGH: usize = REPORT + 0x1000
/** The report of what was hidden, up to the frames. */
const HIDDEN: usize = 0x3000
const HIDDEN_ENOUGH: usize = HIDDEN + 0x800
/** Names that collide more often than this are prepared, or there are too many. */
const MAX_PROBES: u32 = 64
const FIRST_SLOTS: usize = 8

// Vectors stand in memory: to make one of a constant takes several instructions, each time.
const QUOTES: usize = memory.data<u64>([0x2222222222222222, 0x2222222222222222], 16)
const BACKSLASHES: usize = memory.data<u64>([0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c], 16)
const CONTROLS: usize = memory.data<u64>([0x1f1f1f1f1f1f1f1f, 0x1f1f1f1f1f1f1f1f], 16)
const ZEROS: usize = memory.data<u64>([0x3030303030303030, 0x3030303030303030], 16)
const NINES: usize = memory.data<u64>([0x0909090909090909, 0x0909090909090909], 16)
/** Decimal points, less the digit zero. */
const POINTS: usize = memory.data<u64>([0xfefefefefefefefe, 0xfefefefefefefefe], 16)
/** Sixteen bytes from n before the middle have their first n bits set. */
const MASKS: usize = memory.data<u64>([-1, -1, 0, 0], 16)
const MASKS_MIDDLE: usize = MASKS + 16

const QUOTE: u32 = 0x22
const QUOTE_COLON: u16 = 0x3a22
const COMMA_QUOTE: u16 = 0x222c
const DIGIT_NINE: u32 = 0x39
const COMMA: u32 = 0x2c
const COLON: u32 = 0x3a
const BACKSLASH: u32 = 0x5c
const OPEN_BRACE: u32 = 0x7b
const OPEN_BRACKET: u32 = 0x5b

let table: usize = 0
let bodyStart: usize = 0
let bodyEnd: usize = 0
/** Where text begins that is neither written nor cut. */
let keptFrom: usize = 0
let outAt: usize = 0
let editAt: usize = EDITS
let isEdited: bool = false
let arenaTop: usize = ARENA
let reportAt: usize = REPORT
let reported: u32 = 0
let reportEnough: usize = REPORT_ENOUGH
/** The same of what was hidden. */
let hiddenAt: usize = HIDDEN
let hidden: u32 = 0
let seed: u64 = 0
let signs: u32 = 0

// Where a paused run goes on.
let pausedAt: usize = 0
let pausedFrame: usize = 0
let pausedAction: i32 = 0

// How a run of plain members ended; set by `quick`.
let quickEnd: u32 = 0
let quickAction: i32 = 0
/** Where it ends at the latest. */
let quickUntil: usize = 0
/** What comes is no member, or not known. */
const QUICK_OTHER: u32 = 0
/** The value at hand is not plain. */
const QUICK_VALUE: u32 = 1
/** The value at hand goes with its member. */
const QUICK_GONE: u32 = 2
const QUICK_MALFORMED: u32 = 3
const QUICK_REPEATED: u32 = 4
const QUICK_NO_ROOM: u32 = 5

// What the last key was; set by `readKey`.
let keyLow: u64 = 0
let keyHigh: u64 = 0

/** Something that senders of names cannot know, for the sets of names. */
export function setSeed(value: u64): void {
  seed = value
}

/**
 * Runs over the text in [start, end), which must be valid UTF-8 and be followed by 32 zero bytes.
 * `action` is what the table at `tableAt` does with the root. Stops at `pauseAt` with `PAUSED`; `resume` goes on.
 */
export function run(tableAt: usize, action: i32, start: usize, end: usize, pauseAt: usize): i32 {
  table = tableAt
  bodyStart = start
  bodyEnd = end
  keptFrom = start
  outAt = start - SLACK
  editAt = EDITS
  isEdited = false
  arenaTop = ARENA
  reportAt = REPORT
  reported = 0
  hiddenAt = HIDDEN
  hidden = 0
  signs = 0
  store<u64>(FRAMES, 0)
  const root = skipSpace(start)
  store<u32>(FRAMES, <u32>root, F_START)
  return walk(root, FRAMES, action, pauseAt)
}

/** Goes on after `PAUSED`, up to `pauseAt`. */
export function resume(pauseAt: usize): i32 {
  return walk(pausedAt, pausedFrame, pausedAction, pauseAt)
}

function walk(start: usize, startFrame: usize, startAction: i32, pauseAt: usize): i32 {
  let p = start
  let f = startFrame
  let action = startAction
  let head = load<u32>(f)
  let seen = load<u64>(f, F_BITS)
  /** The value before `p` was read already. */
  let isRead = false
  quickUntil = pauseAt
  while (true) {
    if (p >= pauseAt && !isRead) {
      store<u32>(f, head)
      store<u64>(f, seen, F_BITS)
      return pause(p, f, action)
    }
    let isOpened = false
    const c = <u32>load<u8>(p)
    if (isRead) {
      isRead = false
    } else if (c == QUOTE) {
      const from = p + 1
      const found = stops(v128.load(from))
      p = from + <usize>ctz(found)
      p = found != 0 && <u32>load<u8>(p) == QUOTE ? p + 1 : afterString(from)
      if (p == 0) return MALFORMED
      if (p - from >= MIN_SECRET - 1 && action != DROP_ACTION && holdsSuspect(from, p - 1, p))
        signs |= SIGN_SECRET
    } else if (c == OPEN_BRACE || c == OPEN_BRACKET) {
      let mode: u32
      let state: usize = 0
      if (action >= 0) {
        state = table + <usize>action
        mode = <u32>load<u8>(c == OPEN_BRACE ? state : state + 1)
        if (mode == SKIP) {
          head &= HEAD_LESS_DROPS
          head |= (head & 0xff) == OPEN_BRACE ? DROPS_MEMBER : DROPS_FOR_NULL
          store<u32>(f, head)
          report(f)
        }
      } else {
        mode = <u32>-action
      }
      if (mode == CHOSEN) return UNDECIDED
      if (f >= LAST_FRAME) return DEEP
      store<u32>(f, head)
      store<u64>(f, seen, F_BITS)
      f += FRAME_BYTES
      seen = 0
      const isClosed = mode == DESCRIBED && c == OPEN_BRACE
      head = c | (mode << 8) | (isClosed ? 0 : IS_KEPT)
      store<u32>(f, <u32>state, F_STATE)
      store<u32>(f, -1, F_INDEX)
      store<u32>(f, <u32>arenaTop, F_ARENA)
      store<u32>(f, 0, F_SET_SLOTS)
      if (isClosed) {
        store<u32>(f, <u32>(state + S_FIRST), F_LINK)
        if (load<u32>(state, S_COUNT) > MAX_BITS && !openSeen(f, state)) return ROOM
      }
      p += 1
      if (load<u8>(p) <= 0x20) p = skipSpace(p)
      if (<u32>load<u8>(p) == c + 2) {
        p += 1
        arenaTop = <usize>load<u32>(f, F_ARENA)
        f -= FRAME_BYTES
        head = load<u32>(f)
        seen = load<u64>(f, F_BITS)
      } else {
        isOpened = true
      }
    } else if (c == 0x74) {
      if (load<u32>(p) != 0x65757274) return malformed(p)
      p += 4
    } else if (c == 0x66) {
      if (load<u32>(p + 1) != 0x65736c61) return malformed(p)
      p += 5
    } else if (c == 0x6e) {
      if (load<u32>(p) != 0x6c6c756e) return malformed(p)
      p += 4
    } else {
      const end = afterPlainNumber(p, c)
      p = end == 0 ? afterNumber(p, c) : end
      if (p == 0) return MALFORMED
    }

    if (!isOpened) {
      while (true) {
        const drops = head >> DROPS_SHIFT
        if (drops != 0) {
          head &= HEAD_LESS_DROPS
          if (!cut(f, drops, (head & IS_KEPT) != 0, p)) return ROOM
        } else {
          head |= IS_KEPT
        }
        const kind = head & 0xff
        if (kind == 0) return finish(p)
        let next = <u32>load<u8>(p)
        if (next <= 0x20) {
          p = skipSpace(p)
          next = <u32>load<u8>(p)
        }
        if (next == COMMA) {
          if ((head & IS_KEPT) != 0) store<u32>(f, <u32>p, F_COMMA)
          else if (!edit(p, p + 1, 0)) return ROOM
          p += 1
          if (load<u8>(p) <= 0x20) p = skipSpace(p)
          break
        }
        if (next != kind + 2) return malformed(p)
        p += 1
        arenaTop = <usize>load<u32>(f, F_ARENA)
        f -= FRAME_BYTES
        head = load<u32>(f)
        seen = load<u64>(f, F_BITS)
      }
    }

    // A member or an item begins at p.
    store<u32>(f, <u32>p, F_START)
    const mode = (head >> 8) & 0xff
    if ((head & 0xff) == OPEN_BRACKET) {
      const index = load<u32>(f, F_INDEX) + 1
      store<u32>(f, index, F_INDEX)
      if (mode == DESCRIBED) action = itemAction(<usize>load<u32>(f, F_STATE), index)
      else action = mode == OPEN ? OPEN_ACTION : DROP_ACTION
      continue
    }
    if (<u32>load<u8>(p) != QUOTE) return malformed(p)
    const nameAt = p + 1
    if (mode == DESCRIBED) {
      // Texts with white space have it before each name.
      if (load<u8>(p - 1) > 0x20) {
        store<u32>(f, head)
        store<u64>(f, seen, F_BITS)
        const at = quick(p - 1, f)
        if (quickEnd >= QUICK_MALFORMED) return quickFault()
        seen = load<u64>(f, F_BITS)
        if (quickEnd != QUICK_OTHER) {
          // Members before this one stay.
          if (<usize>load<u32>(f, F_START) != p) head |= IS_KEPT
          action = quickAction
          if (quickEnd == QUICK_GONE) {
            head |= DROPS_MEMBER
            store<u32>(f, head)
            report(f)
          }
          p = at
          if (load<u8>(p) <= 0x20) p = skipSpace(p)
          continue
        }
        if (at != p - 1) {
          head |= IS_KEPT
          p = at
          isRead = true
          continue
        }
      }
      const link = <usize>load<u32>(f, F_LINK)
      let entry = <usize>load<u32>(link)
      let isColonNext = false
      let length: u32 = entry == 0 ? 0 : load<u32>(entry, E_LENGTH)
      if (entry != 0 && isPattern(entry + E_PATTERN, length, nameAt)) {
        p = nameAt + <usize>length + 2
        action = load<i32>(entry, E_ACTION)
      } else {
        const gone = load<u32>(link, L_GONE_LENGTH)
        if (gone != 0 && isPattern(link + L_GONE, gone, nameAt)) {
          entry = 0
          length = gone
          p = nameAt + <usize>length + 2
          action = DROP_ACTION
        } else {
          if (entry != 0 && isNamed(entry, nameAt)) {
            action = load<i32>(entry, E_ACTION)
          } else {
            const read = readKey(nameAt)
            if (read < 0) return -read
            length = <u32>read
            const state = <usize>load<u32>(f, F_STATE)
            entry = find(state, nameAt, length)
            if (entry != 0) {
              learn(link, entry, nameAt)
              action = load<i32>(entry, E_ACTION)
            } else {
              const isError = tellsError(nameAt, length)
              if (isError) signs |= SIGN_ERROR
              action = load<i32>(state, S_UNLISTED)
              if (action == UNDECIDED_ACTION) return UNDECIDED
              if (action != DROP_ACTION) {
                const fault = addName(f, nameAt, length)
                if (fault != 0) return fault
              } else if (!isError) learnGone(link, nameAt, length)
            }
          }
          p = nameAt + <usize>length + 1
          isColonNext = true
        }
      }
      store<u32>(f, length, F_KEY_LENGTH)
      if (entry != 0) {
        store<u32>(f, <u32>(entry + E_NEXT), F_LINK)
        if (load<u32>(entry, E_KIND) == KIND_ERROR) signs |= SIGN_ERROR
        if (action != DROP_ACTION) {
          const bit = load<u64>(entry, E_BIT)
          if ((seen & bit) != 0) return REPEATED
          if (bit == 0 && !mark(f, load<u32>(entry, E_NUMBER))) return REPEATED
          seen |= bit
        }
      }
      if (action == DROP_ACTION) {
        head |= DROPS_MEMBER
        store<u32>(f, head)
        report(f)
      } else if (action == HIDE_ACTION) {
        head |= DROPS_MEMBER
        store<u32>(f, head)
        reportHidden(f)
        action = DROP_ACTION
      }
      if (isColonNext) {
        if (load<u8>(p) <= 0x20) p = skipSpace(p)
        if (<u32>load<u8>(p) != COLON) return malformed(p)
        p += 1
      }
    } else {
      if (mode == SKIP) {
        p = afterString(nameAt)
        if (p == 0) return MALFORMED
        if (tellsError(nameAt, <u32>(p - 1 - nameAt))) signs |= SIGN_ERROR
        action = DROP_ACTION
      } else {
        const length = readKey(nameAt)
        if (length < 0) return -length
        if (tellsError(nameAt, <u32>length)) signs |= SIGN_ERROR
        const fault = addName(f, nameAt, <u32>length)
        if (fault != 0) return fault
        action = OPEN_ACTION
        p = nameAt + <usize>length + 1
      }
      if (load<u8>(p) <= 0x20) p = skipSpace(p)
      if (<u32>load<u8>(p) != COLON) return malformed(p)
      p += 1
    }
    if (load<u8>(p) <= 0x20) p = skipSpace(p)
  }
}

/** Notes that a name at `p` goes that came where `link` says. */
function learnGone(link: usize, p: usize, length: u32): void {
  store<u32>(link, 0, L_GONE_LENGTH)
  if (length > MAX_PATTERN || length == 0) return
  const at = link + L_GONE
  const mask = v128.load(MASKS_MIDDLE - <usize>(IN_FRONT + length))
  v128.store(at, v128.and(v128.load(p - IN_FRONT), mask))
  store<u16>(at, COMMA_QUOTE)
  store<u16>(at + <usize>(IN_FRONT + length), QUOTE_COLON)
  store<u32>(link, length, L_GONE_LENGTH)
}

/** Notes that the entry came where `link` says. `p`: its name in the text. */
function learn(link: usize, entry: usize, p: usize): void {
  store<u32>(link, <u32>entry)
  if (load<u32>(entry, E_KIND) != 0) return
  const length = load<u32>(entry, E_LENGTH)
  const isError = tellsError(p, length)
  const action = load<i32>(entry, E_ACTION)
  const isPlain =
    !isError && action != DROP_ACTION && action != HIDE_ACTION && load<u64>(entry, E_BIT) != 0
  store<u32>(entry, isError ? KIND_ERROR : KIND_PLAIN, E_KIND)
  store<u32>(entry, isPlain ? length + AROUND : NEVER_QUICK, E_QUICK)
}

function quickFault(): i32 {
  if (quickEnd == QUICK_NO_ROOM) return ROOM
  return quickEnd == QUICK_MALFORMED ? MALFORMED : REPEATED
}

/**
 * Reads members of the described object of frame `f` as long as each is the one that came there last time and has a plain
 * value; takes out what goes. `start`: before the quote of the first name, whatever stands there; behind it commas.
 * @returns where the first value begins that is not read, or where the last one ended; `quickEnd` tells which.
 */
function quick(start: usize, f: usize): usize {
  let p = start
  let isFirst: u32 = 1
  let seen = load<u64>(f, F_BITS)
  let link = <usize>load<u32>(f, F_LINK)
  while (true) {
    if (p >= quickUntil) break
    const entry = <usize>load<u32>(link)
    const step = entry == 0 ? NEVER_QUICK : load<u32>(entry, E_QUICK)
    if (sameBytes(p, entry + E_PATTERN, isFirst) < step) {
      const gone = load<u32>(link, L_GONE_LENGTH)
      if (gone == 0 || sameBytes(p, link + L_GONE, isFirst) < gone + AROUND) break
      const at = p + <usize>(gone + AROUND)
      const end = isFirst == 0 ? afterPlain(at) : 0
      if (end == 0) {
        quickEnd = QUICK_GONE
        quickAction = DROP_ACTION
        store<u64>(f, seen, F_BITS)
        leaveQuick(f, link, p, isFirst, gone)
        return at
      }
      // A member before it stays: its comma goes with it.
      if (reported < MAX_REPORTED) {
        leaveQuick(f, link, p, isFirst, gone)
        report(f)
      }
      if (!edit(p, end, 0)) {
        quickEnd = QUICK_NO_ROOM
        return 0
      }
      p = end
      continue
    }
    const bit = load<u64>(entry, E_BIT)
    if ((seen & bit) != 0) {
      quickEnd = QUICK_REPEATED
      return 0
    }
    seen |= bit
    const at = p + <usize>step
    const c = <u32>load<u8>(at)
    let end: usize = 0
    if (c == QUOTE) {
      end = afterText(at + 1)
      if (end == 0) {
        quickEnd = QUICK_MALFORMED
        return 0
      }
    } else if (c <= DIGIT_NINE) end = afterPlainNumber(at, c)
    link = entry + E_NEXT
    if (end == 0) {
      quickEnd = QUICK_VALUE
      quickAction = load<i32>(entry, E_ACTION)
      store<u64>(f, seen, F_BITS)
      leaveQuick(f, link, p, isFirst, step - AROUND)
      return at
    }
    p = end
    isFirst = 0
  }
  store<u64>(f, seen, F_BITS)
  store<u32>(f, <u32>link, F_LINK)
  quickEnd = QUICK_OTHER
  return p
}

/** Where a short text without escapes or a plain number ends, 0 for others. */
function afterPlain(at: usize): usize {
  const c = <u32>load<u8>(at)
  if (c != QUOTE) return c <= DIGIT_NINE ? afterPlainNumber(at, c) : 0
  let end = at + 1
  let found = stops(v128.load(end))
  if (found == 0) {
    end += 16
    found = stops(v128.load(end))
    if (found == 0) return 0
  }
  end += <usize>ctz(found)
  return <u32>load<u8>(end) == QUOTE ? end + 1 : 0
}

/** Notes the member whose value is at hand. */
function leaveQuick(f: usize, link: usize, p: usize, isFirst: u32, length: u32): void {
  store<u32>(f, <u32>link, F_LINK)
  store<u32>(f, <u32>(p + 1), F_START)
  store<u32>(f, length, F_KEY_LENGTH)
  if (isFirst == 0) store<u32>(f, <u32>p, F_COMMA)
}

/** How many of sixteen bytes are the same, up to the first that is not; with `skips` 1 the very first counts as such. */
function sameBytes(p: usize, pattern: usize, skips: u32): u32 {
  return ctz(~(i8x16.bitmask(i8x16.eq(v128.load(p), v128.load(pattern))) | skips))
}

/** Where the string ends whose text begins at `from`, and stays; 0 where it is malformed. Notes the sign of a secret. */
function afterText(from: usize): usize {
  let at = from
  let found = stops(v128.load(at))
  if (found == 0) {
    at += 16
    found = stops(v128.load(at))
  }
  // 32 where nothing stops.
  at += <usize>(ctz(found) & 31)
  if (found == 0) at += 16
  const end = found != 0 && <u32>load<u8>(at) == QUOTE ? at + 1 : afterString(at)
  if (end - from >= MIN_SECRET - 1 && end != 0 && holdsSuspect(from, end - 1, end))
    signs |= SIGN_SECRET
  return end
}

function pause(p: usize, f: usize, action: i32): i32 {
  pausedAt = p
  pausedFrame = f
  pausedAction = action
  return PAUSED
}

function malformed(p: usize): i32 {
  store<u32>(HEAD, <u32>(p - bodyStart))
  return MALFORMED
}

/** The root ended before `p`: nothing but white space may follow. */
function finish(p: usize): i32 {
  const end = skipSpace(p)
  if (end != bodyEnd) return malformed(end)
  store<u32>(HEAD, signs, 16)
  if (!isEdited) return CLEAN
  if (!compact()) return ROOM
  const rest = bodyEnd - keptFrom
  move(outAt, keptFrom, rest)
  store<u32>(HEAD, <u32>(bodyStart - SLACK), 4)
  store<u32>(HEAD, <u32>(outAt + rest - bodyStart + SLACK), 8)
  store<u32>(HEAD, <u32>(reportAt - REPORT), 12)
  store<u32>(HEAD, <u32>(hiddenAt - HIDDEN), 20)
  store<u32>(HEAD, reported, 24)
  store<u32>(HEAD, hidden, 28)
  return FILTERED
}

/** One bit for each of 16 bytes that ends a plain run in a string: quote, backslash, control. */
function stops(chunk: v128): i32 {
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(chunk, v128.load(QUOTES)), i8x16.eq(chunk, v128.load(BACKSLASHES))),
      isAtMost(chunk, v128.load(CONTROLS)),
    ),
  )
}

/** Bytes, unsigned: what is above costs two instructions more. */
function isAtMost(chunk: v128, most: v128): v128 {
  return i8x16.eq(i8x16.min_u(chunk, most), chunk)
}

/** Where the string ends whose text begins at `start`; 0 where it is malformed. */
function afterString(start: usize): usize {
  let p = start
  while (true) {
    const found = stops(v128.load(p))
    if (found == 0) {
      p += 16
      continue
    }
    p += <usize>ctz(found)
    const c = <u32>load<u8>(p)
    if (c == QUOTE) return p + 1
    const length = c == BACKSLASH ? escapeLength(p) : 0
    if (length == 0) {
      malformed(p)
      return 0
    }
    p += length
  }
}

function escapeLength(p: usize): usize {
  const c = <u32>load<u8>(p, 1)
  if (c == 0x75) return isHex(p + 2) && isHex(p + 3) && isHex(p + 4) && isHex(p + 5) ? 6 : 0
  if (c == QUOTE || c == BACKSLASH || c == 0x2f || c == 0x62) return 2
  return c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74 ? 2 : 0
}

function isHex(p: usize): bool {
  const c = <u32>load<u8>(p)
  return c - 0x30 <= 9 || (c | 0x20) - 0x61 <= 5
}

function isDigit(c: u32): bool {
  return c - 0x30 <= 9
}

/**
 * Where a number of less than 16 bytes without exponent ends; 0 for others, and for what is none. No branch depends on
 * how many digits it has, and its end is known before it is judged: all that follows waits for the end.
 */
function afterPlainNumber(start: usize, first: u32): usize {
  const p = first == 0x2d ? start + 1 : start
  const values = i8x16.sub(v128.load(p), v128.load(ZEROS))
  const isPoint = i8x16.eq(values, v128.load(POINTS))
  const parts = i8x16.bitmask(v128.or(isAtMost(values, v128.load(NINES)), isPoint))
  // More than 15 where all of the sixteen are parts.
  const length = ctz(~parts)
  const end = p + <usize>length
  const points = i8x16.bitmask(isPoint) & ((1 << length) - 1)
  const isZeroLed =
    <i32>(<u32>load<u8>(p) == 0x30) & <i32>(length > 1) & <i32>(<u32>load<u8>(p, 1) != 0x2e)
  const isExponent = <i32>((<u32>load<u8>(end) | 0x20) == 0x65)
  // More than one point, or one at the beginning or the end.
  const isPointed = points & ((points - 1) | 1 | ((1 << length) >> 1))
  const isOdd = isZeroLed | isExponent | <i32>(length == 0) | <i32>(length > 15) | isPointed
  return isOdd != 0 ? 0 : end
}

/** Where the number that begins with `first` ends; 0 where there is none. RFC 8259 section 6. */
function afterNumber(start: usize, first: u32): usize {
  let p = start
  let c = first
  if (c == 0x2d) c = <u32>load<u8>(++p)
  if (!isDigit(c)) return noNumber(p)
  if (c == 0x30) c = <u32>load<u8>(++p)
  else {
    do c = <u32>load<u8>(++p)
    while (isDigit(c))
  }
  if (c == 0x2e) {
    c = <u32>load<u8>(++p)
    if (!isDigit(c)) return noNumber(p)
    do c = <u32>load<u8>(++p)
    while (isDigit(c))
  }
  if ((c | 0x20) == 0x65) {
    c = <u32>load<u8>(++p)
    if (c == 0x2b || c == 0x2d) c = <u32>load<u8>(++p)
    if (!isDigit(c)) return noNumber(p)
    do c = <u32>load<u8>(++p)
    while (isDigit(c))
  }
  return p
}

function noNumber(p: usize): usize {
  malformed(p)
  return 0
}

function itemAction(state: usize, index: u32): i32 {
  if (index >= load<u32>(state, S_PREFIX_COUNT)) return load<i32>(state, S_ITEMS)
  return load<i32>(table + load<u32>(state, S_PREFIX) + ((<usize>index) << 2))
}

/** Length of the key whose text begins at `p`, or a code below zero. Escaped names are left to the careful path. */
function readKey(p: usize): i32 {
  const chunk = v128.load(p)
  let found = stops(chunk)
  if (found != 0) {
    const length = ctz(found)
    const c = <u32>load<u8>(p + <usize>length)
    if (c != QUOTE) return keyFault(p + <usize>length, c)
    const name = v128.and(chunk, v128.load(MASKS_MIDDLE - <usize>length))
    keyLow = <u64>i64x2.extract_lane(name, 0)
    keyHigh = <u64>i64x2.extract_lane(name, 1)
    return length
  }
  let end = p
  do {
    end += 16
    found = stops(v128.load(end))
  } while (found == 0)
  end += <usize>ctz(found)
  const c = <u32>load<u8>(end)
  if (c != QUOTE) return keyFault(end, c)
  keyLow = load<u64>(p)
  keyHigh = load<u64>(end - 8)
  return <i32>(end - p)
}

function keyFault(p: usize, c: u32): i32 {
  return c == BACKSLASH ? -ESCAPED : -malformed(p)
}

/** Whether a name with such a pattern stands at `p`, behind a quote, with its quote and colon right behind it. */
function isPattern(pattern: usize, length: u32, p: usize): bool {
  return sameBytes(p - IN_FRONT, pattern, 1) >= length + AROUND
}

/** Whether the name of an entry stands at `p`, with its quote behind it. Entries are found by names without escapes. */
function isNamed(entry: usize, p: usize): bool {
  const length = load<u32>(entry, E_LENGTH)
  if (length > 16) {
    if (load<u64>(p) != load<u64>(entry) || p + <usize>length >= bodyEnd) return false
    return (
      <u32>load<u8>(p + <usize>length) == QUOTE &&
      isSame(table + load<u32>(entry, E_NAME), p, length)
    )
  }
  const mask = v128.load(MASKS_MIDDLE - <usize>length)
  const others = v128.and(v128.xor(v128.load(p), v128.load(entry)), mask)
  return !v128.any_true(others) && <u32>load<u8>(p + <usize>length) == QUOTE
}

/** The entry of the key read last, or 0. */
function find(state: usize, p: usize, length: u32): usize {
  const slots = table + load<u32>(state, S_SLOTS)
  const bits = <u32>load<u8>(state, 2)
  const entries = table + load<u32>(state, S_ENTRIES)
  const last = (1 << bits) - 1
  let slot = <u32>(((keyLow + keyHigh * HASH_HIGH + length) * HASH) >> (64 - bits))
  while (true) {
    const number = <u32>load<u16>(slots + ((<usize>slot) << 1))
    if (number == 0) return 0
    const entry = entries + <usize>(number - 1) * ENTRY_BYTES
    if (
      load<u64>(entry) == keyLow &&
      load<u64>(entry, 8) == keyHigh &&
      load<u32>(entry, E_LENGTH) == length &&
      (length <= 16 || isSame(table + load<u32>(entry, E_NAME), p, length))
    ) {
      return entry
    }
    slot = (slot + 1) & last
  }
}

function isSame(a: usize, b: usize, length: u32): bool {
  for (let i: usize = 0; i < <usize>length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false
  }
  return true
}

/** Makes the bits that say which listed members an object had, where they are too many for a variable. */
function openSeen(f: usize, state: usize): bool {
  const bytes = (<usize>((load<u32>(state, S_COUNT) + 63) >> 6)) << 3
  if (arenaTop + bytes > ARENA_END) return false
  store<u32>(f, <u32>arenaTop, F_SEEN)
  if (bytes == 8) store<u64>(arenaTop, 0)
  else memory.fill(arenaTop, 0, bytes)
  arenaTop += bytes
  return true
}

/** Notes a listed member; false when it was there before. */
function mark(f: usize, number: u32): bool {
  const at = <usize>load<u32>(f, F_SEEN) + <usize>(number >> 3)
  const bits = load<u8>(at)
  const bit = <u8>((<u32>1) << (number & 7))
  store<u8>(at, bits | bit)
  return (bits & bit) == 0
}

function mix(hash: u64, word: u64): u64 {
  const mixed = (hash ^ word) * HASH
  return mixed ^ (mixed >> 32)
}

function hashName(p: usize, length: u32): u64 {
  let hash = seed + <u64>length * HASH_HIGH
  if (length > 16) {
    const words = (length - 1) >> 3
    for (let i: u32 = 0; i < words; i++) hash = mix(hash, load<u64>(p + ((<usize>i) << 3)))
  } else {
    hash = mix(hash, keyLow)
  }
  return mix(mix(hash, keyHigh), 0) | 1
}

/** Notes the name of a member that stays although no schema lists it: 0, or the code of a fault. */
function addName(f: usize, p: usize, length: u32): i32 {
  const hash = hashName(p, length)
  const slots = <usize>load<u32>(f, F_SET_SLOTS)
  const count = load<u32>(f, F_SET_COUNT)
  if (slots == 0) {
    if (!openSet(f, FIRST_SLOTS)) return ROOM
  } else if ((<usize>count) << 1 >= slots) {
    if (!growSet(f, slots)) return ROOM
  }
  const fault = insert(<usize>load<u32>(f, F_SET), <usize>load<u32>(f, F_SET_SLOTS), hash)
  if (fault != 0) return fault
  store<u32>(f, load<u32>(f, F_SET_COUNT) + 1, F_SET_COUNT)
  return 0
}

function openSet(f: usize, slots: usize): bool {
  const bytes = slots << 3
  if (arenaTop + bytes > ARENA_END) return false
  memory.fill(arenaTop, 0, bytes)
  store<u32>(f, <u32>arenaTop, F_SET)
  store<u32>(f, <u32>slots, F_SET_SLOTS)
  store<u32>(f, 0, F_SET_COUNT)
  arenaTop += bytes
  return true
}

/** The set of the innermost object is the last thing in the arena: it grows where it is. */
function growSet(f: usize, slots: usize): bool {
  const old = <usize>load<u32>(f, F_SET)
  const more = slots << 2
  if (arenaTop + (more << 3) > ARENA_END) return false
  memory.fill(arenaTop, 0, more << 3)
  for (let i: usize = 0; i < slots; i++) {
    const hash = load<u64>(old + (i << 3))
    if (hash != 0 && insert(arenaTop, more, hash) != 0) return false
  }
  memory.copy(old, arenaTop, more << 3)
  arenaTop = old + (more << 3)
  store<u32>(f, <u32>more, F_SET_SLOTS)
  return true
}

function insert(set: usize, slots: usize, hash: u64): i32 {
  let slot = <usize>(hash >> 20) & (slots - 1)
  for (let probes: u32 = 0; probes < MAX_PROBES; probes++) {
    const at = set + (slot << 3)
    const other = load<u64>(at)
    if (other == 0) {
      store<u64>(at, hash)
      return 0
    }
    // Two names with one hash are a doubt as good as one name twice.
    if (other == hash) return REPEATED
    slot = (slot + 1) & (slots - 1)
  }
  return ROOM
}

/** Takes out the value that ended before `end`. */
function cut(f: usize, drops: u32, isKept: bool, end: usize): bool {
  const start = <usize>load<u32>(f, F_START)
  if (drops == 2) return edit(start, end, 1)
  return edit(isKept ? <usize>load<u32>(f, F_COMMA) : start, end, 0)
}

/** Notes that [start, end) goes, for a `null` where `isNull` is 1. Edits come in the order of the text. */
function edit(start: usize, end: usize, isNull: u32): bool {
  isEdited = true
  if (isNull == 0 && editAt > EDITS && load<u32>(editAt - 4) == (<u32>start) << 1) {
    store<u32>(editAt - 4, (<u32>end) << 1)
    return true
  }
  if (editAt == EDITS_END && !compact()) return false
  store<u32>(editAt, <u32>start)
  store<u32>(editAt, ((<u32>end) << 1) | isNull, 4)
  editAt += 8
  return true
}

/** Closes the gaps of all edits so far; only text that was read already moves. */
function compact(): bool {
  for (let at = EDITS; at < editAt; at += 8) {
    const start = <usize>load<u32>(at)
    const coded = load<u32>(at, 4)
    const end = <usize>(coded >> 1)
    const kept = start - keptFrom
    move(outAt, keptFrom, kept)
    outAt += kept
    if ((coded & 1) != 0) {
      if (outAt + 4 > end) return false
      store<u32>(outAt, 0x6c6c756e)
      outAt += 4
    }
    keptFrom = end
  }
  editAt = EDITS
  return true
}

/** Moves text towards the front. */
function move(to: usize, from: usize, length: usize): void {
  // Whole vectors: what is written behind the end was read already.
  if (from - to < 16 || length > 512) {
    memory.copy(to, from, length)
    return
  }
  for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at))
}

/** As `report`, for what is hidden. */
function reportHidden(f: usize): void {
  const at = reportAt
  const count = reported
  reportAt = hiddenAt
  reported = hidden
  reportEnough = HIDDEN_ENOUGH
  report(f)
  hiddenAt = reportAt
  hidden = reported
  reportAt = at
  reported = count
  reportEnough = REPORT_ENOUGH
}

/** Writes the pointer (RFC 6901) of the value under way in frame `f`, one a line. */
function report(f: usize): void {
  if (reported >= MAX_REPORTED || reportAt >= reportEnough) return
  if (reported > 0) store<u8>(reportAt++, 0x0a)
  reported += 1
  for (let g = FRAMES + FRAME_BYTES; g <= f; g += FRAME_BYTES) {
    if (reportAt >= reportEnough) return
    store<u8>(reportAt++, 0x2f)
    if (<u32>load<u8>(g, F_KIND) == OPEN_BRACKET) writeNumber(load<u32>(g, F_INDEX))
    else writeName(<usize>load<u32>(g, F_START) + 1, load<u32>(g, F_KEY_LENGTH))
  }
}

function writeName(start: usize, length: u32): void {
  const chunk = v128.load(start)
  const odd = v128.or(i8x16.eq(chunk, i8x16.splat(0x7e)), i8x16.eq(chunk, i8x16.splat(0x2f)))
  if (length <= 16 && !v128.any_true(odd)) {
    v128.store(reportAt, chunk)
    reportAt += <usize>length
    return
  }
  for (let p = start; p < start + <usize>length && reportAt < reportEnough; p++) {
    const c = load<u8>(p)
    if (c == 0x7e || c == 0x2f) {
      store<u8>(reportAt, 0x7e)
      store<u8>(reportAt, c == 0x7e ? 0x30 : 0x31, 1)
      reportAt += 2
    } else {
      store<u8>(reportAt++, c)
    }
  }
}

function writeNumber(value: u32): void {
  let digits: usize = 1
  for (let rest = value / 10; rest > 0; rest /= 10) digits += 1
  let rest = value
  for (let i = digits; i > 0; i--) {
    store<u8>(reportAt + i - 1, <u8>(0x30 + (rest % 10)))
    rest /= 10
  }
  reportAt += digits
}
