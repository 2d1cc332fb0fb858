import type { Readable } from 'node:stream'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import type {
  Answer,
  BodyVerdict,
  FailureCause,
  ForwardVerdict,
  HeadVerdict,
} from '../../gateway/core.ts'
import type { Exchange, RequestHead } from '../../pipeline/exchange.ts'
import type { AnswerHost, Phase, Step } from './answer-relay.ts'
import { AnswerRelay, NO_ROOM } from './answer-relay.ts'
import type { ClientEnd } from './client.ts'
import type { EdgeContext, ExchangePorts } from './edge-context.ts'
import { answerLast, endSafely } from './edge-context.ts'
import { ExchangeClocks } from './exchange-clocks.ts'
import { RequestBody } from './request-body.ts'
import { Share } from './share.ts'
import type { Swept } from './sweeper.ts'
import { UPSTREAM_SILENT } from './upstream-port.ts'

const EMPTY = Buffer.alloc(0)
const NONE: readonly string[] = []
const GONE = new Error('the exchange is over')

/**
 * Drives one exchange through the core: head, body, upstream, response head, response body, end. Synchronous from the
 * request's arrival to the upstream's socket when no verdict is a promise. `core.end` is called exactly once. The way
 * of the answer is the relay's.
 */
export class ExchangeDriver implements AnswerHost, Swept {
  readonly edge: EdgeContext
  readonly ports: ExchangePorts
  readonly share: Share
  readonly clocks: ExchangeClocks
  client: ClientEnd
  exchange: Exchange | undefined = undefined
  phase: Phase = 'deciding'
  isDuplex = false
  sweepIndex = -1
  /** A verdict is being waited for, and somebody still wants it. */
  #isUndecided = false
  #requestBody: RequestBody | undefined = undefined
  #relay: AnswerRelay | undefined = undefined
  #bytesIn = 0
  /** Bytes of an answer of the gateway's own, or of a tunnel. */
  #bytesOut: number | undefined = undefined

  constructor(edge: EdgeContext, ports: ExchangePorts) {
    this.edge = edge
    this.share = new Share(edge, ports.connection)
    this.clocks = new ExchangeClocks()
    this.ports = ports
    this.client = ports.client
  }

  /** Begins. Never throws. */
  start(head: RequestHead): void {
    const { core, upstreams, sweeper } = this.edge
    this.client.attach(this)
    this.ports.connection.enter(this)
    try {
      if (core.upstreams !== upstreams.services) upstreams.update(core.upstreams)
      this.exchange = core.begin(head)
      sweeper.add(this)
      if (!this.share.enter())
        return this.fail('overloaded', `${this.edge.inFlight} requests in flight`)
      this.decide(this, core.decideHead(this.exchange), ExchangeDriver.#headStep)
    } catch (error) {
      this.defect(error)
    }
  }

  // One function each, not one per request.
  static readonly #headStep: Step<ExchangeDriver, HeadVerdict> = (self, verdict) =>
    self.#onHead(verdict)
  static readonly #bodyStep: Step<ExchangeDriver, BodyVerdict> = (self, verdict) =>
    self.#onBody(verdict)

  // ---- verdicts ----

  decide<S, T>(self: S, verdict: MaybePromise<T>, next: Step<S, T>): void {
    if (isPromise(verdict)) void this.#later(self, verdict, next)
    else next(self, verdict)
  }

  async #later<S, T>(self: S, verdict: Promise<T>, next: Step<S, T>): Promise<void> {
    this.#isUndecided = true
    this.clocks.decide(true)
    try {
      const settled = await verdict
      if (!this.#isUndecided) return
      this.#isUndecided = false
      this.clocks.decide(false)
      next(self, settled)
    } catch (error) {
      this.defect(error)
    }
  }

  /** Nobody waits for the verdict any more: hooks that still run are told, and none runs after them. */
  #abandon(): void {
    if (!this.#isUndecided) return
    this.#isUndecided = false
    this.exchange?.abandon()
  }

  // ---- the request ----

  #onHead(verdict: HeadVerdict): void {
    if (verdict.kind === 'answer') return this.send(verdict.answer)
    if (verdict.kind === 'forward') return this.#takeBody(verdict)
    const { upgrade } = this.ports
    if (upgrade === undefined) return this.fail('defect', 'not an upgrade request')
    this.#forward(undefined, upgrade.protocol)
  }

