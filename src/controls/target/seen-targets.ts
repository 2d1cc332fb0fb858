import { inOnePiece } from '../../base/one-piece.ts'
import { RecentTexts } from '../../base/recent-texts.ts'

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

  /** What is noted of a target; `undefined` where nothing is. */
  of(text: string): T | undefined {
    if (text === this.#latestText) return this.#latest
    if (text.length > MAX_CHARS) return undefined
    const found = this.#recent.at(this.#recent.placeOf(text), text)
    if (found !== undefined) {
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
    const place = this.#recent.placeOf(text)
    const trace = traceOf(text)
    if (this.#traces[place] !== trace) {
      this.#traces[place] = trace
      return undefined
    }
    if (!isVisibleAscii(text)) return undefined
    const own = inOnePiece(text)
    const made = make(own)
    if (made !== undefined) this.#recent.put(place, own, made)
    return made
  }
}

/** A number that two targets seldom share; where they do, one is noted a little early. */
function traceOf(text: string): number {
  const { length } = text
  let trace = length + 1
  for (let at = Math.max(0, length - 8); at < length; at++)
    trace = Math.imul(trace, 31) + text.charCodeAt(at)
  return trace | 0
}

function isVisibleAscii(text: string): boolean {
  return /^[!-~]+$/.test(text)
}
