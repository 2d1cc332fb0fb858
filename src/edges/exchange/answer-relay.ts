import type { Duplex } from 'node:stream'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import type { Answer, FailureCause, ResponseVerdict } from '../../gateway/core.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { ClientEnd, ClientEvents } from './client.ts'
import { beginAnswer } from './coded-client.ts'
import type { EdgeContext, ExchangePorts } from './edge-context.ts'
import type { ExchangeClocks } from './exchange-clocks.ts'
import { joined } from './request-body.ts'
import { bodyFacts, idleLimitMs } from './response-head.ts'
import type { Share } from './share.ts'
import type { CallEvents, UpstreamCall } from './upstream-port.ts'

const NONE: readonly string[] = []
const NOTHING: Buffer = Buffer.alloc(0)
/** Stands where no piece came yet; nothing is put into it. */
const NO_PIECES: Buffer[] = []
/** Shorter pieces wait for the end of the turn, at most so many bytes of them. */
const SMALL_BYTES = 4_096
const MAX_SMALL_BYTES = 16_384
/** Why an exchange fails for which too much is held. */
export const NO_ROOM = 'too many bytes are held'

/**
 * `deciding`: the core has the word. `reading`: the request's body comes in. `waiting`: for the API's answer.
 * `streaming`: it comes. `answered`: all of an answer was handed to the connection.
 */
export type Phase =
  | 'deciding'
  | 'reading'
  | 'waiting'
  | 'streaming'
  | 'tunnel'
  | 'answered'
  | 'over'

/** What follows a verdict. */
export type Step<S, T> = (self: S, verdict: T) => void

/** The exchange whose answer is on its way. */
export interface AnswerHost extends ClientEvents {
  readonly edge: EdgeContext
  readonly ports: ExchangePorts
  readonly share: Share
  readonly clocks: ExchangeClocks
  phase: Phase
  /** Where the answer goes; another one while it is compressed on its way. */
  client: ClientEnd
  /** Silence is normal on both ways. */
  readonly isDuplex: boolean
  begun(): Exchange
  /** Begins a phase that takes at most so long, 0 for ever. */
  enter(phase: 'waiting' | 'streaming', limitMs: number): void
  /** Goes on with a verdict now, or as soon as it is there. */
  decide<S, T>(self: S, verdict: MaybePromise<T>, next: Step<S, T>): void
  /** What goes on of the trailers of the request. */
  uploadTrailers(): readonly string[]
  attempt(step: () => void): void
  send(answer: Answer): void
  fail(cause: FailureCause, detail: string): void
  defect(error: unknown): void
  /** The answer was handed to the connection; `isFlushed`: and left it. */
  close(isFlushed: boolean): void
  /** A tunnel ended, with so many bytes from the client and from the API. */
  tunnelEnded(bytesIn: number, bytesOut: number): void
}

/** The API's answer on its way through the core to the client: streamed, read whole, or a tunnel. */
export class AnswerRelay implements CallEvents {
  readonly #host: AnswerHost
  /** The request of which this is the answer. */
  call: UpstreamCall | undefined = undefined
  /** Bytes of the body that came. */
  bytes = 0
  #startedAt = 0
  #verdict: ResponseVerdict | undefined = undefined
  #length: number | undefined = undefined
  /** What is held: most bodies come in one piece. */
  #first: Buffer | undefined = undefined
  #others: Buffer[] = NO_PIECES
  #isEnded = false
  #trailers: readonly string[] = NONE
  /** Small pieces of this turn of the event loop, which leave together at its end. */
  #small: Buffer[] = NO_PIECES
  #smallBytes = 0
  #isFlushDue = false
  /** Every piece is a message of its own, that somebody waits for. */
  #isLive = false
  #upgraded: Duplex | undefined = undefined

  constructor(host: AnswerHost) {
    this.#host = host
  }

  /** A part of the answer may be on the wire. */
  get isStreamed(): boolean {
    return this.#verdict?.kind === 'stream'
  }

