import { inOnePiece } from '../../base/one-piece.ts'
import { hashOf, RecentTexts } from '../../base/recent-texts.ts'

/** Targets that are remembered at once, and the longest of them, in characters. */
const MAX_TARGETS = 512
const MAX_CHARS = 256

/**
 * Remembers what is noted of targets that come again. A target that comes for the first time leaves a number only: most
 * of those with an id in them never come again.
 */
export class SeenTargets<T> {
  readonly #recent = new RecentTexts<T>(MAX_TARGETS)
  readonly #traces = new Int32Array(MAX_TARGETS)
  /** An edge gives the very same string where a request line comes again: then there is nothing to compare. */
  #latestText: string | undefined = undefined
  #latest: T | undefined = undefined
  /** Of the text that was looked for last and not found. */
  #missed = ''
  #hash = 0

  /** What is noted of a target; `undefined` where nothing is. */
  of(text: string): T | undefined {
    if (text === this.#latestText) return this.#latest
    if (text.length > MAX_CHARS) return undefined
    const hash = hashOf(text, MAX_CHARS)
    const found = this.#recent.at(this.#recent.placeAt(hash), text)
    if (found === undefined) {
      this.#missed = text
      this.#hash = hash
    } else {
      this.#latestText = text
      this.#latest = found
    }
    return found
  }

  /**
   * Notes that a target came of which nothing is noted. `make` is asked where it seems to have come before; what it is
   * given is the same text in memory of its own, for a part of a message would keep all of it.
   */
  came(text: string, make: (own: string) => T | undefined): T | undefined {
    if (text.length > MAX_CHARS) return undefined
    const hash = text === this.#missed ? this.#hash : hashOf(text, MAX_CHARS)
    const place = this.#recent.placeAt(hash)
    // Two targets seldom have the same number; where they do, one is noted a little early.
    if (this.#traces[place] !== hash) {
      this.#traces[place] = hash
      return undefined
    }
    if (!isVisibleAscii(text)) return undefined
    const own = inOnePiece(text)
    const made = make(own)
    if (made !== undefined) this.#recent.put(place, own, made)
    return made
  }
}

function isVisibleAscii(text: string): boolean {
  return /^[!-~]+$/.test(text)
}
