import type { Duplex, Readable } from 'node:stream'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import type {
  Answer,
  BodyVerdict,
  FailureCause,
  ForwardVerdict,
  HeadVerdict,
  ResponseVerdict,
} from '../../gateway/core.ts'
import type { Exchange, RequestHead } from '../../pipeline/exchange.ts'
import type { ClientEnd, ClientEvents } from './client.ts'
import type { EdgeContext, ExchangePorts } from './edge-context.ts'
import { beginAnswer } from './coded-client.ts'
import { answerLast, endSafely } from './edge-context.ts'
import { ExchangeClocks } from './exchange-clocks.ts'
import { joined, RequestBody } from './request-body.ts'
import { contentLength, idleLimitMs } from './response-head.ts'
import { Share } from './share.ts'
import type { Swept } from './sweeper.ts'
import type { CallEvents, UpstreamCall } from './upstream-port.ts'
import { UPSTREAM_SILENT } from './upstream-port.ts'

const EMPTY = Buffer.alloc(0)
const NONE: readonly string[] = []
const NO_ROOM = 'too many bytes are held'
const GONE = new Error('the exchange is over')

/** What follows a verdict. */
type Step<T> = (self: ExchangeDriver, verdict: T) => void

/**
 * Drives one exchange through the core: head, body, upstream, response head, response body, end. Synchronous from the
 * request's arrival to the upstream's socket when no verdict is a promise. `core.end` is called exactly once.
 */
export class ExchangeDriver implements ClientEvents, CallEvents, Swept {
  readonly #edge: EdgeContext
  readonly #share: Share
  #client: ClientEnd
  readonly #ports: ExchangePorts
  exchange: Exchange | undefined = undefined
  #phase: 'deciding' | 'reading' | 'waiting' | 'streaming' | 'tunnel' | 'answered' | 'over' =
    'deciding'
  #requestBody: RequestBody | undefined = undefined
  #call: UpstreamCall | undefined = undefined
  #calledAt = 0
  #response: ResponseVerdict | undefined = undefined
  #responseLength: number | undefined = undefined
  #responseChunks: Buffer[] = []
  #isResponseEnded = false
  #trailers: readonly string[] = NONE
  #isDuplex = false
  #upgraded: Duplex | undefined = undefined
  #bytesIn = 0
  #bytesOut = 0
  readonly #clocks = new ExchangeClocks()
  sweepIndex = -1

  constructor(edge: EdgeContext, ports: ExchangePorts) {
    this.#edge = edge
    this.#share = new Share(edge)
    this.#ports = ports
    this.#client = ports.client
  }

  /** Begins. Never throws. */
  start(head: RequestHead): void {
    const { core, upstreams, sweeper } = this.#edge
    this.#client.attach(this)
    this.#ports.connection.enter(this)
    try {
      if (core.upstreams !== upstreams.services) upstreams.update(core.upstreams)
      this.exchange = core.begin(head)
      sweeper.add(this)
      if (!this.#share.enter())
        return this.#fail('overloaded', `${this.#edge.inFlight} requests in flight`)
      this.#await(core.decideHead(this.exchange), ExchangeDriver.#headStep)
    } catch (error) {
      this.#defect(error)
    }
  }

  // One function each, not one per request.
  static readonly #headStep: Step<HeadVerdict> = (self, verdict) => self.#onHead(verdict)
  static readonly #bodyStep: Step<BodyVerdict> = (self, verdict) => self.#onBody(verdict)
  static readonly #responseStep: Step<ResponseVerdict> = (self, verdict) =>
    self.#onResponse(verdict)
  static readonly #tunnelStep: Step<ResponseVerdict> = (self, verdict) => self.#onUpgraded(verdict)
  static readonly #answerStep: Step<Answer> = (self, answer) => self.#send(answer)

  /** Goes on at once where the verdict is there, later where it is not. */
  #await<T>(verdict: MaybePromise<T>, next: Step<T>): void {
    if (isPromise(verdict)) void this.#later(verdict, next)
    else next(this, verdict)
  }

  async #later<T>(verdict: Promise<T>, next: Step<T>): Promise<void> {
    try {
      const settled = await verdict
      if (this.#phase !== 'over') next(this, settled)
    } catch (error) {
      this.#defect(error)
    }
  }

