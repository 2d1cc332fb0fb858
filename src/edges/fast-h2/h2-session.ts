import type { SecuredSocket } from '../openssl/secured-socket.ts'
import type { Answer } from '../../gateway/core.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { Connection } from '../exchange/connection.ts'
import { Deadline } from '../exchange/deadline.ts'
import type { EdgeContext, ExchangePorts } from '../exchange/edge-context.ts'
import { ExchangeDriver } from '../exchange/exchange-driver.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import type { Swept } from '../exchange/sweeper.ts'
import type { BytesTaker } from '../fast/bytes-taker.ts'
import { ClientSource } from '../fast/client-source.ts'
import type { Http2Edge } from '../http2/http2.ts'
import type { H2AbuseKind, OpenSession } from '../http2/session-guard.ts'
import { FrameReader } from './frame-reader.ts'
import type { HeaderBlock } from './header-block.ts'
import { goawayFrame, H2_CODE, MAX_31_BITS, pingFrame, settingsFrame } from './frames.ts'
import type { StreamHome } from './h2-stream.ts'
import { H2Stream } from './h2-stream.ts'
import type { RequestFields } from './request-fields.ts'
import { SessionCounts } from './session-counts.ts'
import type { FrameHome } from './session-frames.ts'
import { ASKING, MAX_STREAMS, SessionFrames } from './session-frames.ts'
import { SessionOutput } from './session-output.ts'

/** Fields of a head, pseudo fields counted; the core judges the parts [WIRE-04]. */
const MAX_FIELDS = 104
/** SETTINGS_MAX_HEADER_LIST_SIZE: what the core takes. */
const MAX_LIST_BYTES = 16_384
/** Requests of one connection that begin before others get their turn. */
const REQUESTS_AT_ONCE = 16
/** SETTINGS_ENABLE_PUSH 0, SETTINGS_MAX_CONCURRENT_STREAMS, SETTINGS_MAX_HEADER_LIST_SIZE; the rest is the default. */
const OUR_SETTINGS = [2, 0, 3, MAX_STREAMS, 6, MAX_LIST_BYTES]

/** Serves HTTP/2 on a connection that chose it by ALPN. */
export function serveFastHttp2(
  socket: SecuredSocket,
  connection: Connection,
  edge: Http2Edge,
): void {
  new H2Session(socket, connection, edge).start()
}

/**
 * One HTTP/2 connection of a client: from its first bytes to its last, with the exchanges on it. No timer is made for a
 * stream: the sweeper looks at the session, and the session at its streams.
 */
class H2Session implements BytesTaker, FrameHome, StreamHome, OpenSession, Swept {
  sweepIndex = -1
  readonly output: SessionOutput
  readonly counts: SessionCounts
  readonly limits: EdgeLimits
  readonly #socket: SecuredSocket
  readonly #connection: Connection
  readonly #edge: Http2Edge
  readonly #context: EdgeContext
  /** A stream hears of its end by itself; what its exchange takes is the connection's. */
  readonly #tenant: ExchangePorts['connection']
  readonly #source: ClientSource
  readonly #reader = new FrameReader()
  readonly #frames: SessionFrames
  /**
   * `leaving`: the client was told to go, and may not have heard it. `left`: it has; no request is taken. `closing`: the
   * last byte is out.
   */
  #state: 'open' | 'leaving' | 'left' | 'closing' | 'gone' = 'open'
  #requests = 0
  #takenNow = 0
  #isConsuming = false
  #isDue = false
  #isPaused = false
  #droppedBytes = 0
  #startedMs = 0
  #sweptMs = 0
  #idleMs = 0
  readonly #acknowledging = new Deadline()
  readonly #reading = new Deadline()
  readonly #ending = new Deadline()
  /** The block that `#reading` watches. */
  #readBlock: HeaderBlock | undefined = undefined
  /** The client broke a rule: it is not waited for. */
  #isBroken = false

