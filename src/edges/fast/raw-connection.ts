import type { Socket } from 'node:net'
import type { FailureCause } from '../../gateway/core.ts'
import { failureCause, failureDetail } from '../exchange/upstream-errors.ts'
import type { CallPlan } from '../exchange/upstream-port.ts'
import type { BorrowedSocket } from '../kernel/borrowed-socket.ts'
import { borrowSocket } from '../kernel/borrowed-socket.ts'
import type { AnswerSink } from './answer-reader.ts'
import { AnswerReader } from './answer-reader.ts'
import type { RawConnector, SocketReader } from './raw-connect.ts'
import { newReadBuffer, returnReadBuffer } from './raw-connect.ts'
import type { UploadOwner } from './raw-upload.ts'
import { RawUpload } from './raw-upload.ts'
import { bodyFraming } from './upstream-head.ts'

/** A larger body costs more to copy into one text with its head than a second buffer costs to write. */
const MAX_JOINED_BYTES = 16_384

/** A read of so many bytes is the middle of a large body: the next one gets a buffer that can be given away. */
const BULK_BYTES = 32_768
/** Fewer bytes are copied: a whole buffer would be kept for them. */
const GIVEN_BYTES = 16_384

/** How a connection was lost. */
export interface Loss {
  readonly cause: FailureCause
  readonly detail: string
  /** No byte of the answer came. */
  readonly isUnanswered: boolean
  /** And the connection had served before: the upstream had most likely closed it when the request was written. */
  readonly isStale: boolean
}

/** The call that a connection works for. */
export interface ConnectionUser extends AnswerSink {
  readonly plan: CallPlan
  /** Head of the request, ready to be written. */
  readonly head: string
  /** The answer is whole, and the connection somebody else's. `trailers`: flat list, where some came. */
  answerEnd(trailers: readonly string[] | undefined): void
  /** The other side speaks another protocol now; the socket is the user's. */
  answerSwitch(rawHeaders: readonly string[], socket: Socket): void
  /** The connection was lost before the answer was whole. */
  connectionLost(loss: Loss): void
}

/** Who owns connections. No method may write to one at once. */
export interface ConnectionHome {
  /** The upstream sent something that nobody had asked for; the connection is ended. */
  spokeUnasked(): void
  /** It waits for a user. */
  connectionFree(connection: RawConnection): void
  /** It is gone. Called once for each connection. */
  connectionGone(connection: RawConnection): void
}

/**
 * One connection to an upstream, with one request in flight at a time. Any byte, end or error out of place ends it; it
 * is offered again only after an exchange whose end both sides see at the same byte.
 */
export class RawConnection implements UploadOwner, SocketReader {
  readonly kind = 'upstream'
  /** Of the owner: since when it has been connecting or idle, monotonic. */
  sinceMs = 0
  /** How long the upstream promised to keep it when it is idle; `undefined`: it said nothing. */
  keepAliveMs: number | undefined = undefined
  readonly #home: ConnectionHome
  readonly #connector: RawConnector
  readonly #socket: Socket
  /** `undefined`: bytes pass through the stream. */
  #borrowed: BorrowedSocket | undefined = undefined
  readonly #reader: AnswerReader
  #user: ConnectionUser | undefined
  #stage: 'connecting' | 'open' | 'handed over' | 'gone' = 'connecting'
  #upload: RawUpload | undefined = undefined
  /** A buffer of its own, while a large body comes. */
  #bulk: Buffer | undefined = undefined
  #isReading = false
  #isPaused = false
  #hasServed = false
  #hasAnswered = false
  #error: Error | undefined = undefined

