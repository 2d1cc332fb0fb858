import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { borrowSocket } from '../kernel/borrowed-socket.ts'
import type { BorrowedReader, DirectLine } from '../kernel/borrowed-socket.ts'
import { SecureSocket } from '../openssl/secure-socket.ts'
import type { BytesTaker } from './bytes-taker.ts'
import { TlsSource } from './tls-source.ts'

/** What is longer is copied once, into memory of its own, instead of piece by piece. */
const LENT_BYTES = 16_384

/** Where the bytes of a client come from: from TLS, straight from the kernel where a socket can be borrowed, or a stream. */
export class ClientSource implements BorrowedReader {
  readonly kind = 'client'
  readonly #socket: Socket
  readonly #taker: BytesTaker
  readonly #tls: TlsSource | undefined
  #line: DirectLine | undefined = undefined

  constructor(socket: Socket, taker: BytesTaker) {
    this.#socket = socket
    this.#taker = taker
    this.#tls = socket instanceof TLSSocket ? new TlsSource(socket, taker) : undefined
  }

  /** Begins to read. @returns the way past the stream, which is then the way out, too. */
  open(): DirectLine | undefined {
    if (this.#tls !== undefined) {
      this.#tls.open()
      return undefined
    }
    const socket = this.#socket
    this.#line = socket instanceof SecureSocket ? socket.openLine(this) : borrowSocket(socket, this)
    if (this.#line !== undefined) return this.#line
    this.#socket.on('data', this.#onData)
    this.#socket.resume()
    return undefined
  }

  pause(): void {
    ;(this.#tls ?? this.#line ?? this.#socket).pause()
  }

  resume(): void {
    ;(this.#tls ?? this.#line ?? this.#socket).resume()
  }

  /** Hands over what was read and not told yet. */
  flush(): void {
    this.#tls?.flush()
  }

  /** The socket has another reader from here on. */
  release(): void {
    this.#tls?.release()
    this.#socket.off('data', this.#onData)
    this.#line?.giveBack()
  }

  readonly #onData = (chunk: Buffer): void => this.#taker.takeBytes(chunk, false)

  // ---- see `BorrowedReader` ----

  readonly readInto = (): undefined => undefined

  /**
   * The memory is cleared behind: bytes that were not where they are said to be would be NULs, which no parser takes,
   * and never those of another client.
   */
  readonly read = (bytes: number, from: Buffer): void => {
    const chunk = bytes === from.length ? from : from.subarray(0, bytes)
    if (bytes <= LENT_BYTES) this.#taker.takeBytes(chunk, true)
    else this.#taker.takeBytes(Buffer.from(chunk), false)
    chunk.fill(0)
  }
}
