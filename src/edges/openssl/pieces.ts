/** Memory for what waits: pieces behind one another. When none is out any more, it begins anew. */
export class Pieces {
  readonly #bytes: number
  #end = 0
  #out = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Where the next piece begins. */
  get end(): number {
    return this.#end
  }

  /** Whether so much more has room. */
  hasRoom(bytes: number): boolean {
    return this.#end + bytes <= this.#bytes
  }

  /** A new piece, at `end`. */
  take(bytes: number): void {
    this.#end += bytes
    this.#out++
  }

  /** More for the piece that was taken last. */
  extend(bytes: number): void {
    this.#end += bytes
  }

  giveBack(): void {
    this.#out--
    if (this.#out === 0) this.#end = 0
  }
}
