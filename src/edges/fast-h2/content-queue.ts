/** Content that waits for room on its way out. */
export class ContentQueue {
  #pieces: (Buffer | string)[] = []
  /** Bytes of the first piece that are gone. */
  #at = 0
  /** Bytes that wait. */
  bytes = 0

  /** A string is latin1. */
  add(piece: Buffer | string): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.bytes += piece.length
  }

  /** At most so many bytes of the first piece, as latin1. */
  take(most: number): string {
    const [piece = ''] = this.#pieces
    const from = this.#at
    const to = Math.min(piece.length, from + most)
    this.bytes -= to - from
    this.#at = to
    if (to === piece.length) {
      this.#pieces.shift()
      this.#at = 0
    }
    if (typeof piece !== 'string') return piece.toString('latin1', from, to)
    return from === 0 && to === piece.length ? piece : piece.slice(from, to)
  }

  clear(): void {
    this.#pieces = []
    this.#at = 0
    this.bytes = 0
  }
}
