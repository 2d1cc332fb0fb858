import { inOnePiece } from '../../base/one-piece.ts'
import { hasControl } from '../../http/chars.ts'

/** Fields further behind are written anew each time. */
const MAX_REMEMBERED = 64
/** Longer values are tokens and the like, another one in each message. */
const MAX_REMEMBERED_CHARS = 256
/** Values of the gateway's own making that are remembered, each at the place that its end gives it; a power of two. */
const OWN_VALUES = 4096
const MAX_OWN_CHARS = 2048

/** A line as it was written last at its place. */
interface Line {
  readonly name: string
  /** `undefined`: no value is this one. */
  readonly value: string | undefined
  text: string
  isWhole: boolean
}

const NO_LINE: Line = { name: '', value: undefined, text: '', isWhole: true }

/**
 * Writes the lines of heads, and remembers the last one at each place: one head is like the one before it but for a
 * few fields, so most lines are found by comparing two references, and were checked and put together once.
 */
export class LineMemory {
  readonly #lines: Line[] = Array.from({ length: MAX_REMEMBERED }, () => NO_LINE)
  readonly #ownField: string
  readonly #ownValues: (string | undefined)[]

  /**
   * `ownField`: a field whose long values the gateway makes itself and uses again, one for each caller: the same text
   * is checked once. No client's value comes here: it may be a part of a head, which would be kept with it.
   */
  constructor(ownField = '') {
    this.#ownField = ownField
    this.#ownValues = ownField === '' ? [] : Array.from({ length: OWN_VALUES })
  }

  /** The line of a field that `write` wrote at this place before; `undefined` for any other. */
  known(place: number, name: string, value: string): string | undefined {
    const line = this.#lines[place]
    if (line === undefined || line.value !== value || line.name !== name) return undefined
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
    if (name === this.#ownField ? this.#hasControl(value) : hasControl(value)) return undefined
    const text = `${name}: ${value}\r\n`
    if (place < MAX_REMEMBERED && value.length <= MAX_REMEMBERED_CHARS)
      this.#lines[place] = { name, value, text, isWhole: false }
    return text
  }

  #hasControl(value: string): boolean {
    const { length } = value
    if (length <= MAX_REMEMBERED_CHARS || length > MAX_OWN_CHARS) return hasControl(value)
    const end = value.charCodeAt(length - 1) * 61 + value.charCodeAt(length - 2)
    const slot = (end * 61 + value.charCodeAt(length - 3)) % OWN_VALUES
    if (this.#ownValues[slot] === value) return false
    if (hasControl(value)) return true
    this.#ownValues[slot] = value
    return false
  }

  /** What was written at this place is to be asked for again. */
  forget(place: number): void {
    if (place < MAX_REMEMBERED) this.#lines[place] = NO_LINE
  }
}
