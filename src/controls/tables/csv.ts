/** A cell: its text, and how it was written. */
export interface Cell {
  readonly text: string
  readonly raw: string
}

/** A table whose lines all have as many cells as the first. */
export interface Table {
  readonly separator: ',' | ';' | '\t'
  readonly lineEnd: '\r\n' | '\n'
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

const BYTE_ORDER_MARK = '\uFEFF'
/** More cells than this are not held. */
const MAX_CELLS = 2_000_000

/** Reads a table; `undefined` where its lines differ in length or its quotes do not close. @see RFC 4180 section 2 */
export function readTable(text: string): Table | undefined {
  const whole = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  const separator = separatorOf(whole)
  const lines = linesOf(whole, separator)
  const [first, ...rest] = lines ?? []
  if (first === undefined) return undefined
  const columns = first.map(({ text: name }) => name)
  const rows = rest.filter((cells) => cells.length > 1 || cells[0]?.raw !== '')
  if (rows.some((cells) => cells.length !== columns.length)) return undefined
  return { separator, lineEnd: whole.includes('\r\n') ? '\r\n' : '\n', columns, rows }
}

/** By its first line; columns are rarely named with these signs. */
function separatorOf(text: string): Table['separator'] {
  const [line = ''] = text.split(/[\r\n]/, 1)
  if (line.includes(',')) return ','
  if (line.includes(';')) return ';'
  return line.includes('\t') ? '\t' : ','
}

function linesOf(text: string, separator: string): Cell[][] | undefined {
  const lines: Cell[][] = []
  let line: Cell[] = []
  let count = 0
  let at = 0
  while (at <= text.length) {
    const cell = cellAt(text, at, separator)
    count += 1
    if (cell === undefined || count > MAX_CELLS) return undefined
    line.push(cell)
    at += cell.raw.length
    if (text[at] === separator) {
      at += 1
      continue
    }
    lines.push(line)
    line = []
    if (at >= text.length) break
    at += text.startsWith('\r\n', at) ? 2 : 1
    // What follows the last line's end is no line.
    if (at === text.length) break
  }
  return lines
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