  #takeBody({ body: mode, maxBodyBytes: maxBytes, isDuplex = false }: ForwardVerdict): void {
    this.isDuplex = isDuplex
    const { hasBody } = this.begun().head
    if (mode === 'none' || (mode === 'stream' && !hasBody)) return this.#forward(undefined)
    if (!hasBody) return this.#judgeBody(EMPTY)
    const said = this.client.bodyLength
    if (said !== undefined && said > maxBytes) {
      return this.fail('body_too_large', `content-length ${said}, limit ${maxBytes}`)
    }
    const { limits } = this.edge
    this.#requestBody = new RequestBody(this.client, { mode, maxBytes, limits, isDuplex })
    if (mode === 'stream') this.#forward(this.#requestBody.upload)
    else this.enter('reading', limits.bufferedBodyMs)
    this.client.startBody()
  }

  #judgeBody(body: Buffer): void {
    const exchange = this.begun()
    exchange.bodyBytes = body
    this.phase = 'deciding'
    this.decide(this, this.edge.core.decideBody(exchange, body), ExchangeDriver.#bodyStep)
  }

  #onBody(verdict: BodyVerdict): void {
    if (verdict.kind === 'answer') return this.send(verdict.answer)
    this.#forward(this.begun().bodyBytes)
  }

  #forward(body: Buffer | Readable | undefined, upgrade?: string): void {
    const request = this.edge.core.upstreamRequest(this.begun())
    // A streamed body keeps the client's length; without one it is chunked anew.
    const streamedBytes =
      body === undefined || body instanceof Buffer ? undefined : this.client.bodyLength
    const relay = new AnswerRelay(this)
    const call = this.edge.upstreams.call({ request, body, streamedBytes, upgrade, events: relay })
    if (call === undefined) return this.fail('upstream_refused', request.upstream)
    this.#relay = relay
    relay.start(call, request.firstByteMs)
  }

  bodyData(chunk: Buffer): void {
    const body = this.#requestBody
    if (body === undefined || this.phase === 'over' || this.phase === 'answered') return
    this.#bytesIn += chunk.length
    this.clocks.moved()
    if (this.phase === 'reading' && !this.share.hold(chunk.length))
      return this.fail('overloaded', NO_ROOM)
    if (!body.take(chunk))
      this.fail('body_too_large', `more than ${body.bytes - chunk.length} bytes`)
  }

  bodyEnd(trailers?: readonly string[]): void {
    const whole = this.#requestBody?.complete(trailers)
    if (this.phase !== 'reading' || whole === undefined) return
    this.attempt(() => this.#judgeBody(whole))
  }

  uploadTrailers(): readonly string[] {
    return this.edge.core.requestTrailers(this.begun(), this.#requestBody?.trailers ?? NONE)
  }

  // ---- the client ----

  get stage(): 'open' | 'answering' | 'answered' {
    const isHandedOver = this.phase === 'answered' && this.client.coded?.isBusy !== true
    if (isHandedOver || this.phase === 'over') return 'answered'
    return this.phase === 'tunnel' || this.#relay?.isStreamed === true ? 'answering' : 'open'
  }

  clientGone(): void {
    // A tunnel reports its own end, with what passed through it.
    if (this.phase === 'over' || this.phase === 'tunnel') return
    if (this.exchange !== undefined) this.exchange.abortedBy ??= 'client'
    this.#end()
  }

  clientDrained(): void {
    if (this.client.coded?.clientDrained() === false) return
    this.clocks.hold(false)
    this.#relay?.call?.resume()
  }

  clientFlushed(): void {
    this.#end()
  }

  tunnelEnded(bytesIn: number, bytesOut: number): void {
    this.#bytesIn = bytesIn
    this.#bytesOut = bytesOut
    this.#end()
  }

  // ---- answers and ends ----

  send(answer: Answer): void {
    if (this.phase === 'over' || this.phase === 'answered') return
    this.#relay?.call?.abort(GONE)
    this.#requestBody?.discard()
    this.#bytesOut = answer.body === undefined ? 0 : Buffer.byteLength(answer.body)
    this.phase = 'answered'
    this.close(this.client.answer(answer))
  }

  close(isFlushed: boolean): void {
    this.phase = 'answered'
    if (isFlushed) this.#end()
  }

  fail(cause: FailureCause, detail: string): void {
    if (this.phase === 'over' || this.phase === 'answered') return
    this.#abandon()
    const exchange = this.begun()
    if (this.#relay?.isStreamed === true) {
      // The head is gone: the only honest end is a broken one.
      exchange.abortedBy = cause === 'client_too_slow' ? 'client' : 'upstream'
      this.edge.core.fail(exchange, cause, detail)
      this.#relay.flush()
      this.client.destroy()
      return this.#end()
    }
    this.send(this.edge.core.fail(exchange, cause, detail))
  }

  attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.defect(error)
    }
  }

  defect(error: unknown): void {
    if (this.phase === 'over') return
    try {
      if (this.exchange === undefined || this.phase === 'answered') throw error
      this.fail('defect', error instanceof Error ? (error.stack ?? error.message) : String(error))
    } catch {
      // The core failed at failing, or the answer it gave cannot be written.
      answerLast(this.client)
      this.#end()
    }
  }

  begun(): Exchange {
    if (this.exchange !== undefined) return this.exchange
    throw new Error('the exchange has not begun')
  }

  #end(): void {
    if (this.phase === 'over') return
    const wasAnswered = this.phase === 'answered'
    this.phase = 'over'
    this.#abandon()
    this.share.end()
    this.client.coded?.release()
    this.edge.sweeper.remove(this)
    this.ports.connection.leave(this)
    if (!wasAnswered) this.#relay?.call?.abort(GONE)
    this.#relay?.release()
    this.#requestBody?.discard()
    if (this.exchange === undefined) return
    this.exchange.bytesIn = this.#bytesIn
    const { coded } = this.client
    this.exchange.bytesOut = coded?.bytesOut ?? this.#bytesOut ?? this.#relay?.bytes ?? 0
    endSafely(this.edge.core, this.exchange)
  }

  // ---- times ----

  enter(phase: 'reading' | 'waiting' | 'streaming', limitMs: number): void {
    this.phase = phase
    this.clocks.enter(limitMs, phase !== 'reading')
  }

  sweep(nowMs: number): void {
    if (this.clocks.hasDecidedFor(nowMs, this.edge.limits.decisionMs))
      return this.attempt(() => this.fail('decision_timeout', 'no verdict in time'))
    const { phase } = this
    if (this.#isUndecided) return
    if (phase !== 'reading' && phase !== 'waiting' && phase !== 'streaming') return
    const isSlow = this.#requestBody?.isTooSlow(nowMs) === true
    if (!isSlow && !this.clocks.isPast(nowMs)) return
    const isClients = isSlow || this.#requestBody?.isAwaited === true
    if (!isClients) this.#relay?.call?.abort(UPSTREAM_SILENT)
    const cause = isClients ? 'client_too_slow' : 'upstream_timeout'
    const detail = isSlow ? 'body below the least rate' : `${phase} too long`
    this.attempt(() => this.fail(cause, detail))
  }
}
