import type { TLSSocket } from 'node:tls'
import { threadPoller } from '../kernel/poller.ts'
import type { Poller, ReadsOn } from '../kernel/poller.ts'
import type { BytesTaker } from './bytes-taker.ts'
import type { LentTaker } from './lent-reads.ts'
import { holdReads, lendReads } from './lent-reads.ts'

/** Larger pieces are bodies on their way, dearer to copy than to take where they are. */
const MAX_WAITING_BYTES = 4096

/**
 * The bytes of a client over TLS. Node decrypts them one socket after the other, and the requests that came so are
 * handled together behind that, in the same turn of the event loop: going to and fro between the cipher and the work on
 * requests costs more than the copy of a head.
 */
export class TlsSource implements LentTaker, ReadsOn {
  isReadByOther = false
  readonly #socket: TLSSocket
  readonly #taker: BytesTaker
  readonly #poller: Poller | undefined = threadPoller()
  /** A first piece of this turn. */
  #waiting: Buffer | undefined = undefined
  #isDue = false

  constructor(socket: TLSSocket, taker: BytesTaker) {
    this.#socket = socket
    this.#taker = taker
  }

  /** Begins to read. */
  open(): void {
    const socket = this.#socket
    socket.on('data', this.#onData)
    // Before Node's own, which ends the other direction.
    socket.prependListener('end', this.#onEnd)
    lendReads(socket, this)
    socket.resume()
  }

  pause(): void {
    holdReads(this.#socket)
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Hands over what was read and waits for the rest of the turn. */
  flush(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    // Whoever broke the connection behind a request wants no answer.
    if (!this.#socket.destroyed) this.#taker.takeBytes(waiting, false)
  }

  /** The socket has another reader from here on; call `flush` before. */
  release(): void {
    this.isReadByOther = true
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
  }

  // ---- see `LentTaker`, `ReadsOn` ----

  takeLent(chunk: Buffer): void {
    const poller = this.#poller
    const isFirst = this.#waiting === undefined
    if (poller !== undefined && isFirst && chunk.length <= MAX_WAITING_BYTES) {
      this.#waiting = Buffer.from(chunk)
      if (!this.#isDue) poller.again(this)
      this.#isDue = true
      return
    }
    this.flush()
    if (!this.#socket.destroyed) this.#taker.takeBytes(chunk, true)
  }

  readOn(): void {
    this.#isDue = false
    this.flush()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.flush()
    this.#taker.takeBytes(chunk, false)
  }

  readonly #onEnd = (): void => this.flush()
}
