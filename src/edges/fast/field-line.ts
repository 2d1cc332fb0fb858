import { inOnePiece } from '../../base/one-piece.ts'
import { OwnValues } from './own-values.ts'

/** Fields further behind are written anew each time. */
const MAX_REMEMBERED = 64
/** Longer values are tokens and the like, another one in each message. */
const MAX_REMEMBERED_CHARS = 256

/** A line as it was written at its place. */
interface Line {
  readonly name: string
  /** What it begins with, up to the value. */
  start: string
  isStartWhole: boolean
  /** `undefined`: no value is this one. */
  value: string | undefined
  text: string
  isWhole: boolean
}

function lineOf(name: string): Line {
  return {
    name,
    start: `${name}: `,
    isStartWhole: false,
    value: undefined,
    text: '',
    isWhole: false,
  }
}

/** After so many values in a row that were all new, to hold the next against the last is hardly worth it, */
const RESTLESS = 8
/** but one of so many is remembered still. */
const SOMETIMES = 16

/**
 * Writes the lines of heads, and remembers the last one at each place: one head is like the one before it but for a
 * few fields, so most lines are found by comparing two references, and were checked and put together once.
 */
export class LineMemory {
  readonly #lines: Line[] = Array.from({ length: MAX_REMEMBERED }, () => lineOf(''))
  /** For each place: how many values came since one came again. */
  readonly #changes = new Uint32Array(MAX_REMEMBERED)
  readonly #own: OwnValues

  /** `own`: of the field whose long values the gateway makes itself. */
  constructor(own: OwnValues = new OwnValues('')) {
    this.#own = own
  }

  /** The line of a field that `write` wrote at this place before; `undefined` for any other. */
  known(place: number, name: string, value: string): string | undefined {
    const line = this.#lines[place]
    if (line?.value === undefined || line.value !== value || line.name !== name) return undefined
    this.#changes[place] = 0
    if (!line.isWhole) {
      // It came a second time: what is sent again and again is worth being put into one piece.
      line.text = inOnePiece(line.text)
      line.isWhole = true
    }
    return line.text
  }

  /**
   * `name: value` with its line end. The name is the caller's to check, before.
   * @returns `undefined` for a value that cannot stand in a head: it would end it, or begin another message.
   */
  write(place: number, name: string, value: string): string | undefined {
    if (this.#own.hasControl(name, value)) return undefined
    const line = this.#lines[place]
    if (line === undefined) return `${name}: ${value}\r\n`
    const current = line.name === name ? line : (this.#lines[place] = lineOf(name))
    const text = `${startOf(current)}${value}\r\n`
    const changes = (this.#changes[place] ?? 0) + 1
    this.#changes[place] = changes
    const isRemembered = changes <= RESTLESS || changes % SOMETIMES === 0
    if (isRemembered && value.length <= MAX_REMEMBERED_CHARS) {
      current.value = value
      current.text = text
      current.isWhole = false
    } else current.value = undefined
    return text
  }

  /** What was written at this place is to be asked for again. */
  forget(place: number): void {
    const line = this.#lines[place]
    if (line !== undefined) line.value = undefined
  }
}

/** Of a name that came a second time in one piece, as the lines that it goes into are many. */
function startOf(line: Line): string {
  if (!line.isStartWhole && line.value !== undefined) {
    line.start = inOnePiece(line.start)
    line.isStartWhole = true
  }
  return line.start
}
