import { STATUS_CODES } from 'node:http'
import { memo } from '../../base/memo.ts'
import { inOnePiece } from '../../base/one-piece.ts'
import { hasControl, isToken } from '../../http/chars.ts'
import { HeadLines } from './head-lines.ts'

/** Fields that say how this connection frames and keeps a message: the connection writes them, nobody else. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

type NameKind = 'plain' | 'framing' | 'date' | 'impossible'

const kindOf = memo(nameKind, { maxEntries: 1024, maxChars: 64 })

/** What stands at the end of a head, prepared once; the empty line included. */
export const KEEP_TAIL = 'Connection: keep-alive\r\n'
export const CLOSE_TAIL = 'Connection: close\r\n'

const memory = new HeadLines()

/** Status lines by status; filled as they are used, so at most one for each of 900. */
const lines: string[] = []

/** The status line with its end. */
function statusLine(status: number): string {
  return (lines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`)
}

/**
 * Status line and fields of an answer, without `Date` and the fields of framing.
 * @throws TypeError for a name or a value that cannot stand in a head: it would end it, or begin another answer.
 */
export function fieldLines(status: number, headers: readonly string[]): FieldLines {
  const text = memory.find(status, headers)
  return text === undefined ? checkedLines(status, headers) : { text, hasDate: false }
}

function checkedLines(status: number, headers: readonly string[]): FieldLines {
  let text = statusLine(status)
  let isPlain = true
  let hasDate = false
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    const kind = kindOf(name)
    if (kind !== 'plain') isPlain = false
    if (kind === 'framing') continue
    if (kind === 'impossible' || hasControl(value))
      throw new TypeError(`field ${i / 2} of an answer`)
    if (kind === 'date') hasDate = true
    text += `${name}: ${value}\r\n`
  }
  if (isPlain) memory.learn(status, statusLine(status), headers)
  return { text, hasDate }
}

/** Trailers as lines; what could not stand there is left out, as every hop may do (RFC 9110 section 6.5). */
export function trailerLines(trailers: readonly string[]): string {
  let text = ''
  for (let i = 0; i + 1 < trailers.length; i += 2) {
    const name = trailers[i] ?? ''
    const value = trailers[i + 1] ?? ''
    if (kindOf(name) === 'plain' && !hasControl(value)) text += `${name}: ${value}\r\n`
  }
  return text
}

/** The lines, and whether the API said the time itself. */
export interface FieldLines {
  readonly text: string
  readonly hasDate: boolean
}

/** `Date` of this second; empty: to be written anew. */
let date = ''
let endTail = ''
let end = ''

/** `Date` with its line end. Written once a second: reading the clock costs as much as all of a head's other lines. */
export function dateLine(): string {
  if (date === '') {
    const nowMs = Date.now()
    date = `Date: ${new Date(nowMs).toUTCString()}\r\n`
    setTimeout(forgetDate, 1000 - (nowMs % 1000)).unref()
  }
  return date
}

function forgetDate(): void {
  date = ''
  end = ''
}

/** The end of a head in one piece: what keeps or closes the connection, `Date`, and the empty line. */
export function headEnd(tail: string): string {
  if (tail !== endTail || end === '') {
    endTail = tail
    end = inOnePiece(`${tail}${dateLine()}\r\n`)
  }
  return end
}

function nameKind(name: string): NameKind {
  const lower = name.toLowerCase()
  if (FRAMING.has(lower)) return 'framing'
  if (lower === 'date') return 'date'
  return isToken(name) ? 'plain' : 'impossible'
}
