// White space of JSON, sixteen bytes at a time. Part of the modules that read JSON. AssemblyScript, written so that it is
// plain TypeScript to the formatter.

/** Where the white space (RFC 8259 section 2) that begins at `start` ends. 16 bytes must be readable behind the text. */
export function skipSpace(start: usize): usize {
  let p = start
  let c = <u32>load<u8>(p)
  if (c > 0x20) return p
  while (c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09) {
    const chunk = v128.load(p)
    const others = i8x16.bitmask(
      v128.not(
        v128.or(
          v128.or(i8x16.eq(chunk, i8x16.splat(0x20)), i8x16.eq(chunk, i8x16.splat(0x0a))),
          v128.or(i8x16.eq(chunk, i8x16.splat(0x0d)), i8x16.eq(chunk, i8x16.splat(0x09))),
        ),
      ),
    )
    if (others != 0) return p + <usize>ctz(others)
    p += 16
    c = <u32>load<u8>(p)
  }
  return p
}
