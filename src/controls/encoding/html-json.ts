/** UTF-8 of U+2028 and U+2029, which end a line in older JavaScript. */
const LINE_SEPARATORS = [Buffer.from('\u2028'), Buffer.from('\u2029')]
const MARKUP = ['<', '>', '&'].map((char) => char.charCodeAt(0))

/**
 * A JSON text that means the same and can stand inside HTML: what markup is made of stands only in strings, where an
 * escape is the same character (RFC 8259 section 7). `undefined` where nothing has to change.
 */
export function htmlSafeJson(bytes: Buffer): Buffer | undefined {
  const isPlain =
    MARKUP.every((code) => !bytes.includes(code)) &&
    LINE_SEPARATORS.every((separator) => !bytes.includes(separator))
  if (isPlain) return undefined
  const text = bytes.toString('utf8').replaceAll(/[<>&\u2028\u2029]/g, escaped)
  return Buffer.from(text)
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}