  /** Sends the request; `firstByteMs`: the answer must begin within this time. */
  start(call: UpstreamCall, firstByteMs: number): void {
    this.call = call
    this.#host.enter('waiting', firstByteMs)
    this.#startedAt = performance.now()
    call.start(this.#startedAt)
  }

  /** The exchange is over. */
  release(): void {
    this.#upgraded?.destroy()
  }

  upstreamHead(
    status: number,
    rawHeaders: readonly string[],
    nowMs: number = performance.now(),
  ): void {
    const host = this.#host
    if (host.phase !== 'waiting') return
    try {
      const exchange = host.begun()
      exchange.upstreamMs = nowMs - this.#startedAt
      const { length, isLive, isEventStream } = bodyFacts(rawHeaders)
      this.#length = length
      this.#isLive = host.isDuplex || isLive
      const isQuiet = host.isDuplex || isEventStream
      host.enter('streaming', idleLimitMs(host.edge.limits, isQuiet))
      const verdict = host.edge.core.decideResponseHead(exchange, status, rawHeaders)
      if (isPromise(verdict)) this.call?.pause()
      host.decide(this, verdict, AnswerRelay.#onHead)
    } catch (error) {
      host.defect(error)
    }
  }

  // One function each, not one per request.
  static readonly #onHead: Step<AnswerRelay, ResponseVerdict> = (self, verdict) =>
    self.#begin(verdict)
  static readonly #onSwitch: Step<AnswerRelay, ResponseVerdict> = (self, verdict) =>
    self.#open(verdict)
  static readonly #onBody: Step<AnswerRelay, Answer> = (self, answer) => self.#host.send(answer)

  #begin(verdict: ResponseVerdict): void {
    const host = this.#host
    if (verdict.kind === 'answer') return host.send(verdict.answer)
    const length = this.#length
    if (verdict.kind === 'stream') {
      // Before the client's own, so that a head of unknown length leaves with the first pieces.
      if (length === undefined && !this.#isLive) this.#flushSoon()
      host.client = beginAnswer(host.client, verdict, { length, share: host.share, events: host })
    } else if (length !== undefined && length > verdict.maxBodyBytes) {
      return host.fail('response_too_large', `content-length ${length}`)
    } else {
      host.clocks.limitWhole(host.edge.limits.bufferedResponseMs)
    }
    this.#verdict = verdict
    if (this.#first !== undefined) for (const chunk of this.#held()) this.#take(chunk, verdict)
    if (this.#isEnded) this.#complete(verdict)
    else this.call?.resume()
  }

  upstreamData(chunk: Buffer): boolean {
    const host = this.#host
    if (host.phase !== 'streaming') return true
    host.clocks.moved()
    // The client library may deliver what it had already read although the call is paused.
    if (this.#verdict === undefined) this.#hold(chunk)
    else this.#take(chunk, this.#verdict)
    return this.isStreamed && this.#smallBytes === 0 && host.client.isFlushed === true
  }

  #take(chunk: Buffer, verdict: ResponseVerdict): void {
    const host = this.#host
    if (host.phase !== 'streaming') return
    this.bytes += chunk.length
    if (verdict.kind === 'stream') {
      // The last bytes and the end in one write.
      const isWhole = this.bytes === this.#length && this.call?.mayTrail !== true
      const { watch } = verdict
      const left = watch === undefined ? chunk : watch(chunk, isWhole)
      if (left === undefined) return host.fail('upstream_leak', 'in a stream')
      if (isWhole) return host.close(host.client.end(this.#behindSmall(left)))
      return left.length === 0 ? undefined : this.#pass(left)
    }
    this.#hold(chunk)
    if (!host.share.hold(chunk.length)) return host.fail('overloaded', NO_ROOM)
    if (verdict.kind === 'buffer' && this.bytes > verdict.maxBodyBytes) {
      host.fail('response_too_large', `more than ${verdict.maxBodyBytes} bytes`)
    }
  }

  #hold(chunk: Buffer): void {
    if (this.#first === undefined) this.#first = chunk
    else if (this.#others === NO_PIECES) this.#others = [chunk]
    else this.#others.push(chunk)
  }

  /** What was held, and lets go of it. */
  #held(): readonly Buffer[] {
    const held = this.#first === undefined ? this.#others : [this.#first, ...this.#others]
    this.#first = undefined
    this.#others = NO_PIECES
    return held
  }

  /** Sends a piece on: a small one together with others of this turn, each of which would cost a write of its own. */
  #pass(chunk: Buffer): void {
    if (this.#isLive || chunk.length >= SMALL_BYTES) return this.#write(this.#behindSmall(chunk))
    this.#addSmall(chunk)
    this.#smallBytes += chunk.length
    if (this.#smallBytes >= MAX_SMALL_BYTES) this.flush()
    else this.#flushSoon()
  }

  #addSmall(chunk: Buffer): void {
    if (this.#small === NO_PIECES) this.#small = [chunk]
    else this.#small.push(chunk)
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    setImmediate(flushLater, this)
  }

  /** Sends what waits for the end of this turn. */
  flush(): void {
    this.#isFlushDue = false
    if (this.#smallBytes > 0 && this.#host.phase === 'streaming') this.#write(this.#withSmall())
  }

  /** A piece that leaves now, behind what waits: a large one is not copied to be joined. */
  #behindSmall(chunk: Buffer): Buffer {
    if (chunk.length <= MAX_SMALL_BYTES) return this.#withSmall(chunk)
    if (this.#smallBytes > 0) this.#write(this.#withSmall())
    return chunk
  }

  /** What waits, and this behind it. */
  #withSmall(chunk?: Buffer): Buffer {
    if (this.#small === NO_PIECES && chunk !== undefined) return chunk
    if (chunk !== undefined) this.#small.push(chunk)
    const small = this.#small
    this.#small = NO_PIECES
    this.#smallBytes = 0
    return joined(small)
  }

  #write(chunk: Buffer): void {
    const host = this.#host
    if (host.client.write(chunk)) return
    // The client is slow now; its own stall timer watches it.
    host.clocks.hold(true)
    this.call?.pause()
  }

  upstreamEnd(trailers: readonly string[] = NONE): void {
    const host = this.#host
    if (host.phase !== 'streaming') return
    this.#trailers = trailers
    this.#isEnded = true
    const verdict = this.#verdict
    if (verdict !== undefined) host.attempt(() => this.#complete(verdict))
  }

  #complete(verdict: ResponseVerdict): void {
    const host = this.#host
    if (host.phase !== 'streaming') return
    const { core } = host.edge
    if (verdict.kind === 'stream') {
      const left = verdict.watch === undefined ? NOTHING : verdict.watch(NOTHING, true)
      if (left === undefined) return host.fail('upstream_leak', 'in a stream')
      const trailers = core.responseTrailers(host.begun(), this.#trailers)
      if (left.length > 0) this.#addSmall(left)
      const rest = this.#small.length > 0 ? this.#withSmall() : undefined
      return host.close(host.client.end(rest, trailers))
    }
    const whole = this.#others === NO_PIECES ? this.#first : undefined
    const body = whole ?? joined(this.#held())
    this.#first = undefined
    host.phase = 'deciding'
    host.decide(this, core.decideResponseBody(host.begun(), body), AnswerRelay.#onBody)
  }

  upstreamError(cause: FailureCause, detail: string): void {
    const { phase } = this.#host
    if (phase === 'waiting' || phase === 'streaming') this.#host.fail(cause, detail)
  }

  uploadTrailers(): readonly string[] {
    return this.#host.uploadTrailers()
  }

  upstreamUpgrade(rawHeaders: readonly string[], socket: Duplex): void {
    const host = this.#host
    this.#upgraded = socket
    // The close that follows an error ends the exchange; without a listener the error would end the process.
    socket.on('error', () => socket.destroy())
    host.attempt(() => {
      host.enter('streaming', 0)
      const verdict = host.edge.core.decideResponseHead(host.begun(), 101, rawHeaders)
      host.decide(this, verdict, AnswerRelay.#onSwitch)
    })
  }

  #open(verdict: ResponseVerdict): void {
    const host = this.#host
    const { upgrade } = host.ports
    if (verdict.kind === 'answer') return host.send(verdict.answer)
    if (verdict.kind === 'buffer' || upgrade === undefined || this.#upgraded === undefined) {
      return host.fail('defect', 'a switch of protocols cannot be buffered')
    }
    host.share.leave()
    host.phase = 'tunnel'
    upgrade.open(verdict.answer, this.#upgraded, (bytesIn, bytesOut) =>
      host.tunnelEnded(bytesIn, bytesOut),
    )
  }
}

/** One function for all, not one for each answer. */
function flushLater(relay: AnswerRelay): void {
  relay.flush()
}
