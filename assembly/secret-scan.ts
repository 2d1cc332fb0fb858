// Says whether a text may hold a secret, in one pass over its bytes. AssemblyScript, written so that it is plain
// TypeScript to the formatter. The twin is src/controls/secrets/scan.ts.
import { holdsSuspect } from './suspect'

/** Whether the text in [start, end) is suspect. 64 zero bytes must stand before and behind it. */
export function isSuspect(start: usize, end: usize): bool {
  // Once more behind the end, for numbers that reach it.
  return holdsSuspect(start, end, end + 16)
}
