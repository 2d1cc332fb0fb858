/** Bytes of a name as HTTP/2 writes it: a token in lower case (RFC 9113 section 8.2.1). */
const NAME = nameTable()

function nameTable(): Uint8Array {
  const table = new Uint8Array(256)
  for (const char of "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")
    table[char.charCodeAt(0)] = 1
  return table
}

const COLON = 58

/** Whether a name is a token in lower case, or that behind one colon. */
export function isFieldName(name: string): boolean {
  const { length } = name
  let at = name.charCodeAt(0) === COLON ? 1 : 0
  if (at === length) return false
  for (; at < length; at += 1) if (NAME[name.charCodeAt(at)] !== 1) return false
  return true
}

/** Controls other than tab, and DEL: two of them end or hide a line where HTTP/1.1 is written, none has a meaning. */
// eslint-disable-next-line no-control-regex -- controls are what is looked for
const CONTROL = /[\0-\u0008\u000a-\u001f\u007f]/

/** Whether a value holds no control and neither begins nor ends with white space (RFC 9113 section 8.2.1). */
export function isFieldValue(value: string): boolean {
  const { length } = value
  if (length === 0) return true
  return (
    !isWhite(value.charCodeAt(0)) && !isWhite(value.charCodeAt(length - 1)) && !CONTROL.test(value)
  )
}

function isWhite(code: number): boolean {
  return code === 32 || code === 9
}