  #onHead(verdict: HeadVerdict): void {
    if (verdict.kind === 'answer') return this.#send(verdict.answer)
    if (verdict.kind === 'forward') return this.#takeBody(verdict)
    const { upgrade } = this.#ports
    if (upgrade === undefined) return this.#fail('defect', 'not an upgrade request')
    this.#forward(undefined, upgrade.protocol)
  }

  #takeBody({ body: mode, maxBodyBytes: maxBytes, isDuplex = false }: ForwardVerdict): void {
    this.#isDuplex = isDuplex
    const { hasBody } = this.#begun().head
    if (mode === 'none' || (mode === 'stream' && !hasBody)) return this.#forward(undefined)
    if (!hasBody) return this.#judgeBody(EMPTY)
    const said = this.#client.bodyLength
    if (said !== undefined && said > maxBytes) {
      return this.#fail('body_too_large', `content-length ${said}, limit ${maxBytes}`)
    }
    const { limits } = this.#edge
    this.#requestBody = new RequestBody(this.#client, { mode, maxBytes, limits, isDuplex })
    if (mode === 'stream') this.#forward(this.#requestBody.upload)
    else this.#enter('reading', limits.bufferedBodyMs)
    this.#client.startBody()
  }

  #judgeBody(body: Buffer): void {
    const exchange = this.#begun()
    exchange.bodyBytes = body
    this.#phase = 'deciding'
    this.#await(this.#edge.core.decideBody(exchange, body), ExchangeDriver.#bodyStep)
  }

  #onBody(verdict: BodyVerdict): void {
    if (verdict.kind === 'answer') return this.#send(verdict.answer)
    this.#forward(this.#begun().bodyBytes)
  }

  #forward(body: Buffer | Readable | undefined, upgrade?: string): void {
    const request = this.#edge.core.upstreamRequest(this.#begun())
    // A streamed body keeps the client's length; without one it is chunked anew.
    const streamedBytes =
      body === undefined || body instanceof Buffer ? undefined : this.#client.bodyLength
    const plan = { request, body, streamedBytes, upgrade, events: this }
    this.#call = this.#edge.upstreams.call(plan)
    if (this.#call === undefined) return this.#fail('upstream_refused', request.upstream)
    this.#enter('waiting', request.firstByteMs)
    this.#calledAt = performance.now()
    this.#call.start()
  }

  bodyData(chunk: Buffer): void {
    const body = this.#requestBody
    if (body === undefined || this.#phase === 'over' || this.#phase === 'answered') return
    this.#bytesIn += chunk.length
    this.#clocks.moved()
    if (this.#phase === 'reading' && !this.#share.hold(chunk.length))
      return this.#fail('overloaded', NO_ROOM)
    if (!body.take(chunk))
      this.#fail('body_too_large', `more than ${body.bytes - chunk.length} bytes`)
  }

  bodyEnd(trailers?: readonly string[]): void {
    const whole = this.#requestBody?.complete(trailers)
    if (this.#phase !== 'reading' || whole === undefined) return
    this.#attempt(() => this.#judgeBody(whole))
  }

  get stage(): 'open' | 'answering' | 'answered' {
    const isHandedOver = this.#phase === 'answered' && this.#client.coded?.isBusy !== true
    if (isHandedOver || this.#phase === 'over') return 'answered'
    return this.#phase === 'tunnel' || this.#response?.kind === 'stream' ? 'answering' : 'open'
  }

  uploadTrailers(): readonly string[] {
    return this.#edge.core.requestTrailers(this.#begun(), this.#requestBody?.trailers ?? NONE)
  }

  clientGone(): void {
    // A tunnel reports its own end, with what passed through it.
    if (this.#phase === 'over' || this.#phase === 'tunnel') return
    if (this.exchange !== undefined) this.exchange.abortedBy ??= 'client'
    this.#end()
  }

  clientDrained(): void {
    if (this.#client.coded?.clientDrained() === false) return
    this.#clocks.hold(false)
    this.#call?.resume()
  }

  clientFlushed(): void {
    this.#end()
  }

  upstreamHead(status: number, rawHeaders: readonly string[]): void {
    if (this.#phase !== 'waiting') return
    try {
      const exchange = this.#begun()
      exchange.upstreamMs = performance.now() - this.#calledAt
      this.#responseLength = contentLength(rawHeaders)
      // Silence before the verdict is the core's own doing; afterwards it is the upstream's.
      this.#enter('streaming', idleLimitMs(rawHeaders, this.#edge.limits, this.#isDuplex))
      const verdict = this.#edge.core.decideResponseHead(exchange, status, rawHeaders)
      if (isPromise(verdict)) this.#call?.pause()
      this.#await(verdict, ExchangeDriver.#responseStep)
    } catch (error) {
      this.#defect(error)
    }
  }

  #onResponse(verdict: ResponseVerdict): void {
    if (verdict.kind === 'answer') return this.#send(verdict.answer)
    const length = this.#responseLength
    if (verdict.kind === 'stream') {
      const parts = { length, share: this.#share, events: this }
      this.#client = beginAnswer(this.#client, verdict, parts)
    } else if (length !== undefined && length > verdict.maxBodyBytes) {
      return this.#fail('response_too_large', `content-length ${length}`)
    } else {
      this.#clocks.limitWhole(this.#edge.limits.bufferedResponseMs)
    }
    this.#response = verdict
    const early = this.#responseChunks
    this.#responseChunks = []
    for (const chunk of early) this.#take(chunk, verdict)
    if (this.#isResponseEnded) this.#complete(verdict)
    else this.#call?.resume()
  }

  upstreamData(chunk: Buffer): boolean {
    if (this.#phase !== 'streaming') return true
    this.#clocks.moved()
    // The client library may deliver what it had already read although the call is paused.
    if (this.#response === undefined) this.#responseChunks.push(chunk)
    else this.#take(chunk, this.#response)
    return this.#response?.kind === 'stream' && this.#client.isFlushed === true
  }

  #take(chunk: Buffer, verdict: ResponseVerdict): void {
    if (this.#phase !== 'streaming') return
    this.#bytesOut += chunk.length
    if (verdict.kind === 'stream') {
      if (verdict.watch?.(chunk) === false) return this.#fail('upstream_leak', 'in a stream')
      // The last bytes and the end in one write.
      const isWhole = this.#bytesOut === this.#responseLength && this.#call?.mayTrail !== true
      if (isWhole) return this.#close(this.#client.end(chunk))
      if (this.#client.write(chunk)) return
      // The client is slow now; its own stall timer watches it.
      this.#clocks.hold(true)
      return this.#call?.pause()
    }
    this.#responseChunks.push(chunk)
    if (!this.#share.hold(chunk.length)) return this.#fail('overloaded', NO_ROOM)
    if (verdict.kind === 'buffer' && this.#bytesOut > verdict.maxBodyBytes) {
      this.#fail('response_too_large', `more than ${verdict.maxBodyBytes} bytes`)
    }
  }

  upstreamEnd(trailers: readonly string[] = NONE): void {
    if (this.#phase !== 'streaming') return
    this.#trailers = trailers
    this.#isResponseEnded = true
    const verdict = this.#response
    if (verdict !== undefined) this.#attempt(() => this.#complete(verdict))
  }

  #complete(verdict: ResponseVerdict): void {
    if (this.#phase !== 'streaming') return
    if (verdict.kind === 'stream') {
      const trailers = this.#edge.core.responseTrailers(this.#begun(), this.#trailers)
      return this.#close(this.#client.end(undefined, trailers))
    }
    const body = joined(this.#responseChunks)
    this.#responseChunks = []
    this.#phase = 'deciding'
    this.#await(this.#edge.core.decideResponseBody(this.#begun(), body), ExchangeDriver.#answerStep)
  }

  upstreamError(cause: FailureCause, detail: string): void {
    if (this.#phase !== 'waiting' && this.#phase !== 'streaming') return
    this.#fail(cause, detail)
  }

  upstreamUpgrade(rawHeaders: readonly string[], socket: Duplex): void {
    this.#upgraded = socket
    // The close that follows an error ends the exchange; without a listener the error would end the process.
    socket.on('error', () => socket.destroy())
    this.#attempt(() => {
      this.#enter('streaming', 0)
      const verdict = this.#edge.core.decideResponseHead(this.#begun(), 101, rawHeaders)
      this.#await(verdict, ExchangeDriver.#tunnelStep)
    })
  }

  #onUpgraded(verdict: ResponseVerdict): void {
    const { upgrade } = this.#ports
    if (verdict.kind === 'answer') return this.#send(verdict.answer)
    if (verdict.kind === 'buffer' || upgrade === undefined || this.#upgraded === undefined) {
      return this.#fail('defect', 'a switch of protocols cannot be buffered')
    }
    this.#share.leave()
    this.#phase = 'tunnel'
    upgrade.open(verdict.answer, this.#upgraded, (bytesIn, bytesOut) => {
      this.#bytesIn = bytesIn
      this.#bytesOut = bytesOut
      this.#end()
    })
  }

  #send(answer: Answer): void {
    if (this.#phase === 'over' || this.#phase === 'answered') return
    this.#call?.abort(GONE)
    this.#requestBody?.discard()
    this.#bytesOut = answer.body === undefined ? 0 : Buffer.byteLength(answer.body)
    this.#phase = 'answered'
    this.#close(this.#client.answer(answer))
  }

  /** The answer was handed to the connection; `isFlushed`: and left it. */
  #close(isFlushed: boolean): void {
    this.#phase = 'answered'
    if (isFlushed) this.#end()
  }

  #fail(cause: FailureCause, detail: string): void {
    if (this.#phase === 'over' || this.#phase === 'answered') return
    if (this.#response?.kind === 'stream') {
      // The head is gone: the only honest end is a broken one.
      this.#begun().abortedBy = cause === 'client_too_slow' ? 'client' : 'upstream'
      this.#edge.core.fail(this.#begun(), cause, detail)
      this.#client.destroy()
      return this.#end()
    }
    this.#send(this.#edge.core.fail(this.#begun(), cause, detail))
  }

  #attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#defect(error)
    }
  }

  #defect(error: unknown): void {
    if (this.#phase === 'over') return
    try {
      if (this.exchange === undefined || this.#phase === 'answered') throw error
      this.#fail('defect', error instanceof Error ? (error.stack ?? error.message) : String(error))
    } catch {
      // The core failed at failing, or the answer it gave cannot be written.
      answerLast(this.#client)
      this.#end()
    }
  }

  #begun(): Exchange {
    if (this.exchange !== undefined) return this.exchange
    throw new Error('the exchange has not begun')
  }

  #end(): void {
    if (this.#phase === 'over') return
    const wasAnswered = this.#phase === 'answered'
    this.#phase = 'over'
    this.#share.end()
    this.#client.coded?.release()
    this.#edge.sweeper.remove(this)
    this.#ports.connection.leave(this)
    if (!wasAnswered) this.#call?.abort(GONE)
    this.#upgraded?.destroy()
    this.#requestBody?.discard()
    if (this.exchange === undefined) return
    this.exchange.bytesIn = this.#bytesIn
    this.exchange.bytesOut = this.#client.coded?.bytesOut ?? this.#bytesOut
    endSafely(this.#edge.core, this.exchange)
  }

  #enter(phase: 'reading' | 'waiting' | 'streaming', limitMs: number): void {
    this.#phase = phase
    this.#clocks.enter(limitMs, phase !== 'reading')
  }

  sweep(nowMs: number): void {
    const phase = this.#phase
    if (phase !== 'reading' && phase !== 'waiting' && phase !== 'streaming') return
    const isSlow = this.#requestBody?.isTooSlow(nowMs) === true
    if (!isSlow && !this.#clocks.isPast(nowMs)) return
    const isClients = isSlow || this.#requestBody?.isAwaited === true
    if (!isClients) this.#call?.abort(UPSTREAM_SILENT)
    const cause = isClients ? 'client_too_slow' : 'upstream_timeout'
    const detail = isSlow ? 'body below the least rate' : `${phase} too long`
    this.#attempt(() => this.#fail(cause, detail))
  }
}
