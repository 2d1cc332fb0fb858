import { createReadStream } from 'node:fs'
import { CommandError } from '../failure.ts'
import { parseLogLine } from './log-line.ts'

/** Requests of one method to one path. */
export interface Usage {
  readonly method: string
  readonly path: string
  count: number
  /** At most 50. */
  readonly queryNames: Set<string>
}

/** What a log tells. */
export interface AccessLog {
  readonly lines: number
  /** Lines that tell of no request, or are longer than 64 KiB. */
  readonly unreadable: number
  /** Requests that were answered 2xx or 3xx (or where the log does not say), by method and path. */
  readonly usages: readonly Usage[]
  /** Whether there were more different paths than are kept. */
  readonly isCut: boolean
}

const MAX_LINE_CHARS = 65_536
const MAX_USAGES = 50_000
const MAX_QUERY_NAMES = 50
const LINES_PER_NOTE = 1_000_000

/**
 * Reads an access log as a stream. `note` is told of every million lines. Rejects as the file system does, and where a
 * line has more than 16 MB.
 */
export async function readAccessLog(
  path: string,
  note: (lines: number) => void,
): Promise<AccessLog> {
  const usages = new Map<string, Usage>()
  let lines = 0
  let unreadable = 0
  let isCut = false
  for await (const line of linesOf(path)) {
    if (line === '') continue
    lines += 1
    if (lines % LINES_PER_NOTE === 0) note(lines)
    const request = line.length > MAX_LINE_CHARS ? undefined : parseLogLine(line)
    if (request === undefined) unreadable += 1
    else if (isServed(request.status)) isCut = !count(usages, request) || isCut
  }
  return { lines, unreadable, usages: [...usages.values()], isCut }
}

/** What the API refused or did not know is no operation in use: scanners ask for much that is not there. */
function isServed(status: number | undefined): boolean {
  return status === undefined || (status >= 200 && status < 400)
}

/** @returns whether there was room for it. */
function count(
  usages: Map<string, Usage>,
  { method, path, queryNames }: NonNullable<ReturnType<typeof parseLogLine>>,
): boolean {
  const key = `${method} ${path}`
  let usage = usages.get(key)
  if (usage === undefined) {
    if (usages.size >= MAX_USAGES) return false
    usage = { method, path, count: 0, queryNames: new Set() }
    usages.set(key, usage)
  }
  usage.count += 1
  for (const name of queryNames) {
    if (usage.queryNames.size < MAX_QUERY_NAMES) usage.queryNames.add(name)
  }
  return true
}

/** No log has a line as long as this: what has none for so long may never end. */
const MAX_UNBROKEN_CHARS = 16_777_216

/** The lines of a file; of one that is too long, a piece that is too long as well. Throws where no line ends. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  let unbroken = 0
  for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
    const parts = (rest + String(chunk)).split(/\r?\n/)
    unbroken = parts.length > 1 ? 0 : unbroken + String(chunk).length
    if (unbroken > MAX_UNBROKEN_CHARS)
      throw new CommandError(`${path} is no log: 16 MB without a line break`)
    rest = (parts.pop() ?? '').slice(0, MAX_LINE_CHARS + 1)
    yield* parts
  }
  yield rest
}