  constructor(socket: SecuredSocket, connection: Connection, edge: Http2Edge) {
    this.#socket = socket
    this.#source = new ClientSource(socket, this)
    this.#connection = connection
    this.#edge = edge
    this.#context = edge.context
    this.limits = edge.context.limits
    this.output = new SessionOutput(socket, this.limits, () => this.#onRoom())
    this.counts = new SessionCounts((kind, detail) => this.#onOver(kind, detail))
    const { address } = connection
    this.#tenant = { enter: () => {}, leave: () => {}, heldBytes: 0, address }
    const { headBytes } = this.limits
    this.#frames = new SessionFrames(this, { maxFields: MAX_FIELDS, maxBytes: headBytes })
  }

  /** Says our settings and begins to read. */
  start(): void {
    const socket = this.#socket
    this.#edge.sessions.add(this)
    this.#context.sweeper.add(this)
    this.#acknowledging.start(this.limits.headersMs, false)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    this.output.writeTo(this.#source.open())
    this.output.send(settingsFrame(0, OUR_SETTINGS))
  }

  // ---- bytes in ----

  /** Content may wait in what came, so it is copied when it is another's. */
  takeBytes(chunk: Buffer, isLent: boolean): void {
    if (this.#state === 'closing' || this.#state === 'gone') return this.#drop(chunk.length)
    this.#takenNow = 0
    this.#isConsuming = true
    this.#reader.feed(isLent ? Buffer.from(chunk) : chunk, this.#frames)
    this.#consumed()
  }

  /** Goes on with what waits for its turn, or for room. */
  consume(): void {
    this.#isDue = false
    if (this.#isConsuming || this.#state === 'closing' || this.#state === 'gone') return
    this.#takenNow = 0
    this.#isConsuming = true
    this.#reader.resume(this.#frames)
    this.#consumed()
  }

  #consumed(): void {
    this.#isConsuming = false
    const hasMore = this.#reader.hasMore
    if (hasMore && !this.output.isCongested && !this.#isDue) {
      this.#isDue = true
      setImmediate(consumeLater, this)
    }
    this.#pauseOrResume(hasMore || this.output.isCongested)
  }

  #onRoom(): void {
    if (!this.#isPaused || this.#isDue) return
    if (this.#reader.hasMore) this.consume()
    else this.#pauseOrResume(this.output.isCongested)
  }

  #pauseOrResume(pauses: boolean): void {
    if (pauses === this.#isPaused) return
    this.#isPaused = pauses
    if (pauses) this.#source.pause()
    else this.#source.resume()
  }

  get takesFrames(): boolean {
    const isOver = this.#state === 'closing' || this.#state === 'gone'
    return !isOver && this.#takenNow < REQUESTS_AT_ONCE && !this.output.isCongested
  }

  get takesRequests(): boolean {
    return this.#state === 'open' || this.#state === 'leaving'
  }

  // ---- requests ----

  begin(id: number, fields: RequestFields, hasBody: boolean): void {
    this.#requests++
    this.#takenNow++
    this.#idleMs = 0
    const { firstStreamWindow: window, streams } = this.#frames
    const stream = new H2Stream(this, fields, { id, window, hasBody })
    streams.set(id, stream)
    if (this.#requests === this.limits.requestsPerConnection) this.end()
    if (fields.method === 'CONNECT') return this.#refuse(stream)
    const ports = { client: stream, connection: this.#tenant, upgrade: undefined }
    new ExchangeDriver(this.#context, ports).start(this.#head(fields, hasBody))
  }

  #head({ method, rawTarget, authority, headers }: RequestFields, hasBody: boolean): RequestHead {
    const { peerAddress, relayAddress, peerPort, tls } = this.#connection
    return {
      method,
      rawTarget,
      httpVersion: '2.0',
      headers,
      authority,
      peerAddress,
      relayAddress,
      peerPort,
      listener: 'https',
      tls,
      hasBody,
    }
  }

  #refuse(stream: H2Stream): void {
    const { peerAddress: address, peerPort: port } = this.#connection
    const answer: Answer = this.#context.core.refuseUnparsed({ address, port }, 501, 'CONNECT')
    stream.answer(answer)
  }

  // ---- what streams and frames tell ----

  pieceSent(): void {
    this.counts.sent()
  }

  contentTaken(stream: H2Stream, bytes: number): void {
    this.#frames.taken(stream, bytes)
  }

  streamOver(stream: H2Stream, code: number | undefined): void {
    this.#frames.over(stream, code)
    // Only what the client did wrong is answered, then reset.
    if (code === H2_CODE.protocol) this.clientReset()
    this.#closeIfDone()
  }

  clientReset(): void {
    this.#edge.monitor?.onReset()
    this.counts.reset()
    this.#closeIfDone()
  }

  heard(): void {
    if (this.#state === 'leaving') this.#leave()
  }

  fail(code: number, detail: string): void {
    this.#giveUp(code, 'protocol', `${detail}, code ${code}`)
  }

  #onOver(kind: H2AbuseKind, detail: string): void {
    this.#giveUp(H2_CODE.calm, kind, detail)
  }

  #giveUp(code: number, kind: H2AbuseKind, detail: string): void {
    if (this.#state === 'closing' || this.#state === 'gone') return
    const { peerAddress } = this.#connection
    this.#edge.monitor?.onAbuse({ kind, peerAddress, detail })
    this.#isBroken = true
    this.output.send(goawayFrame(this.#frames.lastId, code))
    this.#close()
  }

  // ---- the end ----

  /** RFC 9113 section 6.8: says that it ends, waits until the client must have heard it, then takes nothing more. */
  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'leaving'
    this.output.send(goawayFrame(MAX_31_BITS, H2_CODE.none) + pingFrame(0, ASKING))
    this.#ending.start(this.limits.drainMs, false)
  }

  #leave(): void {
    this.#state = 'left'
    this.output.send(goawayFrame(this.#frames.lastId, H2_CODE.none))
    this.#closeIfDone()
  }

  #closeIfDone(): void {
    if (this.#state === 'left' && this.#frames.streams.size === 0) this.#close()
  }

  /** Writes what is left; what the client still says is dropped until it closes too, or its time is over. */
  #close(): void {
    if (this.#state === 'closing' || this.#state === 'gone') return
    this.#state = 'closing'
    this.#reader.drop()
    this.#loseStreams()
    this.output.end()
    this.#ending.start(this.limits.drainMs, false)
    this.#pauseOrResume(false)
  }

  break(): void {
    this.#socket.destroy()
  }

  #loseStreams(): void {
    const { streams } = this.#frames
    const open = [...streams.values()]
    streams.clear()
    for (const stream of open) stream.lost()
  }

  #drop(bytes: number): void {
    this.#droppedBytes += bytes
    if (this.#droppedBytes > this.limits.drainBytes) this.#source.pause()
  }

  readonly #onError = (): void => {
    this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#state = 'gone'
    this.#reader.drop()
    this.#edge.sessions.delete(this)
    this.#context.sweeper.remove(this)
    this.#loseStreams()
    this.output.close()
  }

  // ---- times ----

  sweep(nowMs: number): void {
    if (this.#startedMs === 0) this.#startedMs = this.#sweptMs = nowMs
    this.counts.refill(nowMs - this.#sweptMs)
    this.#sweptMs = nowMs
    if (this.output.isTooSlow(nowMs)) return this.break()
    if (this.#state === 'closing') {
      const isWritten = this.#isBroken || this.#socket.writableFinished
      if (isWritten && this.#ending.isPast(nowMs)) this.break()
      return
    }
    for (const stream of this.#frames.streams.values()) stream.sweep(nowMs)
    if (this.#state === 'leaving' && this.#ending.isPast(nowMs)) this.#leave()
    this.#watchClient(nowMs)
    this.#retire(nowMs)
  }

  /** What the client has begun to say must come to its end. */
  #watchClient(nowMs: number): void {
    if (!this.#frames.isAcknowledged && this.#acknowledging.isPast(nowMs))
      return this.fail(H2_CODE.settingsTimeout, 'settings')
    const { block } = this.#frames
    if (block !== this.#readBlock) this.#reading.start(this.limits.headersMs, false)
    this.#readBlock = block
    if (block !== undefined && this.#reading.isPast(nowMs))
      this.fail(H2_CODE.calm, 'a head that does not end')
  }

  /** Tells an old or idle session to go; with a stream open, the stream's own deadlines decide. */
  #retire(nowMs: number): void {
    const { sessionAgeMs, sessionIdleMs, headersMs } = this.limits
    if (nowMs - this.#startedMs >= sessionAgeMs) this.end()
    if (this.#frames.streams.size > 0) return
    if (this.#idleMs === 0) this.#idleMs = nowMs
    // Until the first request a session is only a promise of one.
    if (nowMs - this.#idleMs < (this.#requests === 0 ? headersMs : sessionIdleMs)) return
    this.#idleMs = nowMs
    this.end()
  }
}

/** One function for all sessions. */
function consumeLater(session: H2Session): void {
  session.consume()
}
