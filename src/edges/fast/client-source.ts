import type { Socket } from 'node:net'
import { borrowSocket } from '../kernel/borrowed-socket.ts'
import type { BorrowedReader, BorrowedSocket } from '../kernel/borrowed-socket.ts'

/** What is longer is copied once, into memory of its own, instead of piece by piece. */
const LENT_BYTES = 16_384

/** Who gets the bytes of a client. */
export interface BytesTaker {
  /** `isLent`: the memory is another's after the call; what is kept of it must be copied. */
  takeBytes(chunk: Buffer, isLent: boolean): void
}

/** Where the bytes of a client come from: straight from the kernel where its socket can be borrowed, else a stream. */
export class ClientSource implements BorrowedReader {
  readonly #socket: Socket
  readonly #taker: BytesTaker
  #borrowed: BorrowedSocket | undefined = undefined

  constructor(socket: Socket, taker: BytesTaker) {
    this.#socket = socket
    this.#taker = taker
  }

  /** Begins to read. @returns the borrowed socket, which is then the way out, too. */
  open(): BorrowedSocket | undefined {
    const borrowed = borrowSocket(this.#socket, this)
    this.#borrowed = borrowed
    if (borrowed !== undefined) return borrowed
    this.#socket.on('data', this.#onData)
    this.#socket.resume()
    return undefined
  }

  pause(): void {
    if (this.#borrowed === undefined) this.#socket.pause()
    else this.#borrowed.pause()
  }

  resume(): void {
    if (this.#borrowed === undefined) this.#socket.resume()
    else this.#borrowed.resume()
  }

  /** The socket has another reader from here on. */
  release(): void {
    this.#socket.off('data', this.#onData)
    this.#borrowed?.giveBack()
  }

  readonly #onData = (chunk: Buffer): void => this.#taker.takeBytes(chunk, false)

  // ---- see `BorrowedReader` ----

  readonly readInto = (): undefined => undefined

  /**
   * The memory is cleared behind: bytes that were not where they are said to be would be NULs, which no parser takes,
   * and never those of another client.
   */
  readonly read = (bytes: number, from: Buffer): void => {
    const chunk = from.subarray(0, bytes)
    if (bytes <= LENT_BYTES) this.#taker.takeBytes(chunk, true)
    else this.#taker.takeBytes(Buffer.from(chunk), false)
    chunk.fill(0)
  }
}
