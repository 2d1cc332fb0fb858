import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { borrowSocket } from '../kernel/borrowed-socket.ts'
import type { BorrowedReader, BorrowedSocket, DirectLine } from '../kernel/borrowed-socket.ts'
import { WRITE_BYTES } from '../kernel/kernel.ts'
import type { InRound } from '../kernel/round.ts'
import type { ServerContext } from './server-context.ts'
import { CIPHER_BYTES, TEXT_BYTES } from './thread-ssl.ts'
import type { ThreadSsl } from './thread-ssl.ts'
import { TlsSession } from './tls-session.ts'

/** Who takes the plaintext, past the stream. */
export type PlainReader = Pick<BorrowedReader, 'read'>

const STREAM_LENGTH = Object.getOwnPropertyDescriptor(Duplex.prototype, 'writableLength')

/** What is longer does not wait in a round: it is a body on its way. */
const SHORT_BYTES = 16_384

/** What waits in the stream. */
function streamLength(socket: Socket): number {
  return Number(STREAM_LENGTH?.get?.call(socket) ?? 0)
}

/** Of a write to the stream. */
interface Piece {
  readonly chunk: Buffer | string
  readonly encoding: BufferEncoding
}

function bytesOf({ chunk, encoding }: Piece): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
}

/** A stream that nobody has listened to yet. */
function forgetFlow(stream: { readableFlowing: boolean | null }): void {
  stream.readableFlowing = null
}

type Done = (error?: Error | null) => void

/**
 * An accepted connection whose TLS is OpenSSL's and whose bytes are read and written by system calls: a stream of
 * plaintext as `TLSSocket` is one, and a way past the stream. It tells `secure` once, when its handshake is over; an
 * `error` before that is the handshake's.
 */
export class SecureSocket extends Socket implements InRound {
  readonly #raw: Socket
  readonly #ssl: ThreadSsl
  readonly #session: TlsSession
  readonly #borrowed: BorrowedSocket | undefined
  #reader: PlainReader | undefined = undefined
  #isOpen = false
  #isAtEnd = false
  /** Its owner takes no more for now. */
  #isPaused = false
  /** What OpenSSL had to say waits for the peer: nothing is read that it could answer. */
  #isHeld = false
  /** Where in the thread's `plain` is what waits for the reader; 0 bytes: nothing. */
  #plainFrom = 0
  #plainBytes = 0
  /** Where in the thread's `text` is what waits to be encrypted and sent. */
  #textFrom = 0
  #textBytes = 0

  static {
    /** What waits for the peer: of the stream, and of what is encrypted already. */
    Object.defineProperty(SecureSocket.prototype, 'writableLength', {
      get(this: SecureSocket): number {
        const ofStream = streamLength(this)
        return #raw in this ? ofStream + this.#raw.writableLength : ofStream
      },
    })
  }

  constructor(raw: Socket, ssl: ThreadSsl, context: ServerContext) {
    super({ allowHalfOpen: false })
    this.#raw = raw
    this.#ssl = ssl
    this.#session = new TlsSession(ssl, context)
    for (const name of ['remoteAddress', 'remotePort', 'remoteFamily'] as const)
      Object.defineProperty(this, name, { value: raw[name] })
    raw.on('end', () => this.#endReading())
    raw.on('error', (error) => this.destroy(error))
    raw.on('close', () => this.destroy())
    raw.on('drain', () => this.#onDrain())
    raw.on('timeout', () => this.emit('timeout'))
    this.#borrowed = borrowSocket(raw, {
      kind: 'client',
      readInto: () => undefined,
      mostBytes: CIPHER_BYTES,
      read: (bytes) => this.#takeCipher(bytes),
    })
    if (this.#borrowed === undefined) this.destroy()
  }

  // ---- what is known of it, by the names that `TLSSocket` has for it ----

  get alpnProtocol(): string | false {
    return this.#session.alpnProtocol || false
  }

  get servername(): string | false {
    return this.#session.servername || false
  }

  getProtocol(): string {
    return this.#session.protocol
  }

  getCipher(): { readonly name: string } {
    return { name: this.#session.cipher }
  }

  isSessionReused(): boolean {
    return this.#session.isReused
  }

  getSharedSigalgs(): readonly string[] {
    return this.#session.sharedAlgorithms
  }

  // ---- past the stream ----

  /** From here on plaintext goes to `reader`, and out by what is returned. */
  openLine(reader: PlainReader): DirectLine | undefined {
    const borrowed = this.#borrowed
    if (borrowed === undefined || this.readableLength > 0) return undefined
    this.#reader = reader
    return {
      pause: () => this.#hold(true, this.#isHeld),
      resume: () => this.#hold(false, this.#isHeld),
      giveBack: () => this.#giveBack(),
      write: (text, body, end) => this.#writeDirect(text, body, end),
    }
  }

  #giveBack(): void {
    this.send()
    this.#reader = undefined
    this.#hold(false, this.#isHeld)
    forgetFlow(this)
  }

  #hold(isPaused: boolean, isHeld: boolean): void {
    this.#isPaused = isPaused
    this.#isHeld = isHeld
    if (isPaused || isHeld) this.#borrowed?.pause()
    else this.#borrowed?.resume()
  }

