/** Characters of the end of a text that say which place it may have, unless all of them do. */
const PLACE_CHARS = 24
/** FNV-1a, and a step of the last mixing of MurmurHash3. */
const FNV_PRIME = 0x01000193
const MIX = 0x85ebca6b

/** A number of 32 bits that depends on the last characters of a text, so many of them, and on its length. */
export function hashOf(text: string, chars: number): number {
  const { length } = text
  let hash = length
  for (let at = Math.max(0, length - chars); at < length; at++)
    hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
  // Texts that count up differ in few bits: all of them come to bear on the lowest.
  hash = Math.imul(hash ^ (hash >>> 15), MIX)
  return hash ^ (hash >>> 15)
}

/**
 * What was made of texts lately: at most `maxEntries`, each in one of the two places of a pair; the last two that came
 * there have them, so that two which meet do not drive each other out for ever. For texts of which most come once: a
 * map has to hash and intern what it is asked for, which for a text that never came before costs ten times as much as
 * to find its place empty.
 * Places are no secret: whoever makes texts meet in one has what is made of them made anew each time, so that must be
 * cheap enough to be made for every request.
 */
export class RecentTexts<T> {
  /** Side by side, not as entries: where most texts come once, each object that is kept is one to move and to mark. */
  readonly #texts: (string | undefined)[]
  readonly #values: (T | undefined)[]
  readonly #mask: number

  /** `maxEntries` is rounded down to a power of two, at least 2. */
  constructor(maxEntries: number) {
    const places = 2 ** Math.floor(Math.log2(Math.max(2, maxEntries)))
    // The first of each pair.
    this.#mask = places - 2
    this.#texts = Array.from<string | undefined>({ length: places })
    this.#values = Array.from<T | undefined>({ length: places })
  }

  /** The place of a text, for `at` and `put`. */
  placeOf(text: string): number {
    return this.placeAt(hashOf(text, PLACE_CHARS))
  }

  /** The place of a text with this number of `hashOf`. */
  placeAt(hash: number): number {
    return hash & this.#mask
  }

  /** What was put for the text; `undefined` where others have its places now. */
  at(place: number, text: string): T | undefined {
    if (this.#texts[place] === text) return this.#values[place]
    return this.#texts[place + 1] === text ? this.#values[place + 1] : undefined
  }

  put(place: number, text: string, value: T): void {
    const before = this.#texts[place]
    // No text is there twice: the older one would come back when the newer one goes.
    if (before !== text) {
      this.#texts[place + 1] = before
      this.#values[place + 1] = this.#values[place]
    }
    this.#texts[place] = text
    this.#values[place] = value
  }
}
