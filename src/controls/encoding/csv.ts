/** A cell that a spreadsheet takes for a formula (OWASP "CSV Injection"), but for plain numbers. */
const FORMULA = /^[=+\-@\t\r]/
const NUMBER = /^[+-]?\d+(?:[.,]\d+)?$/

/** What ends a cell, besides the end of a line. */
export type Separators = ',;' | '\t'

/**
 * A table whose cells no spreadsheet runs: `'` stands before those that would be formulas, inside their quotes.
 * Cells end at a separator or the end of a line; quotes as in RFC 4180. `undefined` where nothing has to change.
 */
export function safeCsv(text: string, separators: Separators = ',;'): string | undefined {
  const walk = new SafeCsv(text, separators)
  walk.goOn(Infinity)
  return walk.text
}

/** The same in slices, for long tables. */
export class SafeCsv {
  readonly #text: string
  readonly #separators: Separators
  #out = ''
  #from = 0
  #at = 0

  constructor(text: string, separators: Separators) {
    this.#text = text
    this.#separators = separators
  }

  /** Looks at so many cells; whether it has come to the end. */
  goOn(maxCells: number): boolean {
    const text = this.#text
    for (let left = maxCells; left > 0 && this.#at <= text.length; left -= 1) {
      const at = this.#at
      const end = cellEnd(text, at, this.#separators)
      const isQuoted = text[at] === '"'
      const inner = isQuoted ? text.slice(at + 1, end) : text.slice(at, end)
      if (isFormula(isQuoted ? inner.replace(/"\s*$/, '') : inner)) {
        const begin = isQuoted ? at + 1 : at
        this.#out += `${text.slice(this.#from, begin)}'`
        this.#from = begin
      }
      this.#at = end + 1
    }
    return this.#at > text.length
  }

  /** The table, once it is over; `undefined` where nothing had to change. */
  get text(): string | undefined {
    if (this.#out === '') return undefined
    return this.#out + this.#text.slice(this.#from)
  }
}

function isFormula(cell: string): boolean {
  return FORMULA.test(cell) && !NUMBER.test(cell)
}

/** Where a cell that begins at `start` ends: at its separator, outside quotes. */
function cellEnd(text: string, start: number, separators: Separators): number {
  let at = start
  if (text[at] === '"') {
    for (at += 1; at < text.length; at += 1) {
      if (text[at] !== '"') continue
      if (text[at + 1] !== '"') break
      at += 1
    }
  }
  while (at < text.length && !separators.includes(text[at] ?? '') && !isLineEnd(text, at, start))
    at += 1
  return at
}

/** A carriage return alone at the begin of a cell belongs to it: it may begin a formula. */
function isLineEnd(text: string, at: number, start: number): boolean {
  const char = text[at]
  if (char === '\r') return at > start || text[at + 1] === '\n'
  return char === '\n'
}
