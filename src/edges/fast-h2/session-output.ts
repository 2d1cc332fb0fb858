import type { Socket } from 'node:net'
import type { DirectLine } from '../kernel/borrowed-socket.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import { SocketWriter } from '../fast/socket-writer.ts'
import type { SocketWriterOwner } from '../fast/socket-writer.ts'
import { FIRST_WINDOW, FLAG, FRAME_TYPE, frameHead, MAX_31_BITS, MAX_PAYLOAD } from './frames.ts'
import { HpackEncoder } from './hpack-encoder.ts'

/** More than this waits for the socket: no answer adds to it, and nothing more is read. */
const HIGH_BYTES = 65_536

/** Something that waits for room on its connection. */
export interface Waiting {
  /** There is some room: takes it, and asks anew for what is still missing. */
  goOn(): void
  /** What was sent has left, as far as anybody needs to wait for that. */
  left(): void
  /** The connection is gone. */
  lost(): void
}

/**
 * The way out of one connection: heads, the window of the connection, and one write for all frames of a turn of the
 * event loop. Everything is latin1 text until the socket takes it: such text is cheaper than buffers of its length.
 */
export class SessionOutput implements SocketWriterOwner {
  readonly encoder: HpackEncoder = new HpackEncoder()
  /** What the client's connection may still be sent, of content. */
  window: number = FIRST_WINDOW
  readonly #socket: Socket
  readonly #writer: SocketWriter
  readonly #onRoom: () => void
  /** In the order in which they take their turn. */
  readonly #waiting = new Set<Waiting>()
  /** Those who have sent all they had. */
  readonly #leaving = new Set<Waiting>()
  #pending = ''
  #isFlushDue = false
  #isEnded = false

  /** `onRoom`: what waited for the socket has left. */
  constructor(socket: Socket, limits: EdgeLimits, onRoom: () => void) {
    this.#socket = socket
    this.#writer = new SocketWriter(socket, this, limits)
    this.#onRoom = onRoom
  }

  /** From here on it writes past the stream, where that can be. */
  writeTo(line: DirectLine | undefined): void {
    this.#writer.writeTo(line)
  }

  /** Whether as much waits for the socket as may. */
  get isCongested(): boolean {
    return this.#pending.length + this.#socket.writableLength > HIGH_BYTES
  }

  /** Bytes of content that may be sent in one frame on a stream with such a window. */
  room(streamWindow: number): number {
    if (this.isCongested) return 0
    return Math.min(streamWindow, this.window, MAX_PAYLOAD)
  }

  /** Whether the connection, not the stream, is what is being waited for. */
  get isFull(): boolean {
    return this.window <= 0 || this.isCongested
  }

  /** Sends a frame at the end of this turn. */
  send(frame: string): void {
    if (this.#isEnded) return
    this.#pending += frame
    if (this.#pending.length > HIGH_BYTES) this.flush()
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true
      setImmediate(flushLater, this)
    }
  }

  /** Sends a block of fields, in as many frames as it takes. */
  sendFields(id: number, block: string, isEnd: boolean): void {
    const end = isEnd ? FLAG.endStream : 0
    if (block.length <= MAX_PAYLOAD) {
      const flags = end | FLAG.endHeaders
      this.send(frameHead(FRAME_TYPE.headers, flags, { id, bytes: block.length }) + block)
      return
    }
    let text = ''
    for (let at = 0; at < block.length; at += MAX_PAYLOAD) {
      const part = block.slice(at, at + MAX_PAYLOAD)
      const type = at === 0 ? FRAME_TYPE.headers : FRAME_TYPE.continuation
      const last = at + MAX_PAYLOAD >= block.length ? FLAG.endHeaders : 0
      text += frameHead(type, (at === 0 ? end : 0) | last, { id, bytes: part.length }) + part
    }
    this.send(text)
  }

  /** Sends content for which there is room. */
  sendContent(id: number, content: string, isEnd: boolean): void {
    const bytes = content.length
    this.window -= bytes
    this.send(frameHead(FRAME_TYPE.data, isEnd ? FLAG.endStream : 0, { id, bytes }) + content)
  }

  /** Goes on with it as soon as the connection has room. */
  awaitRoom(waiting: Waiting): void {
    this.#waiting.add(waiting)
  }

  /** Tells it when less waits for the socket. */
  awaitLeaving(waiting: Waiting): void {
    this.#leaving.add(waiting)
  }

  /** It does not wait any more. */
  forget(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    this.#leaving.delete(waiting)
  }

  /** The client takes so much more. @returns false for more than there can be (RFC 9113 section 6.9.1). */
  grant(bytes: number): boolean {
    this.window += bytes
    if (this.window > MAX_31_BITS) return false
    this.#goOn()
    return true
  }

  /** Writes what is pending. */
  flush(): void {
    this.#isFlushDue = false
    const text = this.#pending
    if (text === '') return
    this.#pending = ''
    if (this.#writer.send(text, false)) this.drained()
  }

  /** See `SocketWriterOwner`. */
  drained(): void {
    this.#tellLeft()
    this.#goOn()
    this.#onRoom()
  }

  /** Never asked for: `drained` tells all that is wanted. */
  flushed(): void {}

  /** Writes what is pending, and nothing after that. */
  end(): void {
    this.flush()
    this.#isEnded = true
    this.#writer.watchStall()
    // A socket that ends tells nobody that it drained.
    this.#socket.once('finish', () => this.#tellLeft())
    this.#socket.end()
  }

  /** Looked at by the sweep: whether the client takes nothing of what waits for the socket. */
  isTooSlow(nowMs: number): boolean {
    return this.#writer.isTooSlow(nowMs)
  }

  /** The connection is gone. */
  close(): void {
    this.#isEnded = true
    this.#pending = ''
    for (const set of [this.#waiting, this.#leaving]) {
      for (const waiting of set) waiting.lost()
      set.clear()
    }
  }

  #tellLeft(): void {
    for (const waiting of this.#leaving) {
      if (this.isCongested) return
      this.#leaving.delete(waiting)
      waiting.left()
    }
  }

  /** Everybody in turn; who is still missing something stands at the end again. */
  #goOn(): void {
    for (const waiting of this.#waiting) {
      if (this.isFull) return
      this.#waiting.delete(waiting)
      waiting.goOn()
    }
  }
}

/** One function for all, not one for each turn. */
function flushLater(output: SessionOutput): void {
  output.flush()
}
