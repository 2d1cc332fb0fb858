// Escapes of two characters in JSON strings, with what stands between them. Part of the modules that read JSON.
// AssemblyScript, written so that it is plain TypeScript to the formatter.

const BLOCK: usize = 16
/** Every other place of a block, from the first one on; a bit for each. */
const EVEN: u32 = 0x5555
const ALL: u32 = 0xffff

/**
 * How far a JSON string goes on from the backslash at `p` with characters and escapes such as `\n` (RFC 8259 section 7):
 * to a quote, a control or another escape, or to the last place before `most` that can be told of. `p` where that is
 * another escape itself. A text may be full of escapes: to look at one after another costs several times as much.
 * @see Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.1
 */
export function behindPlainEscapes(p: usize, most: usize): usize {
  let at = p
  /** Whether the first character of the block is escaped. */
  let carry: u32 = 0
  for (; at + BLOCK <= most; at += BLOCK) {
    const chunk = v128.load(at)
    const slashes = <u32>i8x16.bitmask(i8x16.eq(chunk, i8x16.splat(0x5c))) & ~carry
    const behind = (slashes << 1) | carry
    // Runs of backslashes: of one that begins at an odd place, those at even places are escaped, and so on.
    const sum = (slashes & ~EVEN & ~behind) + slashes
    const escaped = (EVEN ^ (sum << 1)) & behind & ALL
    const quotes = <u32>i8x16.bitmask(i8x16.eq(chunk, i8x16.splat(0x22)))
    const controls = <u32>i8x16.bitmask(i8x16.lt_u(chunk, i8x16.splat(0x20)))
    const others = <u32>i8x16.bitmask(i8x16.eq(letters(chunk), i8x16.splat(0)))
    const stops = (quotes & ~escaped) | controls | (escaped & others)
    if (stops != 0) {
      const place = ctz(stops)
      // Of an escape, where its backslash is.
      return at + <usize>place - <usize>((escaped >> place) & 1)
    }
    carry = sum >> 16
  }
  return at - <usize>carry
}

/** Not 0 for each byte that is one of `"`, `\`, `/`, `b`, `f`, `n`, `r`, `t`: by its lower half and by its upper half. */
function letters(chunk: v128): v128 {
  const lower = i8x16(0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1)
  const upper = i8x16(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0)
  return v128.and(
    i8x16.swizzle(lower, v128.and(chunk, i8x16.splat(15))),
    i8x16.swizzle(upper, i8x16.shr_u(chunk, 4)),
  )
}
