import { inOnePiece } from '../../base/one-piece.ts'
import { hasControl } from '../../http/chars.ts'

/** A line that was written, for a field that may come again. */
interface Written {
  readonly name: string
  readonly value: string
  line: string
  /** It came a second time: what is sent again and again is worth being put into one piece. */
  isWhole: boolean
}

/** Lines remembered at most; a power of two. */
const SLOTS = 512
/** Longer values are tokens and the like, another one in each message. */
const MAX_REMEMBERED_CHARS = 64

const written: (Written | undefined)[] = Array.from({ length: SLOTS }, () => undefined)

/**
 * `name: value` with its line end, as it stands in a head. Most fields are the same in each message: their lines are
 * found by comparing, checked and put together once. The name is the caller's to check.
 * @returns `undefined` for a value that cannot stand in a head: it would end it, or begin another message.
 */
export function fieldLine(name: string, value: string): string | undefined {
  if (value.length > MAX_REMEMBERED_CHARS) return newLine(name, value)
  const slot = slotOf(name, value)
  const known = written[slot]
  if (known !== undefined && known.value === value && known.name === name) return again(known)
  const line = newLine(name, value)
  if (line !== undefined) written[slot] = { name, value, line, isWhole: false }
  return line
}

function newLine(name: string, value: string): string | undefined {
  return hasControl(value) ? undefined : `${name}: ${value}\r\n`
}

function again(known: Written): string {
  if (!known.isWhole) {
    known.line = inOnePiece(known.line)
    known.isWhole = true
  }
  return known.line
}

function slotOf(name: string, value: string): number {
  const size = name.length * 31 + value.length * 17
  const ends = value === '' ? 0 : value.charCodeAt(0) * 7 + value.charCodeAt(value.length - 1) * 13
  const start = name === '' ? 0 : name.charCodeAt(0) * 3 + name.charCodeAt(name.length - 1)
  return (size + ends + start) % SLOTS
}
