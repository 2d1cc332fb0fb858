/** How far back a beginning is looked for. */
const MAX_BACK = 32_768
/** Longest number with its gaps, and what stands before it. */
const MAX_NUMBER = 80

const TOKEN = /(?<![\w-])eyJ/
const CONNECTION =
  /\b(?:postgres(?:ql)?|mysql|mariadb|mssql|sqlserver|mongodb(?:\+srv)?|rediss?|valkeys?|amqps?|kafka|nats|clickhouse|cockroachdb|ldaps?|smtps?|ftp|sftp|jdbc:[a-z\d]{2,20}):\/\/[^\s"'<>]*$/i
/** A few digits of a card that left before are few; what follows them is covered. */
const NUMBER = /(?<![\w.-])(?:[2-6](?:[ -]?\d){3,18}|[A-Z]{2}\d\d(?: ?[\dA-Z]){0,30})[ -]?$/

/**
 * Where the beginning of a token, a connection string, a card or an IBAN stands at the end of a text, of which the rest
 * may be in the next piece; the length of the text where there is none. Linear.
 */
export function beginningOf(bytes: Buffer): number {
  const word = lastWord(bytes)
  const number = bytes.subarray(-MAX_NUMBER).toString('latin1')
  const starts = [
    tokenStart(word, bytes.length),
    startOf(CONNECTION, word, bytes.length),
    startOf(NUMBER, number, bytes.length),
  ]
  return Math.min(...starts)
}

/** What stands behind the last blank, quote or angle bracket, and the byte before it. */
function lastWord(bytes: Buffer): string {
  let from = bytes.length
  const least = Math.max(0, from - MAX_BACK)
  while (from > least && !isBreak(bytes[from - 1] ?? 0)) from -= 1
  return bytes.toString('latin1', Math.max(0, from - 1))
}

function isBreak(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 60 || code === 62
}

/** Only what a token is made of stands between its beginning and the end. */
function tokenStart(word: string, length: number): number {
  let from = word.length
  while (from > 0 && isTokenCode(word.charCodeAt(from - 1))) from -= 1
  const at = word.slice(from).search(TOKEN)
  return at < 0 ? length : length - (word.length - from - at)
}

/** Letters, digits, dot, dash and low line. */
function isTokenCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 45 && code <= 57 && code !== 47) ||
    code === 95
  )
}

/** The place in the whole text of a match that ends with it. */
function startOf(pattern: RegExp, end: string, length: number): number {
  const found = pattern.exec(end)
  return found === null ? length : length - found[0].length
}
