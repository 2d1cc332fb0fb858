interface Entry<T> {
  readonly text: string
  readonly value: T
}

/** Characters of the end of a text that say which place it may have. */
const PLACE_CHARS = 24

/**
 * What was made of texts lately: at most `maxEntries`, each in the one place it may have; the last that came to a place
 * has it. For texts of which most come once: a map has to hash and intern what it is asked for, which for a text that
 * never came before costs ten times as much as to find its place empty.
 * Places are no secret: whoever makes texts meet in one has what is made of them made anew each time, so that must be
 * cheap enough to be made for every request.
 */
export class RecentTexts<T> {
  readonly #entries: (Entry<T> | undefined)[]
  readonly #mask: number

  /** `maxEntries`, at least 1, is rounded down to a power of two. */
  constructor(maxEntries: number) {
    const places = 2 ** Math.floor(Math.log2(Math.max(1, maxEntries)))
    this.#mask = places - 1
    this.#entries = Array.from<Entry<T> | undefined>({ length: places })
  }

  /** The place of a text, for `at` and `put`. */
  placeOf(text: string): number {
    const { length } = text
    let place = length
    for (let at = Math.max(0, length - PLACE_CHARS); at < length; at++)
      place = (Math.imul(place, 31) + text.charCodeAt(at)) | 0
    // The last characters alone would leave the upper bits of few places different.
    return (place ^ (place >>> 15)) & this.#mask
  }

  /** What was put for the text in its place; `undefined` where another has it now. */
  at(place: number, text: string): T | undefined {
    const entry = this.#entries[place]
    return entry?.text === text ? entry.value : undefined
  }

  put(place: number, text: string, value: T): void {
    this.#entries[place] = { text, value }
  }
}