  /**
   * Opens a connection for a call that is sent as soon as it is there.
   * @throws the error of OpenSSL for an authority or a certificate that cannot be read.
   */
  constructor(home: ConnectionHome, connector: RawConnector, user: ConnectionUser) {
    this.#home = home
    this.#connector = connector
    this.#user = user
    const { socket, ready } = connector.open(this)
    this.#socket = socket
    // Not before: where no socket can be made, a parser would be lost.
    this.#reader = new AnswerReader(connector.known)
    socket.once(ready, this.#onReady)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    socket.on('drain', this.#onDrain)
  }

  get isConnecting(): boolean {
    return this.#stage === 'connecting'
  }

  /** Sends a call; only when it is free. */
  send(user: ConnectionUser): void {
    const socket = this.#socket
    const { plan, head } = user
    const { body, request } = plan
    this.#user = user
    this.#hasAnswered = false
    this.#reader.begin(request.method, plan.upgrade)
    const length = bodyFraming(plan)
    if (body === undefined || length === undefined) this.#write(head)
    else if (Buffer.isBuffer(body)) this.#writeWhole(head, body)
    else {
      this.#write(head)
      this.#upload = new RawUpload(body, length, { socket, owner: this })
      this.#upload.start()
    }
  }

  /** Its user wants no more of it. */
  leave(): void {
    this.#user = undefined
    // What is being read may hold the end of the answer; a connection that is still coming is good for another call.
    if (!this.#isReading && this.#stage === 'open') this.end()
  }

  pause(): void {
    this.#isPaused = true
    if (this.#borrowed === undefined) this.#socket.pause()
    else this.#borrowed.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#borrowed === undefined) this.#socket.resume()
    else this.#borrowed.resume()
  }

  /** Ends it; its user hears nothing. */
  end(): void {
    if (this.#stage === 'gone' || this.#stage === 'handed over') return
    this.#stage = 'gone'
    this.#user = undefined
    this.#upload?.stop()
    this.#upload = undefined
    this.#socket.destroy()
    if (!this.#isReading) this.#reader.close()
    this.#home.connectionGone(this)
  }

  /** Ends it and tells its user why. */
  lose(cause: FailureCause, detail: string): void {
    const user = this.#user
    const isUnanswered = !this.#hasAnswered
    const isStale = isUnanswered && this.#hasServed
    this.end()
    user?.connectionLost({ cause, detail, isUnanswered, isStale })
  }

  uploadTrailers(): readonly string[] {
    return this.#user?.plan.events.uploadTrailers?.() ?? []
  }

  uploadEnded(): void {
    this.#upload = undefined
  }

  uploadFailed(detail: string): void {
    this.lose('defect', detail)
  }

  readonly #onReady = (): void => {
    if (this.#stage !== 'connecting') return
    this.#stage = 'open'
    this.#borrow()
    if (this.#user === undefined) this.#home.connectionFree(this)
    else this.send(this.#user)
  }

  #borrow(): void {
    const socket = this.#socket
    if (!socket.isPaused()) return
    this.#borrowed = borrowSocket(socket, this)
    if (this.#borrowed !== undefined) return
    socket.on('data', (chunk: Buffer) => this.read(chunk.length, chunk))
    socket.resume()
  }

  #write(text: string): void {
    if (this.#borrowed === undefined) this.#socket.write(text, 'latin1')
    else this.#borrowed.write(text)
  }

  #writeWhole(head: string, body: Buffer): void {
    if (this.#borrowed !== undefined) this.#borrowed.write(head, body)
    else if (body.length > MAX_JOINED_BYTES) writeParts(this.#socket, head, body)
    // latin1 keeps every byte of the body.
    else this.#write(head + body.toString('latin1'))
  }

  readonly readInto = (): Buffer | undefined => this.#bulk

  /** @returns whether to go on reading. */
  readonly read = (bytes: number, from: Buffer): boolean => {
    if (this.#stage === 'handed over')
      return this.#socket.push(Buffer.from(from.subarray(0, bytes)))
    const user = this.#user
    if (user === undefined || this.#stage !== 'open') {
      // Nobody asked: whatever this is, it must not become the answer to the next request.
      this.#home.spokeUnasked()
      this.end()
      return false
    }
    const part = this.#ownedPart(bytes, from)
    const chunk = part === this.#bulk ? part.subarray(0, bytes) : beginning(part, bytes)
    const isGiven = chunk.buffer === this.#bulk?.buffer && bytes >= GIVEN_BYTES
    this.#hasAnswered = true
    this.#isReading = true
    const taken = this.#reader.feed(chunk, user, isGiven)
    this.#isReading = false
    if (isGiven && this.#reader.isKept) this.#bulk = undefined
    if (bytes >= BULK_BYTES && this.#reader.state === 'open') this.#bulk ??= newReadBuffer()
    this.#judge(taken === bytes ? NOTHING : chunk.subarray(taken))
    if (this.#reader.state !== 'open') this.#returnBulk()
    return !this.#isPaused
  }

  /** The first large read of an answer came into memory that all connections share: it goes on in its own. */
  #ownedPart(bytes: number, from: Buffer): Buffer {
    if (from === this.#bulk || bytes < BULK_BYTES) return from
    this.#bulk ??= newReadBuffer()
    from.copy(this.#bulk, 0, 0, bytes)
    return this.#bulk
  }

  /** From within a read only: what the socket reads into next is asked for behind it. */
  #returnBulk(): void {
    if (this.#bulk !== undefined) returnReadBuffer(this.#bulk)
    this.#bulk = undefined
  }

  /** `rest`: what came behind the end of the answer. */
  #judge(rest: Buffer): void {
    const reader = this.#reader
    if (this.#stage === 'gone') reader.close()
    else if (reader.state === 'broken') this.lose('upstream_protocol', reader.fault)
    else if (reader.state === 'whole') this.#complete(rest.length === 0)
    else if (this.#user === undefined) this.end()
    else if (reader.state === 'switched') this.#handOver(this.#user, rest)
  }

  #complete(isClean: boolean): void {
    const user = this.#user
    const isSent = this.#upload === undefined && this.#socket.writableLength === 0
    this.#user = undefined
    if (!isClean) this.#home.spokeUnasked()
    if (isClean && isSent && this.#reader.isReusable) {
      this.#hasServed = true
      this.keepAliveMs = this.#reader.keepAliveMs
      this.resume()
      this.#home.connectionFree(this)
    } else this.end()
    user?.answerEnd(this.#reader.trailers)
  }

  #handOver(user: ConnectionUser, rest: Buffer): void {
    const socket = this.#socket
    this.#borrowed?.giveBack()
    this.#stage = 'handed over'
    this.#user = undefined
    socket.off('end', this.#onEnd)
    socket.off('close', this.#onClose)
    socket.off('drain', this.#onDrain)
    this.#reader.close()
    this.#home.connectionGone(this)
    this.#isPaused = false
    if (rest.length > 0) socket.push(Buffer.from(rest))
    user.answerSwitch(this.#reader.switchHeaders, socket)
  }

  readonly #onEnd = (): void => {
    if (this.#stage === 'gone') return
    if (this.#user === undefined || this.#stage === 'connecting')
      this.lose('upstream_protocol', 'the connection was closed')
    else {
      this.#reader.finish()
      this.#judge(NOTHING)
    }
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error
  }

  readonly #onClose = (): void => {
    if (this.#stage === 'gone') return
    if (this.#stage === 'connecting') this.#connector.forgetSession()
    const error = this.#error
    if (error === undefined) this.lose('upstream_protocol', 'the connection was closed')
    else this.lose(failureCause(error), failureDetail(error))
  }

  readonly #onDrain = (): void => this.#upload?.drained()
}

const NOTHING = Buffer.alloc(0)

/** Memory that all connections share, and the part of it that was looked at last. */
let shared: Buffer = NOTHING
let sharedPart: Buffer = NOTHING

/** The first bytes of shared memory, or all of what a stream gave: the same view where answers of one length follow. */
function beginning(memory: Buffer, bytes: number): Buffer {
  if (bytes === memory.length) return memory
  if (memory !== shared || sharedPart.length !== bytes) {
    shared = memory
    sharedPart = memory.subarray(0, bytes)
  }
  return sharedPart
}

function writeParts(socket: Socket, head: string, body: Buffer): void {
  socket.cork()
  socket.write(head, 'latin1')
  socket.write(body)
  socket.uncork()
}
