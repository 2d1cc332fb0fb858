/** A cell that a spreadsheet takes for a formula (OWASP "CSV Injection"), but for plain numbers. */
const FORMULA = /^[=+\-@\t\r]/
const NUMBER = /^[+-]?\d+(?:[.,]\d+)?$/

/**
 * A table whose cells no spreadsheet runs: `'` stands before those that would be formulas, inside their quotes.
 * Cells end at `,`, `;` or the end of a line; quotes as in RFC 4180. `undefined` where nothing has to change.
 */
export function safeCsv(text: string): string | undefined {
  let out = ''
  let from = 0
  let at = 0
  while (at <= text.length) {
    const end = cellEnd(text, at)
    const isQuoted = text[at] === '"'
    const inner = isQuoted ? text.slice(at + 1, end) : text.slice(at, end)
    const plain = isQuoted ? inner.replace(/"\s*$/, '') : inner
    if (FORMULA.test(plain) && !NUMBER.test(plain)) {
      const begin = isQuoted ? at + 1 : at
      out += `${text.slice(from, begin)}'`
      from = begin
    }
    at = end + 1
  }
  return from === 0 && out === '' ? undefined : out + text.slice(from)
}

/** Where a cell that begins at `start` ends: at its separator, outside quotes. */
function cellEnd(text: string, start: number): number {
  let at = start
  if (text[at] === '"') {
    for (at += 1; at < text.length; at += 1) {
      if (text[at] !== '"') continue
      if (text[at + 1] !== '"') break
      at += 1
    }
  }
  while (at < text.length && !isEnd(text, at, start)) at += 1
  return at
}

/** A carriage return alone at the begin of a cell belongs to it: it may begin a formula. */
function isEnd(text: string, at: number, start: number): boolean {
  const char = text[at]
  if (char === '\r') return at > start || text[at + 1] === '\n'
  return char === '\n' || char === ',' || char === ';'
}
