import { styleText } from 'node:util'

/** How a piece of text stands out. */
export type Tone = 'bold' | 'dim' | 'red' | 'yellow' | 'green'

/** Colors a text for standard output: only on a terminal, never with `NO_COLOR`. @see https://no-color.org */
export function paint(tone: Tone, text: string): string {
  return styleText(tone, text, { stream: process.stdout })
}

/** As `paint`, for standard error. */
export function paintError(tone: Tone, text: string): string {
  return styleText(tone, text, { stream: process.stderr })
}

// Control characters and those that turn the direction of text: what a log or a document says must not steer a terminal.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029\p{Cs}\p{Co}]/gu

/** Text from outside as a terminal may show it: one line, unprintable characters escaped, cut at `maxChars`. */
export function shown(text: string, maxChars = 200): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
  return cut.replace(UNPRINTABLE, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
}

/** One line on standard output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** A value as JSON on standard output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Rows in columns, two spaces apart; the first row is the heading. Cells are shown as text from outside. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const [heading = [], ...rest] = rows.map((row) => row.map((cell) => shown(cell)))
  const widths = heading.map((_, i) =>
    Math.max(...[heading, ...rest].map((row) => row[i]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  print(paint('dim', line(heading)))
  for (const row of rest) print(line(row))
}

/** `1 operation`, `2 operations`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
