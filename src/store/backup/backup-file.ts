import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { ConfigError } from '../../base/config-error.ts'
import { TABLES } from './tables.ts'
import type { Table, TableRow } from './tables.ts'
import type { WholeStore } from './whole-store.ts'

/** How many rows of each table, and what they come to. */
export interface StoreSummary {
  readonly tables: Readonly<Record<string, number>>
  /** SHA-256 over all rows, hexadecimal: the same for the same records in every database. */
  readonly sha256: string
}

const FORMAT = 'sallyport-store'
const VERSION = 1
/** A line of a row is far below: no cell is longer than some kilobytes. */
const MAX_LINE_BYTES = 4 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024

/** Rows counted and digested one by one. */
class Tally {
  readonly #counts = new Map(TABLES.map(({ name }) => [name, 0]))
  readonly #hash = createHash('sha256')

  /** @returns the row as the line that was digested. */
  add(table: Table, row: TableRow): string {
    const line = `${JSON.stringify([table.name, row])}\n`
    this.#counts.set(table.name, (this.#counts.get(table.name) ?? 0) + 1)
    this.#hash.update(line)
    return line
  }

  get summary(): StoreSummary {
    const sha256 = this.#hash.copy().digest('hex')
    return { tables: Object.fromEntries(this.#counts), sha256 }
  }
}

/** Counts and digests a store. Throws or rejects with `StoreError`. */
export async function summaryOf(store: WholeStore): Promise<StoreSummary> {
  const tally = new Tally()
  await store.read((table, row) => void tally.add(table, row))
  return tally.summary
}

/**
 * Writes all of a store into the file at `path`, mode 0600: a line of what it is, a line for each row, a line of sums.
 * It appears whole or not at all. Throws `ConfigError` where there is a file already, unless `mayReplace`.
 */
export async function writeBackup(
  store: WholeStore,
  path: string,
  { nowMs, mayReplace }: { readonly nowMs: number; readonly mayReplace: boolean },
): Promise<StoreSummary> {
  if (!mayReplace && existsSync(path))
    throw fault(`${path} is there already`, 'name another file, or say --force')
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`
  const fd = openSync(aside, 'wx', 0o600)
  try {
    const columns = Object.fromEntries(TABLES.map((table) => [table.name, table.columns]))
    const at = new Date(nowMs).toISOString()
    const head = { format: FORMAT, version: VERSION, at, from: store.kind, columns }
    writeSync(fd, `${JSON.stringify(head)}\n`)
    const tally = new Tally()
    await store.read((table, row) => void writeSync(fd, tally.add(table, row)))
    writeSync(fd, `${JSON.stringify(tally.summary)}\n`)
    fsyncSync(fd)
    renameSync(aside, path)
    return tally.summary
  } catch (error) {
    unlinkSync(aside)
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Reads a backup through and compares its sums. Throws `ConfigError` for a file that is none, or not whole. */
export function checkBackup(path: string): StoreSummary {
  const tally = new Tally()
  let sums: StoreSummary | undefined
  for (const line of linesOf(path)) {
    if (sums !== undefined) throw fault(`${path} goes on after its end`)
    const value = parse(line, path)
    if (!Array.isArray(value)) sums = value as StoreSummary
    else tally.add(...rowOf(value, path))
  }
  const found = tally.summary
  if (sums?.sha256 !== found.sha256)
    throw fault(`${path} is not whole, or was changed`, 'take another backup')
  return found
}

/** The rows of a backup that was checked. Throws `ConfigError` as `checkBackup`. */
export function* readBackup(path: string): Iterable<readonly [table: Table, row: TableRow]> {
  for (const line of linesOf(path)) {
    const value = parse(line, path)
    if (Array.isArray(value)) yield rowOf(value, path)
  }
}

function fault(message: string, cure?: string): ConfigError {
  return new ConfigError({ path: '', message, ...(cure === undefined ? {} : { cure }) })
}

function parse(line: string, path: string): unknown {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // As any other line that is none of ours.
  }
  throw fault(`${path} is not whole, or was changed`, 'take another backup')
}

function rowOf(value: readonly unknown[], path: string): [Table, TableRow] {
  const [name, row] = value
  const table = TABLES.find((one) => one.name === name)
  const isRow =
    Array.isArray(row) &&
    row.length === table?.columns.length &&
    row.every((cell) => cell === null || typeof cell === 'string' || Number.isSafeInteger(cell))
  if (table === undefined || !isRow) throw fault(`${path} holds a row that is none of ours`)
  return [table, row as TableRow]
}

/** All lines but the first, which must say that the file is a backup of this version. */
function* linesOf(path: string): Iterable<string> {
  const lines = rawLines(path)
  const head = lines.next()
  const said = head.done === true ? undefined : (headOf(head.value) as Record<string, unknown>)
  if (said?.['format'] !== FORMAT) throw fault(`${path} is no backup of a store`)
  if (said['version'] !== VERSION || !hasOurColumns(said['columns']))
    throw fault(`${path} was written by another version`, 'restore it with that version')
  yield* lines
}

function headOf(line: string): unknown {
  try {
    return JSON.parse(line) ?? {}
  } catch {
    return {}
  }
}

function hasOurColumns(columns: unknown): boolean {
  const ours = TABLES.map((table) => [table.name, table.columns])
  return JSON.stringify(columns) === JSON.stringify(Object.fromEntries(ours))
}

function* rawLines(path: string): Generator<string, void> {
  const fd = openSync(path, 'r')
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    let rest = Buffer.alloc(0)
    for (;;) {
      const count = readSync(fd, chunk, 0, CHUNK_BYTES, null)
      if (count === 0) break
      rest = Buffer.concat([rest, chunk.subarray(0, count)])
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        yield rest.toString('utf8', 0, end)
        rest = rest.subarray(end + 1)
      }
      if (rest.length > MAX_LINE_BYTES) throw fault(`${path} is no backup of a store`)
    }
    if (rest.length > 0) throw fault(`${path} is not whole: it ends in the middle of a line`)
  } finally {
    closeSync(fd)
  }
}
