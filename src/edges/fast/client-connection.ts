import type { Socket } from 'node:net'
import type { Connection } from '../exchange/connection.ts'
import { Deadline } from '../exchange/deadline.ts'
import { ExchangeDriver } from '../exchange/exchange-driver.ts'
import { answerRaw } from '../exchange/raw-answer.ts'
import type { Swept } from '../exchange/sweeper.ts'
import { Tunnel } from '../exchange/tunnel.ts'
import type { TunnelPlan, UpgradeEnd } from '../exchange/tunnel.ts'
import { ClientSource } from './client-source.ts'
import type { BytesTaker } from './bytes-taker.ts'
import type { FastEdge } from './fast-edge.ts'
import { FastClient } from './fast-client.ts'
import type { ClientLine } from './fast-client.ts'
import type { LlhttpParser, ParseFault } from './llhttp.ts'
import { acquireParser, releaseParser } from './parser-pool.ts'
import { parsedRequest, plainRequest } from './read-request.ts'
import type { Arrival, ReadRequest } from './read-request.ts'
import { SocketWriter } from './socket-writer.ts'
import type { Behind, SocketWriterOwner } from './socket-writer.ts'
import { faultStatus } from './request-rules.ts'
import { Unparsed } from './unparsed.ts'

/**
 * One HTTP/1.1 connection of a client: parses what comes, one message at a time and in order, and runs at most one
 * exchange. What comes meanwhile is kept up to one read, then the socket is not read any more. No timer is made for a
 * request: the sweeper looks at one deadline for each connection.
 */
