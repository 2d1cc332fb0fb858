// Escapes of JSON strings by number. Part of the modules that read JSON. AssemblyScript, written so that it is plain
// TypeScript to the formatter.

/** What `\uXXXX` begins with. */
export const NUMBERED: u16 = 0x755c

/** Value of `\uXXXX` at `p` (RFC 8259 section 7), or -1. */
export function hexUnit(p: usize): i32 {
  if (load<u16>(p) != NUMBERED) return -1
  let unit: i32 = 0
  for (let at = p + 2; at < p + 6; at++) {
    const c = <u32>load<u8>(at)
    if (c - 0x30 <= 9) unit = (unit << 4) | <i32>(c - 0x30)
    else if ((c | 0x20) - 0x61 <= 5) unit = (unit << 4) | <i32>((c | 0x20) - 0x57)
    else return -1
  }
  return unit
}
