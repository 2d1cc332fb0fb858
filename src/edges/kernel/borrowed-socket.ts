import { Socket } from 'node:net'
import type { Kernel } from './kernel.ts'
import { FAILED, READY, WRITE_BYTES } from './kernel.ts'
import type { Poller, SocketKind, Watched } from './poller.ts'
import { threadPoller } from './poller.ts'
import type { Round } from './round.ts'

/** Reads of one socket before others get their turn; fewer where what came was dear to look at. */
const READS_AT_ONCE = 4
const READS_MS = 0.25

/** Who reads from a borrowed socket. */
export interface BorrowedReader {
  readonly kind: SocketKind
  /** Where the next bytes go; `undefined`: memory that is another's after `read`. */
  readonly readInto: () => Buffer | undefined
  /** Takes no more than so many bytes of a read into such memory; left out: all that there is room for. */
  readonly mostBytes?: number
  /** Takes what was read. */
  readonly read: (bytes: number, from: Buffer) => void
}

/** The bytes of a socket, past its stream. */
export interface DirectLine {
  /** Hands over no more until `resume`; that the peer breaks the connection is heard all the same. */
  pause(): void
  resume(): void
  /** From here on it is a stream that nobody has listened to yet. */
  giveBack(): void
  /**
   * Writes latin1 text, and a body and more text behind it. Nothing, once the socket is destroyed or ended.
   * @returns what `write` of the stream would: false when the peer must drain first.
   */
  write(text: string, body?: Buffer, end?: string): boolean
}

/**
 * A connected TCP socket whose bytes pass by Node's streams: reads and writes are calls to the kernel. Node goes on to
 * own the socket: it alone closes it, ends it, and tells of its end, its errors and its close, and it takes over what
 * the kernel does not take at once. So its number is never used after `destroy`, which may give it to another socket.
 */
export class BorrowedSocket implements Watched, DirectLine {
  readonly fd: number
  readonly kind: SocketKind
  readonly #poller: Poller
  readonly #socket: Socket
  readonly #reader: BorrowedReader
  #slot: number | undefined
  #isPaused = false
  /** The kernel has more, and will not say so again. */
  #hasMore = false
  /** The peer sends no more than what is there; or it broke the connection. */
  #isEnding = false
  #isBroken = false

  constructor(poller: Poller, socket: Socket, fd: number, reader: BorrowedReader) {
    this.fd = fd
    this.kind = reader.kind
    this.#poller = poller
    this.#socket = socket
    this.#reader = reader
    this.#slot = poller.add(this)
    if (this.#slot !== undefined) socket.once('close', this.#onClose)
  }

  get isWatched(): boolean {
    return this.#slot !== undefined
  }

  /** Hands over no more until `resume`; that the peer breaks the connection is heard all the same. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#hasMore) this.#poller.again(this)
  }

  /** From here on it is a stream that nobody has listened to yet. */
  giveBack(): void {
    this.#stop()
    const stream: { readableFlowing: boolean | null } = this.#socket
    stream.readableFlowing = null
  }

  /**
   * Writes latin1 text, and a body and more text behind it: all of it, what the kernel does not take by the stream.
   * Nothing, once the socket is destroyed or ended.
   * @returns what `write` of the stream would: false when the peer must drain first.
   */
  write(text: string, body?: Buffer, end = ''): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    if (socket.writableLength > 0) return writeLater(socket, [text, body, end])
    const length = text.length + (body === undefined ? 0 : body.length + end.length)
    if (length > WRITE_BYTES) return this.#writeLarge(text, body, end)
    const { kernel } = this.#poller
    kernel.pack(text, body, end)
    const sent = Math.max(0, kernel.send(this.fd, length))
    return sent === length || socket.write(kernel.packed(sent, length))
  }

