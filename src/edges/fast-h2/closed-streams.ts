/** How many are remembered: those of a whole session at once, and as many again. */
const MAX_REMEMBERED = 256
const ENDED = -1

/** What may still come of a stream that is not open. */
export type ClosedKind = 'dropped' | 'ended' | 'unknown'

/**
 * Streams that were closed last. What was under way when we reset a stream is no fault of the client; what it sends on a
 * stream that it ended itself is (RFC 9113 section 5.1).
 */
export class ClosedStreams {
  readonly #left = new Map<number, number>()

  /** We reset it; its client may have sent so much content meanwhile. */
  drop(id: number, windowBytes: number): void {
    this.#remember(id, Math.max(0, windowBytes))
  }

  /** The client had ended it. */
  end(id: number): void {
    this.#remember(id, ENDED)
  }

  kindOf(id: number): ClosedKind {
    const left = this.#left.get(id)
    if (left === undefined) return 'unknown'
    return left === ENDED ? 'ended' : 'dropped'
  }

  /** Content came on a dropped stream. @returns whether it can have been under way. */
  take(id: number, bytes: number): boolean {
    const left = (this.#left.get(id) ?? ENDED) - bytes
    if (left < 0) return false
    this.#left.set(id, left)
    return true
  }

  #remember(id: number, left: number): void {
    this.#left.set(id, left)
    if (this.#left.size <= MAX_REMEMBERED) return
    for (const oldest of this.#left.keys()) {
      this.#left.delete(oldest)
      return
    }
  }
}