export class ClientConnection
  implements ClientLine, SocketWriterOwner, TunnelPlan, Swept, BytesTaker
{
  sweepIndex = -1
  readonly idleMs: number
  readonly #socket: Socket
  readonly #connection: Connection
  readonly #edge: FastEdge
  readonly #arrival: Arrival
  readonly #deadline = new Deadline()
  readonly #out: SocketWriter
  readonly #source: ClientSource
  /**
   * `busy`: an exchange is under way. `skipping`: its answer is out, the rest of its body is dropped. `closing`: the
   * last answer is out. `left`: the socket is somebody else's, or gone.
   */
  #state: 'idle' | 'head' | 'busy' | 'skipping' | 'closing' | 'left' = 'idle'
  /** Taken while a message is under way, so that an idle connection costs little. */
  #parser: LlhttpParser | undefined = undefined
  #client: FastClient | undefined = undefined
  readonly #in = new Unparsed()
  /** Body that came with the head, before anybody wanted it. */
  #early: Buffer | undefined = undefined
  #isBodyRead = true
  #isBodyOpen = false
  #isBodyHeld = false
  #isAnswered = false
  #isConsuming = false
  #isPaused = false
  #droppedBytes = 0

  constructor(socket: Socket, connection: Connection, edge: FastEdge) {
    this.#socket = socket
    this.#connection = connection
    this.#edge = edge
    this.#arrival = { connection, edge }
    this.#source = new ClientSource(socket, this)
    this.#out = new SocketWriter(socket, this, edge.context.limits)
    this.idleMs = edge.context.limits.tunnelIdleMs
  }

  /** Begins to read. */
  start(): void {
    const { open, context } = this.#edge
    const socket = this.#socket
    open.add(this)
    context.sweeper.add(this)
    this.#deadline.start(context.limits.headersMs, false)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#leave)
    this.#out.writeTo(this.#source.open())
  }

  takeBytes(chunk: Buffer, isLent: boolean): void {
    if (this.#state === 'closing') return this.#drop(chunk.length)
    this.#in.add(chunk, isLent)
    this.#consume()
    this.#in.keep()
  }

  /** Parses as long as somebody takes what comes of it. */
  #consume(): void {
    if (this.#isConsuming) return
    this.#isConsuming = true
    const enough = this.#connection.requests + REQUESTS_AT_ONCE
    while (this.#in.chunk !== undefined && this.#takes && this.#connection.requests < enough)
      this.#step(this.#in.chunk)
    this.#isConsuming = false
    if (this.#in.chunk !== undefined && this.#takes)
      setImmediate(ClientConnection.#consumeLater, this)
    this.#pauseOrResume()
  }

  // One function for all, not one for each answer.
  static readonly #consumeLater = (self: ClientConnection): void => self.#consume()

  get #takes(): boolean {
    const state = this.#state
    if (state === 'busy') return this.#isBodyOpen && !this.#isBodyRead && !this.#isBodyHeld
    return state === 'idle' || state === 'head' || state === 'skipping'
  }

  #step(chunk: Buffer): void {
    if (this.#state === 'idle' && this.#parser === undefined) {
      const plain = plainRequest(this.#in, this.#arrival)
      if (plain !== undefined) return this.#begin(plain)
    }
    const parser = (this.#parser ??= acquireParser('request', this.#edge.rules))
    if (this.#state === 'idle') {
      this.#state = 'head'
      this.#deadline.start(this.#edge.context.limits.headersMs, false)
    }
    this.#in.taken(parser.execute(chunk, this.#in.at))
    const { fault, hasHead, body } = parser
    if (body !== undefined) parser.body = this.#in.owned(body)
    if (hasHead) this.#onHead(parser)
    else if (this.#state !== 'head') this.#onBody(parser)
    if (fault !== undefined) this.#onFault(fault, parser)
  }

  #onHead(parser: LlhttpParser): void {
    const { method, httpVersion, isComplete } = parser
    if (httpVersion !== '1.1' && httpVersion !== '1.0')
      return this.#refuse(505, `HTTP/${httpVersion}`)
    if (method === 'CONNECT') return this.#refuse(501, 'CONNECT')
    this.#begin(parsedRequest(parser, this.#arrival))
    if (isComplete) this.#releaseParser()
  }

  #begin({ facts, isComplete, body, isTunnel }: ReadRequest): void {
    const { connection, edge } = this.#arrival
    connection.requests++
    const isLast = connection.requests >= edge.context.limits.requestsPerConnection
    const client = new FastClient(this, isLast ? { ...facts, keepsAlive: false } : facts)
    this.#client = client
    this.#state = 'busy'
    this.#isAnswered = false
    this.#isBodyRead = isComplete
    this.#isBodyOpen = false
    this.#isBodyHeld = false
    this.#early = body
    this.#deadline.start(0, false)
    const upgrade: UpgradeEnd | undefined = isTunnel ? new Tunnel(this.#socket, this) : undefined
    new ExchangeDriver(edge.context, { client, connection, upgrade }).start(facts.head)
  }

  #onBody({ body, isComplete }: LlhttpParser): void {
    const isDropped = this.#state === 'skipping'
    if (isComplete) {
      this.#isBodyRead = true
      this.#releaseParser()
    }
    const client = this.#client
    if (body !== undefined && !isDropped) client?.events?.bodyData(body)
    if (!isComplete) return
    if (isDropped) this.#settle()
    else if (this.#isCurrent(client)) client?.events?.bodyEnd()
  }

  #onFault(fault: ParseFault, parser: LlhttpParser): void {
    if (this.#state === 'closing' || this.#state === 'left') return
    // The answer is out, or on its way: a second one would be taken for the answer to another request.
    if (this.#state === 'skipping' || this.#isAnswered) return this.#linger()
    this.#refuse(faultStatus(fault, parser), fault.code)
  }

  /** Answers what never became an exchange, or no longer is one, and closes. */
  #refuse(status: number, detail: string): void {
    const connection = this.#connection
    const { core, limits } = this.#edge.context
    const peer = { address: connection.peerAddress, port: connection.peerPort }
    const answer = connection.giveUp((begun) => core.refuseUnparsed(peer, status, detail, begun))
    this.#close()
    if (typeof answer === 'string') {
      this.#socket.destroy()
      return
    }
    connection.isLast = true
    answerRaw(this.#socket, answer, limits.drainMs)
  }

  // ---- the exchange ----

  get keepTail(): string {
    return this.#edge.keepTail
  }

  get isLast(): boolean {
    return this.#edge.isClosing || this.#connection.isLast
  }

  #isCurrent(client: FastClient | undefined): boolean {
    return client !== undefined && client === this.#client && this.#state === 'busy'
  }

  canSkipBody(client: FastClient): boolean {
    // What happened to come with the head decides nothing: where the bytes were cut means nothing.
    if (this.#isBodyRead && (this.#isBodyOpen || !client.hasBody)) return true
    const { bodyLength, isContinueOwed } = client
    const { drainBytes } = this.#edge.context.limits
    return !isContinueOwed && bodyLength !== undefined && bodyLength <= drainBytes
  }

  openBody(client: FastClient): void {
    if (!this.#isCurrent(client) || this.#isBodyOpen) return
    this.#isBodyOpen = true
    const early = this.#early
    this.#early = undefined
    if (early !== undefined) client.events?.bodyData(early)
    if (!this.#isCurrent(client)) return
    if (this.#isBodyRead) client.events?.bodyEnd()
    else this.#consume()
  }

  pauseBody(client: FastClient): void {
    if (!this.#isCurrent(client)) return
    this.#isBodyHeld = true
    this.#pauseOrResume()
  }

  resumeBody(client: FastClient): void {
    if (!this.#isCurrent(client) || !this.#isBodyHeld) return
    this.#isBodyHeld = false
    this.#consume()
  }

  answered(client: FastClient, closes: boolean): boolean {
    if (!this.#isCurrent(client)) return false
    this.#isAnswered = true
    if (closes) this.#linger()
    if (this.#out.isHandedOver) {
      if (!closes) this.#settle()
      return true
    }
    this.#out.watchFlush()
    // Most are flushed before the sweeper comes by: only then a timer is worth its cost.
    this.#deadline.start(1, false)
    return false
  }

  destroy(client: FastClient): void {
    if (this.#isCurrent(client)) this.#socket.destroy()
  }

  /** The answer is out: the next message, after what is left of this one. */
  #settle(): void {
    if (this.#state !== 'busy' && this.#state !== 'skipping') return
    this.#client = undefined
    this.#isAnswered = false
    this.#early = undefined
    this.#state = this.#isBodyRead ? 'idle' : 'skipping'
    this.#deadline.start(this.#edge.context.limits.keepAliveMs, false)
    // Not from within the end of the exchange: what follows is a request of its own.
    if (!this.#isConsuming && (this.#in.chunk !== undefined || this.#isPaused))
      process.nextTick(ClientConnection.#consumeLater, this)
  }

  get isFlushed(): boolean {
    return this.#out.isEmpty
  }

  send(text: string, isLast: boolean): boolean {
    return this.#out.send(text, isLast)
  }

  sendParts(text: string, body: Buffer, behind: Behind): boolean {
    return this.#out.sendParts(text, body, behind)
  }

  /** See `SocketWriterOwner`. */
  drained(): void {
    if (this.#isCurrent(this.#client) && !this.#isAnswered) this.#client?.events?.clientDrained()
  }

  flushed(): void {
    const client = this.#client
    this.#client = undefined
    client?.events?.clientFlushed()
    this.#settle()
  }

  // ---- the end ----

  /** Nothing is parsed any more. */
  #close(): void {
    this.#state = 'closing'
    this.#releaseParser()
    this.#in.clear()
    this.#early = undefined
    this.#deadline.start(0, false)
    this.#isBodyHeld = false
    this.#pauseOrResume()
  }

  /**
   * Says that nothing follows, and reads on for a while: a close with unread bytes resets the connection, and the
   * client may lose the answer (RFC 9112 section 9.6).
   */
  #linger(): void {
    this.#connection.isLast = true
    this.#close()
    this.#socket.end()
    if (this.#out.isEmpty) return this.#startLingering()
    this.#out.watchStall()
    this.#socket.once('finish', this.#startLingering)
  }

  readonly #startLingering = (): void => {
    this.#deadline.start(this.#edge.context.limits.drainMs, false)
  }

  #drop(bytes: number): void {
    this.#droppedBytes += bytes
    // No more of it; what the client still sends stays in the kernel until the deadline.
    if (this.#droppedBytes > this.#edge.context.limits.drainBytes) this.#source.pause()
  }

  #pauseOrResume(): void {
    const pauses = this.#state !== 'closing' && (this.#in.chunk !== undefined || this.#isBodyHeld)
    if (pauses === this.#isPaused || this.#state === 'left') return
    this.#isPaused = pauses
    if (pauses) this.#source.pause()
    else this.#source.resume()
  }

  #releaseParser(): void {
    if (this.#parser !== undefined) releaseParser(this.#parser)
    this.#parser = undefined
  }

  readonly #onEnd = (): void => {
    const isCut = this.#state === 'head' && this.#parser?.isInside === true
    if (isCut && this.#socket.writable) this.#refuse(400, 'HPE_INVALID_EOF_STATE')
    else this.#socket.end()
  }

  readonly #onError = (): void => {
    this.#socket.destroy()
  }

  readonly #leave = (): void => {
    this.#state = 'left'
    this.#in.clear()
    this.#client = undefined
    this.#releaseParser()
    this.#edge.open.delete(this)
    this.#edge.context.sweeper.remove(this)
  }

  /** Ends the connection if no message is under way. */
  closeIfIdle(): void {
    if (this.#state === 'idle') this.#linger()
  }

  end(): void {
    this.#socket.destroy()
  }

  sweep(nowMs: number): void {
    if (this.#out.isTooSlow(nowMs)) return this.end()
    if (!this.#deadline.isPast(nowMs)) return
    if (this.#isAnswered && !this.#out.isEmpty) {
      this.#deadline.start(0, false)
      return this.#out.watchStall()
    }
    if (this.#state === 'head') this.#refuse(408, 'ERR_HTTP_REQUEST_TIMEOUT')
    else if (this.#state === 'idle') this.#linger()
    else if (this.#state !== 'busy') this.#socket.destroy()
  }

  // ---- a tunnel takes over ----

  /** What the client sent behind its request. */
  get head(): Buffer {
    this.#source.flush()
    return this.#in.rest ?? Buffer.alloc(0)
  }

  readonly release = (): void => {
    const socket = this.#socket
    socket.off('end', this.#onEnd)
    this.#source.release()
    this.#out.release()
    this.#leave()
  }
}

/** Pipelined requests that are answered before others get their turn. */
const REQUESTS_AT_ONCE = 4
