import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { failureCause, failureDetail } from '../exchange/upstream-errors.ts'
import type { CallEvents, CallPlan, UpstreamCall } from '../exchange/upstream-port.ts'
import { mayResend } from '../exchange/upstream-port.ts'

/** What undici's `dispatch` takes beyond its published type; `servername` pins the connection's name. */
interface DispatchRequest extends Dispatcher.DispatchOptions {
  readonly servername: string
}

/** The connections a call goes out on. */
export interface UndiciOrigin {
  readonly pool: Dispatcher
  readonly origin: string
  /** Name for the pool's bookkeeping: constant, so that no header decides to which name a connection belongs. */
  readonly servername: string
  /** Whether the error broke a connection that had carried an answer before. */
  isStale(error: Error): boolean
  /** No connection is to be used twice now. */
  readonly isWary: boolean
}

/** Informational responses taken before the final one; more is a flood. */
const MAX_INFORMATIONAL = 16

/** One request to an upstream: undici's handler, without streams or promises. */
export class UndiciCall implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly #pool: UndiciOrigin
  readonly #options: DispatchRequest
  readonly #events: CallEvents
  #controller: Dispatcher.DispatchController | undefined = undefined
  #abortReason: Error | undefined = undefined
  #isAnswered = false
  #isOver = false
  #mayRetry: boolean
  #informational = 0

  constructor(pool: UndiciOrigin, plan: CallPlan) {
    const { request } = plan
    this.#pool = pool
    this.#events = plan.events
    this.#options = {
      origin: pool.origin,
      servername: pool.servername,
      method: request.method,
      path: request.path,
      headers: withLength(request.headers, plan.streamedBytes),
      body: plan.body ?? null,
      upgrade: plan.upgrade ?? null,
    }
    // RFC 9110 section 9.2.2: an idempotent request may be sent again when the connection broke before the answer.
    const isSafe = request.method === 'GET' || request.method === 'HEAD'
    this.#mayRetry = isSafe && plan.body === undefined && plan.upgrade === undefined
  }

  start(): void {
    const { pool, isWary } = this.#pool
    const isOnly = isWary && this.#options.upgrade === null
    pool.dispatch(isOnly ? { ...this.#options, reset: true } : this.#options, this)
  }

  abort(reason: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#abortReason = reason
    this.#controller?.abort(reason)
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#abortReason !== undefined) controller.abort(this.#abortReason)
  }

  onResponseStarted(): void {
    this.#isAnswered = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#isOver) return
    if (status >= 200) {
      this.#events.upstreamHead(status, listed(headers))
      return
    }
    this.#informational++
    if (this.#informational > MAX_INFORMATIONAL) {
      controller.abort(new Error('too many informational responses'))
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isOver) this.#events.upstreamData(chunk)
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.upstreamEnd(listed(trailers))
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    _status: number,
    _headers: unknown,
    socket: Duplex,
  ): void {
    if (this.#isOver) {
      socket.destroy()
      return
    }
    this.#isOver = true
    this.#events.upstreamUpgrade(flatHeaders(controller.rawHeaders), socket)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isOver) return
    const isUnanswered = !this.#isAnswered
    if (isUnanswered && this.#mayRetry && this.#pool.isStale(error) && mayResend(this.#events)) {
      this.#mayRetry = false
      this.#controller = undefined
      // Not from within the client library's own clean-up.
      queueMicrotask(() => {
        if (!this.#isOver) this.start()
      })
      return
    }
    this.#isOver = true
    this.#events.upstreamError(failureCause(error), failureDetail(error), isUnanswered)
  }
}

function withLength(headers: readonly string[], bytes: number | undefined): string[] {
  // undici only reads the list.
  return bytes === undefined ? (headers as string[]) : [...headers, 'content-length', String(bytes)]
}

/** undici has read the fields once already: latin1, values of one name in order, names in lower case. */
function listed(headers: IncomingHttpHeaders): string[] {
  const flat: string[] = []
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (typeof value === 'string') flat.push(name, value)
    else for (const one of value ?? []) flat.push(name, one)
  }
  return flat
}

/** undici hands raw fields out as buffers; header bytes are latin1 (RFC 9110 section 5.5). */
function flatHeaders(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const flat: string[] = []
  if (!Array.isArray(raw)) return flat
  for (const part of raw) flat.push(typeof part === 'string' ? part : part.toString('latin1'))
  return flat
}
