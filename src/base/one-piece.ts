/**
 * The same latin1 text in one piece of memory. The engine keeps what was put together as a tree until it is read; for
 * text that goes into many others the tree would be walked each time.
 */
export function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
