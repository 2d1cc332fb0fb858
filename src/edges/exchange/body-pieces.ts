/** Shorter pieces are copied together. */
const SMALL_BYTES = 4_096
const EMPTY = Buffer.alloc(0)

/**
 * A body that is read whole, piece by piece. Small pieces are copied together: a buffer of its own costs a hundred
 * bytes and more, and a client that sends byte by byte would make the gateway hold many times what it counts.
 */
export class BodyPieces {
  #first: Buffer | undefined = undefined
  /** Behind the first one. */
  #more: Buffer[] | undefined = undefined
  /** Small pieces, up to `#filled`. */
  #tail: Buffer | undefined = undefined
  #filled = 0

  /** Takes a piece; its memory must not be written over. */
  add(piece: Buffer): void {
    // The first one is kept as it is: most bodies are in one piece.
    if (this.#first === undefined) {
      this.#first = piece
      return
    }
    if (piece.length >= SMALL_BYTES) {
      this.#seal()
      this.#push(piece)
      return
    }
    if (this.#tail !== undefined && this.#filled + piece.length > SMALL_BYTES) this.#seal()
    this.#tail ??= Buffer.allocUnsafeSlow(SMALL_BYTES)
    this.#filled += copyInto(this.#tail, this.#filled, piece)
  }

  /** How many buffers are held. */
  get count(): number {
    const whole = this.#first === undefined ? 0 : 1 + (this.#more?.length ?? 0)
    return whole + (this.#tail === undefined ? 0 : 1)
  }

  /** All of it in one buffer, and lets go of the pieces. A body in one piece is not copied. */
  take(): Buffer {
    this.#seal()
    const first = this.#first ?? EMPTY
    const more = this.#more
    this.#first = undefined
    this.#more = undefined
    return more === undefined ? first : Buffer.concat([first, ...more])
  }

  /** Lets go of everything. */
  drop(): void {
    this.#first = undefined
    this.#more = undefined
    this.#tail = undefined
    this.#filled = 0
  }

  #push(piece: Buffer): void {
    if (this.#more === undefined) this.#more = [piece]
    else this.#more.push(piece)
  }

  #seal(): void {
    if (this.#tail === undefined) return
    this.#push(this.#tail.subarray(0, this.#filled))
    this.#tail = undefined
    this.#filled = 0
  }
}

/** Up to here a loop is done before a call would have begun. Bytes. */
const TINY_BYTES = 32

/** @returns how many bytes were copied. */
function copyInto(tail: Buffer, at: number, piece: Buffer): number {
  const { length } = piece
  if (length > TINY_BYTES) return piece.copy(tail, at)
  for (let i = 0; i < length; i++) tail[at + i] = piece[i] ?? 0
  return length
}
