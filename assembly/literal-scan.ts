// Looks for some literals in one pass over bytes: sixteen places at a time are held against the nibbles of the first
// three bytes of every literal, and what is left against the literals. AssemblyScript, written so that it is plain
// TypeScript to the formatter. The layout of memory is that of src/controls/errors/literal-scan.ts.

/** For each of three bytes: which of eight groups a low nibble may belong to, and a high one. */
const NIBBLES: usize = 0x100
/** Literals as 64-bit words and the masks that cut them to their length. */
const WORDS: usize = 0x200
const WORD_BYTES: usize = 16

/**
 * Whether one of `count` literals begins in [start, end). 32 zero bytes must follow: none of them is in a literal.
 */
export function has(start: usize, end: usize, count: i32): bool {
  const low0 = v128.load(NIBBLES)
  const high0 = v128.load(NIBBLES, 16)
  const low1 = v128.load(NIBBLES, 32)
  const high1 = v128.load(NIBBLES, 48)
  const low2 = v128.load(NIBBLES, 64)
  const high2 = v128.load(NIBBLES, 80)
  const nibble = i8x16.splat(15)
  const none = i8x16.splat(0)
  for (let at = start; at < end; at += 16) {
    const first = v128.load(at)
    const second = v128.load(at, 1)
    const third = v128.load(at, 2)
    const groups0 = v128.and(
      i8x16.relaxed_swizzle(low0, v128.and(first, nibble)),
      i8x16.relaxed_swizzle(high0, i8x16.shr_u(first, 4)),
    )
    const groups1 = v128.and(
      i8x16.relaxed_swizzle(low1, v128.and(second, nibble)),
      i8x16.relaxed_swizzle(high1, i8x16.shr_u(second, 4)),
    )
    const groups2 = v128.and(
      i8x16.relaxed_swizzle(low2, v128.and(third, nibble)),
      i8x16.relaxed_swizzle(high2, i8x16.shr_u(third, 4)),
    )
    const groups = v128.and(v128.and(groups0, groups1), groups2)
    if (!v128.any_true(groups)) continue
    let places = i8x16.bitmask(i8x16.ne(groups, none))
    while (places != 0) {
      if (isAt(at + (ctz(places) as usize), count)) return true
      places &= places - 1
    }
  }
  return false
}

function isAt(at: usize, count: i32): bool {
  const word = load<u64>(at)
  const end = WORDS + (count as usize) * WORD_BYTES
  for (let literal = WORDS; literal < end; literal += WORD_BYTES)
    if ((word & load<u64>(literal, 8)) == load<u64>(literal)) return true
  return false
}
