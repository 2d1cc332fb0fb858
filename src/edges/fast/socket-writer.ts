import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { EdgeLimits } from '../exchange/limits.ts'
import type { DirectLine } from '../kernel/borrowed-socket.ts'

/** Who hears what became of the bytes. */
export interface SocketWriterOwner {
  /** After a `send` that returned false: there is room again. */
  drained(): void
  /** After `watchFlush`: every byte left. Not called when the socket went away before. */
  flushed(): void
}

/** No more than one record of TLS, which is written to the kernel as soon as it is there. */
const RECORD_BYTES = 16_384

/** Larger bodies cost more to copy than a second buffer costs to write. */
const MAX_JOINED_BYTES = 16_384

/** What follows a piece of a body. */
export interface Behind {
  /** latin1. */
  readonly end: string
  /** `watchFlush` may follow. */
  readonly isLast: boolean
}

/** How long a peer may take. */
export type WriterLimits = Pick<EdgeLimits, 'writeStallMs' | 'answerBytesPerSecond'>

/** The way out on a socket: nothing is written where nobody reads any more, and a peer that takes nothing is let go. */
export class SocketWriter {
  readonly #socket: Socket
  readonly #owner: SocketWriterOwner
  readonly #limits: WriterLimits
  readonly #isLate: boolean
  #line: DirectLine | undefined = undefined
  /** The write that was last tells its own end. */
  #isReported = false
  #isHandedOver = false
  #isAwaited = false
  #isTimed = false
  #isDraining = false
  #listensForDrain = false
  #listensForStall = false
  /** How much waited when it last became less, and when the sweep saw that. */
  #waitingBytes = 0
  #sinceMs = 0

  constructor(socket: Socket, owner: SocketWriterOwner, limits: WriterLimits) {
    this.#socket = socket
    this.#owner = owner
    this.#limits = limits
    this.#isLate = socket instanceof TLSSocket
  }

  /** From here on it writes past the stream, as long as nothing waits there. */
  writeTo(line: DirectLine | undefined): void {
    this.#line = line
  }

  /** Whether nothing waits to be sent. */
  get isEmpty(): boolean {
    return this.#socket.writableLength === 0
  }

  /**
   * Whether nobody needs to wait for what was sent last: it has left, or it is a short text over TLS, with nothing
   * before it that waits. Node tells the end of such a write only later, although the kernel has most likely taken it.
   * Where not, it waits in memory as it else would in the kernel's, and the next one is waited for.
   */
  get isHandedOver(): boolean {
    return this.#isHandedOver || this.isEmpty
  }

  /**
   * Writes latin1. `isLast`: `watchFlush` may follow.
   * @returns false when the peer must drain first; the bytes are taken all the same.
   */
  send(text: string, isLast: boolean): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    if (this.#line !== undefined) return this.#line.write(text) || this.#hasRoom()
    this.#isHandedOver =
      isLast && this.#isLate && text.length <= RECORD_BYTES && socket.writableLength === 0
    // Over TLS nothing leaves at once, so that the end of this write will be waited for.
    this.#isReported = isLast && this.#isLate && !this.#isHandedOver
    const hasRoom = this.#isReported
      ? socket.write(text, 'latin1', this.#onFlushed)
      : socket.write(text, 'latin1')
    return hasRoom || this.#hasRoom()
  }

  /** The same with a body before the end of the text. */
  sendParts(text: string, body: Buffer, { end, isLast }: Behind): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    if (this.#line !== undefined) return this.#line.write(text, body, end) || this.#hasRoom()
    // Small parts leave as one text: latin1 keeps every byte.
    if (body.length <= MAX_JOINED_BYTES)
      return this.send(text + body.toString('latin1') + end, isLast)
    this.#isReported = false
    this.#isHandedOver = false
    if (text === '' && end === '') return socket.write(body) || this.#hasRoom()
    socket.cork()
    if (text !== '') socket.write(text, 'latin1')
    socket.write(body)
    if (end !== '') socket.write(end, 'latin1')
    socket.uncork()
    return !socket.writableNeedDrain || this.#hasRoom()
  }

  /** A write may say that there is no room although the kernel has taken all of it: then nobody needs to wait. */
  #hasRoom(): boolean {
    if (this.isEmpty) return true
    this.#isDraining = true
    this.#listenForDrain()
    return false
  }

  /**
   * Looked at by the sweep, at the monotonic `nowMs`: whether a peer takes what waits for it slower than it must. The
   * timer of the socket is not enough: every byte that the peer sends starts it anew.
   */
  isTooSlow(nowMs: number): boolean {
    if (!this.#isTimed) return false
    const { writeStallMs, answerBytesPerSecond } = this.#limits
    const waiting = this.#socket.writableLength
    if (this.#sinceMs === 0 || waiting < this.#waitingBytes) this.#sinceMs = nowMs
    this.#waitingBytes = waiting
    return nowMs - this.#sinceMs > writeStallMs + (waiting * 1000) / answerBytesPerSecond
  }

  /** Calls `flushed` once what was sent has left. */
  watchFlush(): void {
    this.#isAwaited = true
    if (this.#isReported) return
    // After the end, an empty write would be an error.
    if (this.#socket.writableEnded) this.#socket.once('finish', this.#onFlushed)
    else this.#socket.write('', 'latin1', this.#onFlushed)
  }

  /** The socket gets another owner. */
  release(): void {
    this.#socket.off('drain', this.#onDrain)
    this.#socket.off('timeout', this.#onStall)
  }

  #listenForDrain(): void {
    this.watchStall()
    if (this.#listensForDrain) return
    this.#listensForDrain = true
    this.#socket.on('drain', this.#onDrain)
  }

  /** From here on a peer that takes nothing is let go; slow progress resets the timer of the socket. */
  watchStall(): void {
    if (!this.#isTimed) this.#sinceMs = 0
    this.#isTimed = true
    this.#socket.setTimeout(this.#limits.writeStallMs)
    if (this.#listensForStall) return
    this.#listensForStall = true
    this.#socket.on('timeout', this.#onStall)
  }

  readonly #onFlushed = (error?: Error | null): void => {
    if (!this.#isAwaited || (error !== undefined && error !== null)) return
    this.#isAwaited = false
    this.#endStall()
    this.#owner.flushed()
  }

  readonly #onDrain = (): void => {
    if (!this.#isDraining) return
    this.#isDraining = false
    this.#endStall()
    this.#owner.drained()
  }

  #endStall(): void {
    if (!this.#isTimed) return
    this.#isTimed = false
    this.#socket.setTimeout(0)
  }

  readonly #onStall = (): void => {
    this.#socket.destroy()
  }
}