  #onDrain(): void {
    if (this.#isHeld) this.#hold(this.#isPaused, false)
    this.emit('drain')
  }

  #writeDirect(text: string, body?: Buffer, end = ''): boolean {
    if (!this.writable) return true
    if (streamLength(this) > 0) return this.#writeLater(text, body, end)
    const length = text.length + (body === undefined ? 0 : body.length + end.length)
    const isWaiting = this.#textBytes > 0
    if (isWaiting && !this.#canJoin(length)) this.send()
    const { textPieces } = this.#ssl
    if (length > TEXT_BYTES) return this.#sealLarge(text, body, end)
    const from = textPieces.end
    this.#put(from, text, body, end)
    if (this.#textBytes > 0) {
      textPieces.extend(length)
      this.#textBytes += length
      return true
    }
    if (isWaiting || !this.#mayWait(length)) return this.#seal(from, length)
    textPieces.take(length)
    this.#textFrom = from
    this.#textBytes = length
    return true
  }

  #put(from: number, text: string, body: Buffer | undefined, end: string): void {
    const { text: into } = this.#ssl
    let at = from
    if (text !== '') at += into.write(text, at, text.length, 'latin1')
    if (body === undefined) return
    into.set(body, at)
    at += body.length
    if (end !== '') into.write(end, at, end.length, 'latin1')
  }

