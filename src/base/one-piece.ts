const SCRATCH_BYTES = 4096
/** Bytes to write into at once: a buffer for each text would be more work than the text. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

/**
 * The same latin1 text in one piece of memory. The engine keeps what was put together as a tree until it is read; for
 * text that goes into many others the tree would be walked each time.
 */
export function inOnePiece(text: string): string {
  if (text.length > SCRATCH_BYTES) return Buffer.from(text, 'latin1').toString('latin1')
  return scratch.toString('latin1', 0, scratch.write(text, 'latin1'))
}
