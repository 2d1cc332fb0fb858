const NOT_YET = -1
/**
 * Far more than the core takes [WIRE-04]. Places of a head that is not whole yet are kept for each connection, and the
 * room for them for ever.
 */
const MAX_FIELDS = 512
const SPACE = 32
const TAB = 9

/**
 * Where the parts of a message head stand. The parser only tells places; the head is decoded once, as one text, and
 * cut: cheaper than a string for each call of the parser. Places count from the first byte of the message.
 */
export class HeadSpans {
  targetFrom: number = NOT_YET
  targetTo = 0
  /** Four numbers for each field: the places of its name and its value. */
  #spans: Int32Array = new Int32Array(128)
  #count = 0

  clear(): void {
    this.targetFrom = NOT_YET
    this.targetTo = 0
    this.#count = 0
  }

  /** Place behind the last part, white space behind a value included. */
  get end(): number {
    return this.#count === 0 ? this.targetTo : (this.#spans[this.#count - 1] ?? 0)
  }

  addTarget(from: number, bytes: number): void {
    if (this.targetFrom === NOT_YET) this.targetFrom = from
    this.targetTo = from + bytes
  }

  /** @returns false when there are more than `MAX_FIELDS`. */
  addName(from: number, bytes: number): boolean {
    const count = this.#count
    // A name that goes on in the next piece begins where it stopped; between two names there is a colon at least.
    if (count > 0 && this.#spans[count - 3] === from) {
      this.#spans[count - 3] = from + bytes
      return true
    }
    if (count === 4 * MAX_FIELDS) return false
    if (count === this.#spans.length) this.#spans = doubled(this.#spans)
    const spans = this.#spans
    spans[count] = from
    spans[count + 1] = from + bytes
    spans[count + 2] = NOT_YET
    this.#count = count + 4
    return true
  }

  addValue(from: number, bytes: number): void {
    const spans = this.#spans
    const count = this.#count
    if (spans[count - 2] === NOT_YET) spans[count - 2] = from
    spans[count - 1] = from + bytes
  }

  /** Names and values, without the white space around values. */
  fields(text: string): string[] {
    const spans = this.#spans
    const raw: string[] = []
    for (let i = 0; i < this.#count; i += 4) {
      const from = spans[i + 2] ?? 0
      let to = spans[i + 3] ?? 0
      while (to > from && isWhite(text.charCodeAt(to - 1))) to -= 1
      raw.push(text.slice(spans[i], spans[i + 1]), text.slice(from, to))
    }
    return raw
  }

  target(text: string): string {
    return text.slice(this.targetFrom, this.targetTo)
  }
}

function isWhite(code: number): boolean {
  return code === SPACE || code === TAB
}

function doubled(spans: Int32Array): Int32Array {
  const more = new Int32Array(spans.length * 2)
  more.set(spans)
  return more
}
