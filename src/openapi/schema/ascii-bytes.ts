/** Longer texts are not written out. UTF-16 units. */
const MAX_ASCII = 4096
/** Of one UTF-16 unit, at most. */
const MAX_UTF8_BYTES = 3

const ROOM = Buffer.allocUnsafeSlow(MAX_ASCII * MAX_UTF8_BYTES)

/**
 * The characters of a text of ASCII as bytes, good until the next call; what stands behind them is left of other texts.
 * To ask a string for one unit after another takes several times as long.
 * @returns `undefined` for other texts, and for long ones.
 */
export function asciiBytes(text: string): Uint8Array | undefined {
  const { length } = text
  // Every other character takes more bytes than units.
  return length <= MAX_ASCII && ROOM.write(text, 'utf8') === length ? ROOM : undefined
}
