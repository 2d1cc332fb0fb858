import { ConfigError } from '../../src/base/config-error.ts'

/** One record of a CSV text, with the line on which it begins. */
export interface CsvRecord {
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Reads CSV (RFC 4180): cells apart by commas, quoted where they hold commas, quotes or lines. Empty lines are passed
 * over. Throws `ConfigError` with the line for a quote that does not end or stands where none may.
 */
export function readCsv(text: string, file: string): readonly CsvRecord[] {
  const records: CsvRecord[] = []
  let at = text.startsWith('\ufeff') ? 1 : 0
  let line = 1
  while (at < text.length) {
    const begin = line
    const cells: string[] = []
    let isEnded = false
    while (!isEnded) {
      const cell = readCell(text, at, { file, line })
      cells.push(cell.text)
      line += cell.lines
      isEnded = text[cell.end] !== ','
      at = cell.end + 1
    }
    line++
    if (text[at - 1] === '\r' && text[at] === '\n') at++
    if (cells.length > 1 || cells[0] !== '') records.push({ line: begin, cells })
  }
  return records
}

interface Cell {
  readonly text: string
  /** Where what follows the cell stands: a comma, the end of a line, or the end. */
  readonly end: number
  /** Ends of lines inside. */
  readonly lines: number
}

function readCell(text: string, at: number, place: { file: string; line: number }): Cell {
  const plain = /[^",\r\n]*/y
  const quoted = /"((?:[^"]|"")*)"/y
  const pattern = text[at] === '"' ? quoted : plain
  pattern.lastIndex = at
  const match = pattern.exec(text)
  const end = at + (match?.[0].length ?? 0)
  if (match === null || (end < text.length && !/[,\r\n]/.test(text[end] ?? '')))
    throw new ConfigError({
      path: '',
      message: 'a quote does not end, or stands amid text',
      ...place,
    })
  const inner = match[1]?.replaceAll('""', '"') ?? match[0]
  return { text: inner, end, lines: inner.split('\n').length - 1 }
}
