// Whether a text begins like a URL. Part of the modules that read JSON of requests. AssemblyScript, written so that it is
// plain TypeScript to the formatter.

const COLON: u32 = 0x3a
const BACKSLASH: u32 = 0x5c

export function isLetter(c: u32): bool {
  return (c | 0x20) - 0x61 <= 25
}

/**
 * Whether the JSON string in [start, end), quotes excluded, may begin like a URL: a scheme, two slashes, or what is read
 * as one of them. Yes where in doubt.
 */
export function leads(start: usize, end: usize): bool {
  if (start == end) return false
  const first = <u32>load<u8>(start)
  if (first <= 0x20 || first == BACKSLASH) return true
  // White space beyond ASCII begins with one of these.
  if (first >= 0x80) return first == 0xc2 || (first >= 0xe1 && first <= 0xe3) || first == 0xef
  const second = <u32>load<u8>(start, 1)
  if (first == 0x2f) return second == 0x2f || second == BACKSLASH
  if (!isLetter(first)) return false
  const last = end - start > 33 ? start + 33 : end
  for (let p = start + 1; p < last; p++) {
    const c = <u32>load<u8>(p)
    if (c == COLON) return true
    // No letter with a name of its own stands in a scheme.
    if (c == BACKSLASH) return <u32>load<u8>(p, 1) == 0x75
    if (!isLetter(c) && c - 0x30 > 9 && c != 0x2b && c != 0x2e && c != 0x2d) return false
  }
  return false
}
