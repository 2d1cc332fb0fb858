/** Shorter and longer texts are not counted. Bytes. */
const MIN_TEXT = 3
const MAX_TEXT = 9
/** Texts that may be whatever they are; what comes behind is counted. */
const FREE_TEXTS = 256
/** More different texts than this are told as many. */
const MANY_TEXTS = 768

/**
 * Counts different short texts among the values of a JSON text, by hashes which senders cannot foresee. `JSON.parse`
 * looks each of them up among all texts that the engine knows, and puts it there: new ones take it most of its time.
 */
export class JsonTexts {
  readonly #hashOf: (start: number, end: number) => number
  readonly #known = new Set<number>()
  #texts = 0

  /** `hashOf`: of the bytes between two offsets. */
  constructor(hashOf: (start: number, end: number) => number) {
    this.#hashOf = hashOf
  }

  /** Notes the text between two offsets, as it stands. */
  add(start: number, end: number): void {
    const length = end - start
    if (length < MIN_TEXT || length > MAX_TEXT || this.areMany) return
    if (++this.#texts > FREE_TEXTS) this.#known.add(this.#hashOf(start, end))
  }

  /** Whether there are many different ones. */
  get areMany(): boolean {
    return this.#known.size > MANY_TEXTS
  }
}
