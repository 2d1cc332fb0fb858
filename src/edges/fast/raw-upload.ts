import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { lastChunk } from './upstream-head.ts'

/** Who hears of an upload's end. */
export interface UploadOwner {
  /** Asked at the end of a chunked body; may throw. */
  uploadTrailers(): readonly string[]
  /** Every byte was handed to the socket. */
  uploadEnded(): void
  /** The body broke off or is not as long as was said: the request can never become whole. */
  uploadFailed(detail: string): void
}

/** A request body on its way from a stream to an upstream's socket, no faster than the upstream takes it. */
export class RawUpload {
  readonly #body: Readable
  readonly #socket: Socket
  readonly #owner: UploadOwner
  readonly #isChunked: boolean
  /** Bytes that must still come; meaningless for a chunked body. */
  #left: number
  #isStopped = false

  /** `length`: bytes that were announced, or `chunked`. */
  constructor(
    body: Readable,
    length: number | 'chunked',
    to: { readonly socket: Socket; readonly owner: UploadOwner },
  ) {
    this.#body = body
    this.#socket = to.socket
    this.#owner = to.owner
    this.#isChunked = length === 'chunked'
    this.#left = length === 'chunked' ? 0 : length
  }

  /** Begins; calls its owner only later. */
  start(): void {
    const body = this.#body
    body.on('data', this.#onData)
    body.on('end', this.#onEnd)
    body.on('error', this.#onBreak)
    body.on('close', this.#onBreak)
    // A stream that ended badly before it was listened to says nothing any more.
    if (body.destroyed) queueMicrotask(this.#onBreak)
  }

  /** The socket took what it had been given. */
  drained(): void {
    this.#body.resume()
  }

  /** Nothing more is read or written. */
  stop(): void {
    const body = this.#body
    body.off('data', this.#onData)
    body.off('end', this.#onEnd)
    body.off('close', this.#onBreak)
    // The listener for errors stays: one that comes late must not end the process.
    body.pause()
    this.#isStopped = true
  }

  readonly #onData = (chunk: Buffer): void => {
    if (chunk.length === 0) return
    const socket = this.#socket
    if (this.#isChunked) {
      socket.cork()
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      socket.write(chunk)
      socket.write('\r\n', 'latin1')
      socket.uncork()
    } else {
      this.#left -= chunk.length
      if (this.#left < 0) {
        this.#fail('the body is longer than was said')
        return
      }
      socket.write(chunk)
    }
    if (socket.writableNeedDrain) this.#body.pause()
  }

  readonly #onEnd = (): void => {
    if (this.#left > 0) {
      this.#fail(`the body ended ${this.#left} bytes early`)
      return
    }
    this.stop()
    try {
      if (this.#isChunked) this.#socket.write(lastChunk(this.#owner.uploadTrailers()), 'latin1')
    } catch (error) {
      this.#owner.uploadFailed(String(error))
      return
    }
    this.#owner.uploadEnded()
  }

  readonly #onBreak = (): void => {
    if (!this.#isStopped) this.#fail('the body broke off')
  }

  #fail(detail: string): void {
    this.stop()
    this.#owner.uploadFailed(detail)
  }
}
