import { BodyPieces } from '../exchange/body-pieces.ts'

/** Who takes the body of a request. */
export interface BodyTaker {
  bodyData(chunk: Buffer): void
  bodyEnd(trailers?: readonly string[]): void
}

/** How a piece of a body fits what was announced. */
export type BodyFault = 'window' | 'length' | undefined

/**
 * The body of one request as it comes: checked against window and length, kept until somebody takes it, and given back
 * to the client's window as it is taken.
 */
export class StreamBody {
  readonly #length: number | undefined
  readonly #onTaken: (bytes: number) => void
  readonly #kept = new BodyPieces()
  #keptBytes = 0
  #received = 0
  /** What the client may still send (RFC 9113 section 6.9). */
  #window: number
  #taker: BodyTaker | undefined = undefined
  #isHeld = false
  #isGiving = false
  #trailers: readonly string[] | undefined = undefined
  /** All of it came. */
  isWhole: boolean
  /** All of it was taken. */
  isRead: boolean

  /** `onTaken`: so many bytes that had been kept were taken, or dropped. */
  constructor(plan: {
    readonly length: number | undefined
    readonly window: number
    readonly isEmpty: boolean
    readonly onTaken: (bytes: number) => void
  }) {
    this.#length = plan.length
    this.#window = plan.window
    this.isWhole = plan.isEmpty
    this.isRead = plan.isEmpty
    this.#onTaken = plan.onTaken
  }

  /** Bytes that came and nobody took yet. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** A frame took so much of the window and holds so much content. */
  check(windowBytes: number, bytes: number, isLast: boolean): BodyFault {
    this.#window -= windowBytes
    if (this.#window < 0) return 'window'
    const received = this.#received + bytes
    if (this.#length === undefined) return undefined
    return received > this.#length || (isLast && received < this.#length) ? 'length' : undefined
  }

  /** The client may send so much more. */
  grant(bytes: number): void {
    this.#window += bytes
  }

  /** Takes a piece that was checked. @returns whether it was taken at once. */
  add(chunk: Buffer): boolean {
    this.#received += chunk.length
    if (this.#taker !== undefined && !this.#isHeld && this.#keptBytes === 0) {
      this.#taker.bodyData(chunk)
      return true
    }
    this.#kept.add(chunk)
    this.#keptBytes += chunk.length
    return false
  }

  /** Nothing follows. `trailers`: flat list, where some came. */
  end(trailers: readonly string[] | undefined): void {
    this.isWhole = true
    this.#trailers = trailers
    this.#give()
  }

  /** Whether what was announced is there (RFC 9113 section 8.1.1). */
  get isComplete(): boolean {
    return this.#length === undefined || this.#length === this.#received
  }

  open(taker: BodyTaker): void {
    this.#taker = taker
    this.#give()
  }

  hold(): void {
    this.#isHeld = true
  }

  resume(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#give()
  }

  /** Nobody wants it any more. */
  drop(): void {
    this.#taker = undefined
    const bytes = this.#keptBytes
    this.#keptBytes = 0
    this.#kept.drop()
    if (bytes > 0) this.#onTaken(bytes)
  }

  #give(): void {
    if (this.#isGiving) return
    this.#isGiving = true
    while (this.#taker !== undefined && !this.#isHeld && this.#keptBytes > 0) {
      const bytes = this.#keptBytes
      this.#keptBytes = 0
      this.#taker.bodyData(this.#kept.take())
      this.#onTaken(bytes)
    }
    this.#isGiving = false
    if (this.#taker === undefined || this.#isHeld || !this.isWhole || this.isRead) return
    this.isRead = true
    this.#taker.bodyEnd(this.#trailers)
  }
}