  /** Writes what lies at `outputAt` of the kernel. @returns as `write`. */
  writePacked(length: number): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    const { kernel } = this.#poller
    const sent = socket.writableLength > 0 ? 0 : Math.max(0, kernel.send(this.fd, length))
    return sent === length || socket.write(kernel.packed(sent, length))
  }

  get kernel(): Kernel {
    return this.#poller.kernel
  }

  get round(): Round {
    return this.#poller.round
  }

  /** Whether it goes on to read, behind what its reader gets. */
  get hasMore(): boolean {
    return this.#hasMore
  }

  #writeLarge(text: string, body: Buffer | undefined, end: string): boolean {
    const socket = this.#socket
    if (body === undefined) return writeLater(socket, [text, undefined, ''])
    if (text !== '' && !this.write(text)) return writeLater(socket, ['', body, end])
    const { kernel } = this.#poller
    const sent = socket.writableLength > 0 ? 0 : Math.max(0, kernel.sendBuffer(this.fd, body))
    if (sent < body.length) return writeLater(socket, ['', body.subarray(sent), end])
    return end === '' || this.write(end)
  }

  ready(events: number): void {
    this.#hasMore = true
    if ((events & READY.peerEnded) !== 0) this.#isEnding = true
    if ((events & READY.error) !== 0) this.#isBroken = true
    this.readOn()
  }

  readOn(): void {
    let start = 0
    for (let reads = 0; reads < READS_AT_ONCE; reads++) {
      if (!this.isWatched || this.#socket.destroyed) return
      if (this.#isPaused) return this.#hearEnd()
      start ||= performance.now()
      if (!this.#readOnce()) return
      if (performance.now() - start > READS_MS) break
    }
    this.#poller.again(this)
  }

  /** Of a peer that goes while nothing is read from it. */
  #hearEnd(): void {
    if (this.#isBroken) this.#fail('ECONNRESET')
    else if (this.#isEnding && this.#poller.kernel.isAtEnd(this.fd)) this.#end()
  }

  /** @returns whether there may be more. */
  #readOnce(): boolean {
    const { kernel } = this.#poller
    const own = this.#reader.readInto()
    const into = own ?? kernel.input
    const most = own === undefined ? (this.#reader.mostBytes ?? into.length) : own.length
    const bytes =
      own === undefined ? kernel.receive(this.fd, most) : kernel.receiveInto(this.fd, own)
    if (bytes <= 0) {
      this.#hasMore = false
      if (bytes === 0) this.#end()
      else if (bytes === FAILED) this.#socket.destroy(kernel.lastError('read'))
      return false
    }
    // A short read of a stream has taken all there was; its end may be behind.
    this.#hasMore = bytes === most || this.#isEnding
    this.#reader.read(bytes, into)
    return this.#hasMore
  }

  #end(): void {
    this.#stop()
    this.#socket.push(null)
    this.#socket.read(0)
  }

  #fail(code: string): void {
    const error = Object.assign(new Error(`read ${code}`), { code, syscall: 'read' })
    this.#socket.destroy(error)
  }

  #stop(): void {
    if (this.#slot === undefined) return
    this.#poller.remove(this.#slot, !this.#socket.destroyed)
    this.#slot = undefined
  }

  readonly #onClose = (): void => this.#stop()
}

type Parts = readonly [text: string, body: Buffer | undefined, end: string]

function writeLater(socket: Socket, [text, body, end]: Parts): boolean {
  if (body === undefined) return socket.write(text, 'latin1')
  socket.cork()
  if (text !== '') socket.write(text, 'latin1')
  socket.write(body)
  if (end !== '') socket.write(end, 'latin1')
  socket.uncork()
  return !socket.writableNeedDrain
}

/**
 * Borrows a connected socket that nobody reads yet: made with `pauseOnConnect`, or paused before it was connected.
 * @returns `undefined` where that cannot be, and the stream is to be used.
 */
export function borrowSocket(socket: Socket, reader: BorrowedReader): BorrowedSocket | undefined {
  const poller = threadPoller()
  const fd = poller === undefined ? undefined : unreadNumber(socket)
  if (poller === undefined || fd === undefined) return undefined
  const borrowed = new BorrowedSocket(poller, socket, fd, reader)
  return borrowed.isWatched ? borrowed : undefined
}

/** Whether sockets can be borrowed in this thread. */
export function canBorrow(): boolean {
  return threadPoller() !== undefined
}

/** The number of a plain TCP socket from which nothing was read. */
function unreadNumber(socket: Socket): number | undefined {
  if (socket.constructor !== Socket || socket.destroyed || !socket.isPaused()) return undefined
  const { _handle: handle } = socket as unknown as {
    readonly _handle?: { readonly fd?: number; readonly reading?: boolean }
  }
  const isUnread = handle?.reading !== true && socket.readableLength === 0
  const fd = handle?.fd
  return isUnread && fd !== undefined && fd >= 0 ? fd : undefined
}