  /** Whether a text can wait for the others of this round. Behind one that the kernel did not take none does. */
  #mayWait(length: number): boolean {
    return (
      length > 0 &&
      length <= SHORT_BYTES &&
      this.#ssl.textPieces.hasRoom(length) &&
      this.#raw.writableLength === 0 &&
      this.#borrowed?.round.sends(this) === true
    )
  }

  /** Whether a text has its place right behind the one that waits. */
  #canJoin(length: number): boolean {
    const { textPieces } = this.#ssl
    const bytes = this.#textBytes
    const isLast = this.#textFrom + bytes === textPieces.end
    return isLast && bytes + length <= SHORT_BYTES && textPieces.hasRoom(length)
  }

  /** See `InRound`. */
  send(): void {
    const bytes = this.#textBytes
    if (bytes === 0) return
    this.#textBytes = 0
    this.#seal(this.#textFrom, bytes)
    this.#ssl.textPieces.giveBack()
  }

  #writeLater(text: string, body: Buffer | undefined, end: string): boolean {
    this.cork()
    if (text !== '') this.write(text, 'latin1')
    if (body !== undefined) this.write(body)
    if (end !== '') this.write(end, 'latin1')
    this.uncork()
    return !this.writableNeedDrain
  }

  #sealLarge(text: string, body: Buffer | undefined, end: string): boolean {
    const isTaken = this.#sealBytes(Buffer.from(text, 'latin1'))
    if (body === undefined) return isTaken
    const isBodyTaken = this.#sealBytes(body)
    return end === '' ? isBodyTaken : this.#sealBytes(Buffer.from(end, 'latin1'))
  }

  #sealBytes(bytes: Buffer): boolean {
    let isTaken = true
    for (let from = 0; from < bytes.length; from += TEXT_BYTES) {
      const part = bytes.subarray(from, from + TEXT_BYTES)
      const { text, textPieces } = this.#ssl
      text.set(part, textPieces.end)
      isTaken = this.#seal(textPieces.end, part.length)
    }
    return isTaken
  }

  /** Encrypts and sends what lies in the thread's `text`. @returns false when the peer must drain first. */
  #seal(from: number, bytes: number): boolean {
    if (bytes === 0 || this.#session.encrypt(from, bytes)) return this.#flush()
    this.#flush()
    this.destroy(new Error('the connection is secured no more'))
    return true
  }

  /** Sends what OpenSSL has to say. */
  #flush(): boolean {
    const borrowed = this.#borrowed
    let isTaken = true
    for (;;) {
      const bytes = this.#session.output(borrowed?.kernel.outputAt ?? 0, WRITE_BYTES)
      if (bytes === 0 || borrowed === undefined) return isTaken
      isTaken = borrowed.writePacked(bytes)
      if (bytes < WRITE_BYTES) return isTaken
    }
  }

  // ---- what came ----

  #takeCipher(bytes: number): void {
    const session = this.#session
    const borrowed = this.#borrowed
    if (borrowed === undefined || this.destroyed) return
    this.handOn()
    const plain = session.take(borrowed.kernel.inputAt, bytes)
    if (session.mayAnswer && !this.#flush()) this.#hold(this.#isPaused, true)
    if (!this.#isOpen && session.isOpen) this.#open()
    if (plain > 0) this.#deliver(plain)
    if (session.readState === 'closed') this.#endReading()
    else if (session.readState === 'failed') this.#fail()
  }

  #open(): void {
    this.#isOpen = true
    this.emit('secure')
  }

  #deliver(bytes: number): void {
    const { plainPieces } = this.#ssl
    const from = plainPieces.end
    if (!this.#mayWaitForReader(bytes)) return this.#pass(from, bytes)
    plainPieces.take(bytes)
    this.#plainFrom = from
    this.#plainBytes = bytes
  }

  /** Whether what was decrypted can wait for the others of this round: nothing may come from this connection meanwhile. */
  #mayWaitForReader(bytes: number): boolean {
    const borrowed = this.#borrowed
    return (
      bytes <= SHORT_BYTES &&
      this.#reader !== undefined &&
      this.#session.readState === 'open' &&
      this.#ssl.plainPieces.hasRoom(bytes) &&
      borrowed?.hasMore === false &&
      borrowed.round.handsOn(this)
    )
  }

  /** See `InRound`. */
  handOn(): void {
    const bytes = this.#plainBytes
    if (bytes === 0) return
    this.#plainBytes = 0
    try {
      this.#pass(this.#plainFrom, bytes)
    } finally {
      this.#ssl.plainPieces.giveBack()
    }
  }

  /** Gives plaintext to the reader, or to the stream. It does not stay where it is. */
  #pass(from: number, bytes: number): void {
    const chunk = this.#ssl.plain.subarray(from, from + bytes)
    if (this.#reader !== undefined && !this.destroyed) return this.#reader.read(bytes, chunk)
    const own = Buffer.from(chunk)
    chunk.fill(0)
    if (this.destroyed) return
    this.#touch()
    if (!this.push(own)) this.#hold(true, this.#isHeld)
  }

  #fail(): void {
    const code = this.#session.fault
    this.destroy(Object.assign(new Error(`TLS failed: ${code}`), { code }))
  }

  #reset(): void {
    const code = 'ECONNRESET'
    this.destroy(Object.assign(new Error('the client left in its handshake'), { code }))
  }

  #endReading(): void {
    if (this.#isAtEnd || this.destroyed) return
    this.#isAtEnd = true
    if (!this.#isOpen) return this.#reset()
    this.push(null)
    this.read(0)
  }

  /** The timer of the socket begins anew: the raw one does not see what passes by it. */
  #touch(): void {
    const { timeout } = this.#raw
    if (timeout !== undefined && timeout > 0) this.#raw.setTimeout(timeout)
  }

  // ---- see `Socket` and its streams ----

  override setTimeout(timeoutMs: number, callback?: () => void): this {
    if (callback !== undefined) this.once('timeout', callback)
    this.#raw.setTimeout(timeoutMs)
    return this
  }

  override _read(): void {
    if (this.#reader === undefined) this.#hold(false, this.#isHeld)
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this.send()
    this.#touch()
    if (this.#sealBytes(bytesOf({ chunk, encoding })) && this.#raw.writableLength === 0) done()
    else this.#raw.write('', done)
  }

  override _writev(pieces: readonly Piece[], done: Done): void {
    this._write(Buffer.concat(pieces.map(bytesOf)), 'latin1', done)
  }

  override _final(done: Done): void {
    this.send()
    this.#session.close()
    this.#flush()
    this.#raw.end(() => done())
  }

  override _destroy(error: Error | null, done: Done): void {
    // What was written before is on its way.
    this.send()
    this.#session.free()
    const raw = this.#raw
    // `Socket` leaves it to whoever closes to tell of that.
    const finish = (): void => {
      done(error)
      process.nextTick(() => this.emit('close', error !== null))
    }
    if (raw.closed) return finish()
    raw.once('close', finish)
    raw.destroy()
  }
}
