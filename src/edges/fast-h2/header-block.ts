/** Frames of one block behind its first; honest blocks have one at most. */
const MAX_CONTINUATIONS = 8
/** A block as it is on the wire. */
const MAX_BLOCK_BYTES = 32_768

/** A block of fields that comes in several frames (RFC 9113 section 6.10), bounded in bytes and frames. */
export class HeaderBlock {
  readonly id: number
  readonly isLast: boolean
  readonly isMisdirected: boolean
  readonly #pieces: Buffer[] = []
  #bytes = 0

  /** `isLast`: of the request; `isMisdirected`: its stream was said to depend on itself. */
  constructor(id: number, plan: { readonly isLast: boolean; readonly isMisdirected: boolean }) {
    this.id = id
    this.isLast = plan.isLast
    this.isMisdirected = plan.isMisdirected
  }

  /** @returns false for more than a block may have. */
  add(piece: Buffer): boolean {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    return this.#bytes <= MAX_BLOCK_BYTES && this.#pieces.length <= MAX_CONTINUATIONS + 1
  }

  whole(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}
