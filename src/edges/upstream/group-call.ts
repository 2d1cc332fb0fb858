import type { Duplex } from 'node:stream'
import type { FailureCause, UpstreamRequest } from '../../gateway/core.ts'
import type { CallEvents, CallPlan, UpstreamCall } from '../exchange/upstream-port.ts'
import { UPSTREAM_SILENT } from '../exchange/upstream-port.ts'
import type { Origin } from './origin.ts'

/** What a call needs of the upstream it goes to. */
export interface Chooser {
  /** The origin for the next attempt, entered, one that was not tried if there is any; `undefined` when none may be asked. */
  choose(nowMs: number, tried: readonly Origin[]): Origin | undefined
  /** Whether a request may be sent once more, and counts it. */
  mayRetry(nowMs: number): boolean
  /** Whether there is an origin that was not tried. */
  hasOther(tried: readonly Origin[]): boolean
}

/** What a gateway in front of the origin says, or the origin about itself: it cannot serve now (RFC 9110 15.6.3-5). */
function isFailing(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

const NONE: Origin[] = []

/** One request to an upstream: the choice of the origin, a second attempt where it is safe, and what was learned. */
export class GroupCall implements UpstreamCall, CallEvents {
  readonly #chooser: Chooser
  readonly #plan: CallPlan
  readonly #isRepeatable: boolean
  #origin: Origin | undefined = undefined
  #call: UpstreamCall | undefined = undefined
  #isJudged = false
  /** It was sent twice already, to the same origin. */
  #isResent = false
  #isOver = false
  #tried: Origin[] = NONE

  constructor(chooser: Chooser, plan: CallPlan, retries: boolean) {
    this.#chooser = chooser
    this.#plan = plan
    const { method } = plan.request
    // RFC 9110 section 9.2.2; what has a body is not kept for a second time.
    this.#isRepeatable =
      retries &&
      (method === 'GET' || method === 'HEAD') &&
      plan.body === undefined &&
      plan.upgrade === undefined
  }

  start(nowMs: number = performance.now()): void {
    this.#attempt(nowMs)
  }

  #attempt(nowMs: number): void {
    const origin = this.#chooser.choose(nowMs, this.#tried)
    if (origin === undefined) {
      queueMicrotask(() => this.#giveUp('breaker_open', 'every origin is left alone for now'))
      return
    }
    this.#origin = origin
    this.#isJudged = false
    this.#call = origin.pool.call(this.#planFor(origin))
    this.#call.start(nowMs)
  }

  #planFor(origin: Origin): CallPlan {
    const { request, body, streamedBytes, upgrade } = this.#plan
    return {
      request: requestTo(origin, request),
      body,
      streamedBytes,
      upgrade,
      events: this,
    }
  }

  abort(reason: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#judge(reason === UPSTREAM_SILENT ? 'failed' : 'neutral')
    this.#release()
    this.#call?.abort(reason)
  }

  pause(): void {
    this.#call?.pause()
  }

  resume(): void {
    this.#call?.resume()
  }

  get mayTrail(): boolean {
    return this.#call?.mayTrail === true
  }

  upstreamHead(status: number, rawHeaders: readonly string[]): void {
    const nowMs = performance.now()
    this.#judge(isFailing(status) ? 'failed' : 'ok', nowMs)
    this.#plan.events.upstreamHead(status, rawHeaders, nowMs)
  }

  upstreamData(chunk: Buffer): boolean | void {
    return this.#plan.events.upstreamData(chunk)
  }

  upstreamEnd(trailers?: readonly string[]): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#release()
    this.#plan.events.upstreamEnd(trailers)
  }

  uploadTrailers(): readonly string[] {
    return this.#plan.events.uploadTrailers?.() ?? []
  }

  /** A second attempt like any other: an origin that breaks its connections must not double its load. */
  mayResend(): boolean {
    if (this.#isResent || this.#tried.length > 0) return false
    this.#isResent = this.#chooser.mayRetry(performance.now())
    return this.#isResent
  }

  upstreamError(cause: FailureCause, detail: string, isUnanswered = false): void {
    if (this.#isOver) return
    const nowMs = performance.now()
    const failed = this.#origin
    this.#judge(this.#saysNothing(cause) ? 'neutral' : 'failed', nowMs)
    this.#release()
    if (failed === undefined || !isUnanswered || !this.#mayTryAgain(cause, failed, nowMs))
      return this.#giveUp(cause, detail)
    // Not from within the pool's own clean-up.
    queueMicrotask(() => {
      if (!this.#isOver) this.#attempt(nowMs)
    })
  }

  /**
   * A request that our own side could not send, or had no connection for, says nothing of the origin. Nor does a
   * connection that broke in the middle of an upload: the origin may well have refused it, and the reset that follows
   * takes its answer along. Callers choose what they upload; they must not shut the API off for others.
   */
  #saysNothing(cause: FailureCause): boolean {
    const { body } = this.#plan
    const isUploading = body !== undefined && !Buffer.isBuffer(body) && !body.readableEnded
    return (
      cause === 'defect' || cause === 'overloaded' || (cause === 'upstream_protocol' && isUploading)
    )
  }

  /** What was refused at the door was never sent: another origin may get it, whatever it asks for. */
  #mayTryAgain(cause: FailureCause, failed: Origin, nowMs: number): boolean {
    this.#tried = [...this.#tried, failed]
    const { body } = this.#plan
    const isUnsent = cause === 'upstream_refused' && (body === undefined || body instanceof Buffer)
    if (isUnsent && this.#chooser.hasOther(this.#tried)) return true
    const isTransient = cause !== 'defect' && cause !== 'overloaded' && cause !== 'upstream_tls'
    if (!isTransient || !this.#isRepeatable || this.#isResent || this.#tried.length > 1)
      return false
    return this.#chooser.mayRetry(nowMs)
  }

  upstreamUpgrade(rawHeaders: readonly string[], socket: Duplex): void {
    this.#judge('ok')
    const origin = this.#origin
    this.#origin = undefined
    this.#isOver = true
    socket.once('close', () => origin?.leave())
    this.#plan.events.upstreamUpgrade(rawHeaders, socket)
  }

  #giveUp(cause: FailureCause, detail: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#plan.events.upstreamError(cause, detail)
  }

  #judge(outcome: 'ok' | 'failed' | 'neutral', nowMs: number = performance.now()): void {
    if (this.#isJudged || this.#origin === undefined) return
    this.#isJudged = true
    this.#origin.judge(outcome, nowMs)
  }

  #release(): void {
    this.#origin?.leave()
    this.#origin = undefined
  }
}

/** `Host` names the origin that was chosen (RFC 9110 section 7.2); it is the first field of the list. */
function requestTo(origin: Origin, request: UpstreamRequest): UpstreamRequest {
  if (request.headers[0] !== 'host' || request.headers[1] === origin.host) return request
  return { ...request, headers: ['host', origin.host, ...request.headers.slice(2)] }
}
