import type { EdgeLimits } from './limits.ts'

/** What all exchanges of a listener take together. */
export interface Taken {
  readonly limits: Pick<EdgeLimits, 'inFlight' | 'heldBytes'>
  /** Exchanges that have not begun to answer. */
  inFlight: number
  /** Bytes of bodies that are held until they can be judged. */
  heldBytes: number
}

/** What one exchange takes of the room of its listener [NET-04]. */
export class Share {
  readonly #taken: Taken
  #isInFlight = false
  #held = 0

  constructor(taken: Taken) {
    this.#taken = taken
  }

  /** Takes a place among those in flight. @returns whether there was one. */
  enter(): boolean {
    if (this.#taken.inFlight >= this.#taken.limits.inFlight) return false
    this.#isInFlight = true
    this.#taken.inFlight++
    return true
  }

  /** The answer begins: the place is another's. */
  leave(): void {
    if (!this.#isInFlight) return
    this.#isInFlight = false
    this.#taken.inFlight--
  }

  /** Counts bytes that are held. @returns whether there is room for them. */
  hold(bytes: number): boolean {
    this.#held += bytes
    this.#taken.heldBytes += bytes
    return this.#taken.heldBytes <= this.#taken.limits.heldBytes
  }

  /** As `hold`, but takes only what is there. @returns whether it took. */
  holdIfRoom(bytes: number): boolean {
    const hasRoom = this.#taken.heldBytes + bytes <= this.#taken.limits.heldBytes
    return hasRoom && this.hold(bytes)
  }

  /** Gives everything back. */
  end(): void {
    this.leave()
    this.#taken.heldBytes -= this.#held
    this.#held = 0
  }
}
