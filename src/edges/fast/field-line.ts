import { inOnePiece } from '../../base/one-piece.ts'
import { hasControl } from '../../http/chars.ts'

/** Fields further behind are written anew each time. */
const MAX_REMEMBERED = 64
/** Longer values are tokens and the like, another one in each message. */
const MAX_REMEMBERED_CHARS = 256
/** Values of the gateway's own making that are remembered, each at the place that its end gives it; a power of two. */
const OWN_VALUES = 4096
const MAX_OWN_CHARS = 2048

/**
 * Writes the lines of heads, and remembers the last one at each place: one head is like the one before it but for a
 * few fields, so most lines are found by comparing two references, and were checked and put together once.
 */
export class LineMemory {
  readonly #names = places(MAX_REMEMBERED)
  readonly #values = places(MAX_REMEMBERED)
  readonly #lines = places(MAX_REMEMBERED)
  readonly #isWhole: boolean[] = Array.from({ length: MAX_REMEMBERED }, () => false)
  readonly #ownField: string
  readonly #ownValues: (string | undefined)[]

  /**
   * `ownField`: a field whose long values the gateway makes itself and uses again, one for each caller: the same text
   * is checked once. No client's value comes here: it may be a part of a head, which would be kept with it.
   */
  constructor(ownField = '') {
    this.#ownField = ownField
    this.#ownValues = ownField === '' ? [] : places(OWN_VALUES)
  }

  /** The line of a field that `write` wrote at this place before; `undefined` for any other. */
  known(place: number, name: string, value: string): string | undefined {
    if (this.#values[place] !== value || this.#names[place] !== name) return undefined
    if (this.#isWhole[place] !== true) {
      // It came a second time: what is sent again and again is worth being put into one piece.
      this.#lines[place] = inOnePiece(this.#lines[place] ?? '')
      this.#isWhole[place] = true
    }
    return this.#lines[place]
  }

  /**
   * `name: value` with its line end. The name is the caller's to check, before.
   * @returns `undefined` for a value that cannot stand in a head: it would end it, or begin another message.
   */
  write(place: number, name: string, value: string): string | undefined {
    if (name === this.#ownField ? this.#hasControl(value) : hasControl(value)) return undefined
    const line = `${name}: ${value}\r\n`
    if (place < MAX_REMEMBERED && value.length <= MAX_REMEMBERED_CHARS) {
      this.#names[place] = name
      this.#values[place] = value
      this.#lines[place] = line
      this.#isWhole[place] = false
    }
    return line
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
    if (place < MAX_REMEMBERED) this.#values[place] = undefined
  }
}

function places(length: number): (string | undefined)[] {
  return Array.from({ length })
}
