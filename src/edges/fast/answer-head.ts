import { STATUS_CODES } from 'node:http'
import { memo } from '../../base/memo.ts'
import { hasControl, isToken } from '../../http/chars.ts'
import { LineMemory } from './field-line.ts'

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

const memory = new LineMemory()

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
  let text = statusLine(status)
  let hasDate = false
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    const known = memory.known(i >> 1, name, value)
    if (known !== undefined) {
      text += known
      continue
    }
    const kind = kindOf(name)
    if (kind === 'framing') continue
    const line = kind === 'impossible' ? undefined : memory.write(i >> 1, name, value)
    if (line === undefined) throw new TypeError(`field ${i / 2} of an answer`)
    if (kind === 'date') {
      hasDate = true
      // Only what needs no look at its name is found again.
      memory.forget(i >> 1)
    }
    text += line
  }
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

let dateLineSecond = -1
let dateLineText = ''

/** `Date` with its line end, written once a second. */
export function dateLine(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== dateLineSecond) {
    dateLineSecond = second
    dateLineText = `Date: ${new Date(nowMs).toUTCString()}\r\n`
  }
  return dateLineText
}

function nameKind(name: string): NameKind {
  const lower = name.toLowerCase()
  if (FRAMING.has(lower)) return 'framing'
  if (lower === 'date') return 'date'
  return isToken(name) ? 'plain' : 'impossible'
}
