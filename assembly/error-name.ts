// Says whether a name is one under which errors are told, in any case of its letters: what the patterns of
// src/controls/errors/error-members.ts take, and perhaps a little more. Part of the module that looks at answers.
// AssemblyScript, written so that it is plain TypeScript to the formatter.

/** Bits that small letters have and capitals have not. */
const FOLDS: u64 = 0x2020202020202020
/** A backslash, folded: what an escape stands for is not looked at. */
const ESCAPE: u64 = 0x7c

const ERR: u64 = 0x727265
const ERROR: u64 = 0x726f727265
const EXCEPTIO: u64 = 0x6f69747065637865
const STACK: u64 = 0x6b63617473
const TRACE: u64 = 0x6563617274
const DEBUG: u64 = 0x6775626564
const FAULT: u64 = 0x746c756166
const SQL: u64 = 0x6c7173
const CAUSE: u64 = 0x6573756163
const MESSAGE: u64 = 0x6567617373656d
const MSG: u64 = 0x67736d
const DETAIL: u64 = 0x6c6961746564
const DETAILS: u64 = 0x736c6961746564
const REASON: u64 = 0x6e6f73616572

// Low and high nibbles of three letters of each word, of: err ebu, aul aus, ssa, xce, tac rac tai, sql, msg aso.
// Vectors stand in memory: to make one of a constant takes several instructions, each time.
const LOW_0: usize = memory.data<u8>([0, 66, 16, 36, 16, 1, 0, 0, 8, 0, 0, 0, 0, 64, 0, 0], 16)
const HIGH_0: usize = memory.data<u8>([0, 0, 0, 0, 0, 0, 67, 60, 0, 0, 0, 0, 0, 0, 0, 0], 16)
const LOW_1: usize = memory.data<u8>([0, 48, 1, 76, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16)
const HIGH_1: usize = memory.data<u8>([0, 0, 0, 0, 0, 0, 25, 103, 0, 0, 0, 0, 0, 0, 0, 0], 16)
const LOW_2: usize = memory.data<u8>([0, 4, 1, 18, 0, 9, 0, 64, 0, 16, 0, 0, 34, 0, 0, 64], 16)
const HIGH_2: usize = memory.data<u8>([0, 0, 0, 0, 0, 0, 126, 3, 0, 0, 0, 0, 0, 0, 0, 0], 16)
const NIBBLES: usize = memory.data<u64>([0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f], 16)
const FOLDED: usize = memory.data<u64>([FOLDS, FOLDS], 16)
const ESCAPES: usize = memory.data<u64>([0x7c7c7c7c7c7c7c7c, 0x7c7c7c7c7c7c7c7c], 16)

/** Whether errors may be told under the name of `length` bytes at `p`, as it stands in a text. */
export function tellsError(p: usize, length: u32): bool {
  const nibble = v128.load(NIBBLES)
  const fold = v128.load(FOLDED)
  const end = p + <usize>length
  for (let at = p; at < end; at += 16) {
    const first = v128.or(v128.load(at), fold)
    const second = v128.or(v128.load(at, 1), fold)
    const third = v128.or(v128.load(at, 2), fold)
    const groups = v128.and(
      v128.and(
        v128.and(
          i8x16.relaxed_swizzle(v128.load(LOW_0), v128.and(first, nibble)),
          i8x16.relaxed_swizzle(v128.load(HIGH_0), v128.and(i16x8.shr_u(first, 4), nibble)),
        ),
        v128.and(
          i8x16.relaxed_swizzle(v128.load(LOW_1), v128.and(second, nibble)),
          i8x16.relaxed_swizzle(v128.load(HIGH_1), v128.and(i16x8.shr_u(second, 4), nibble)),
        ),
      ),
      v128.and(
        i8x16.relaxed_swizzle(v128.load(LOW_2), v128.and(third, nibble)),
        i8x16.relaxed_swizzle(v128.load(HIGH_2), v128.and(i16x8.shr_u(third, 4), nibble)),
      ),
    )
    const hits = v128.or(groups, i8x16.eq(first, v128.load(ESCAPES)))
    if (v128.any_true(hits)) return tells(p, end)
  }
  return false
}

/** The same, letter by letter. */
function tells(start: usize, end: usize): bool {
  for (let p = start; p < end; p++) {
    const left = <u32>(end - p)
    const shown = left < 8 ? ((<u64>1) << ((<u64>left) << 3)) - 1 : <u64>-1
    const word = (load<u64>(p) | FOLDS) & shown
    if ((word & 0xff) == ESCAPE) return true
    const three = word & 0xffffff
    if (three == SQL || word == EXCEPTIO) return true
    if (three == ERR && (left == 3 || (left == 4 && word >> 24 == 0x73))) return true
    const five = word & 0xffffffffff
    if (five == ERROR || five == STACK || five == TRACE || five == DEBUG) return true
    if (five == FAULT || five == CAUSE) return true
    // Names that texts of people have as well count only whole.
    if (p > start || left > 7) continue
    if (word == MESSAGE || word == MSG || word == DETAIL || word == DETAILS || word == REASON)
      return true
  }
  return false
}
