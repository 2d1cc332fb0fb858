/** A cell: its text, and how it was written. */
export interface Cell {
  readonly text: string
  readonly raw: string
}

/** What the first line of a table says. */
export interface TableHead {
  readonly separator: ',' | ';' | '\t'
  readonly lineEnd: '\r\n' | '\n'
  readonly columns: readonly string[]
}

/** A table whose lines all have as many cells as the first. */
export interface Table extends TableHead {
  readonly rows: readonly Row[]
}

type Row = readonly Cell[]

const BYTE_ORDER_MARK = '\uFEFF'
/** What spreadsheets take; a line is read in one go. */
const MAX_COLUMNS = 16_384
/** More cells than this are not held. */
const MAX_CELLS = 2_000_000

/** Reads a table; `undefined` where its lines differ in length or its quotes do not close. @see RFC 4180 section 2 */
export function readTable(text: string): Table | undefined {
  const lines = new TableLines(text)
  const { head } = lines
  const rows = head && lines.rows(Infinity)
  return head && rows && { ...head, rows }
}

/** Reads a table line by line, so that a long one can be read in slices. */
export class TableLines {
  /** `undefined`: the first line is none of a table. */
  readonly head: TableHead | undefined
  readonly #text: string
  readonly #separator: TableHead['separator']
  #at = 0
  #cells = 0
  #isOver = false

  constructor(text: string) {
    this.#text = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
    this.#separator = separatorOf(this.#text)
    const columns = this.#line()?.map(({ text: name }) => name)
    const lineEnd = this.#text.includes('\r\n') ? '\r\n' : '\n'
    this.head = columns && { separator: this.#separator, lineEnd, columns }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The next rows, until they have so many cells; `undefined` where the table is none. */
  rows(maxCells: number): readonly Row[] | undefined {
    const width = this.head?.columns.length
    const rows: Row[] = []
    const most = this.#cells + maxCells
    while (!this.#isOver && this.#cells < most) {
      const row = this.#line()
      if (row === undefined) return undefined
      // An empty line is no row.
      if (row.length === 1 && row[0]?.raw === '') continue
      if (row.length !== width) return undefined
      rows.push(row)
    }
    return rows
  }

  #line(): Row | undefined {
    const text = this.#text
    const line: Cell[] = []
    for (;;) {
      const cell = cellAt(text, this.#at, this.#separator)
      this.#cells += 1
      if (cell === undefined || this.#cells > MAX_CELLS) return undefined
      if (line.length === MAX_COLUMNS) return undefined
      line.push(cell)
      this.#at += cell.raw.length
      if (text[this.#at] !== this.#separator) break
      this.#at += 1
    }
    if (this.#at < text.length) this.#at += text.startsWith('\r\n', this.#at) ? 2 : 1
    // What follows the last line's end is no line.
    this.#isOver = this.#at >= text.length
    return line
  }
}

/** By its first line; columns are rarely named with these signs. */
function separatorOf(text: string): TableHead['separator'] {
  const [line = ''] = text.split(/[\r\n]/, 1)
  if (line.includes(',')) return ','
  if (line.includes(';')) return ';'
  return line.includes('\t') ? '\t' : ','
}

function cellAt(text: string, start: number, separator: string): Cell | undefined {
  if (text[start] === '"') return quotedAt(text, start, separator)
  let end = start
  while (end < text.length && !isEnd(text, end, separator)) end += 1
  const raw = text.slice(start, end)
  return raw.includes('"') ? undefined : { text: raw, raw }
}

function quotedAt(text: string, start: number, separator: string): Cell | undefined {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2)
  // Behind the quote the cell ends: what else stands there, others may read in another way.
  if (end < 0 || (end + 1 < text.length && !isEnd(text, end + 1, separator))) return undefined
  const raw = text.slice(start, end + 1)
  return { text: raw.slice(1, -1).replaceAll('""', '"'), raw }
}

function isEnd(text: string, at: number, separator: string): boolean {
  const char = text[at]
  return char === separator || char === '\n' || char === '\r'
}

/** A text as a cell: in quotes where it needs them. */
export function cellOf(text: string, separator: string): string {
  const isPlain = !text.includes(separator) && !/["\r\n]/.test(text)
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`
}
