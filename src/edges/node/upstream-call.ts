import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { UpstreamRequest } from '../../gateway/core.ts'
import type { DispatchRequest, Upstream } from './upstream.ts'
import { isStaleConnection } from './upstream.ts'

/** What the owner of a call hears; every method is called outside of the owner's own calls and may throw. */
export interface CallEvents {
  /** The final response head; 1xx are swallowed. `rawHeaders` is a flat list. */
  upstreamHead(status: number, rawHeaders: readonly string[]): void
  upstreamData(chunk: Buffer): void
  upstreamEnd(): void
  /** Nothing follows. */
  upstreamError(error: Error): void
  /** The upstream switched protocols (101); the socket is the owner's. */
  upstreamUpgrade(rawHeaders: readonly string[], socket: Duplex): void
}

/** Informational responses taken before the final one; more is a flood. */
const MAX_INFORMATIONAL = 16

/** One request to an upstream: undici's handler, without streams or promises. */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #upstream: Upstream
  readonly #options: DispatchRequest
  readonly #events: CallEvents
  #controller: Dispatcher.DispatchController | undefined = undefined
  #abortReason: Error | undefined = undefined
  #isAnswered = false
  #isOver = false
  #mayRetry: boolean
  #informational = 0

  constructor(
    upstream: Upstream,
    request: UpstreamRequest,
    plan: {
      readonly body: Buffer | Readable | undefined
      /** Length of a streamed body where it is known; else it is chunked. */
      readonly streamedBytes: number | undefined
      readonly upgrade: string | undefined
      readonly events: CallEvents
    },
  ) {
    this.#upstream = upstream
    this.#events = plan.events
    this.#options = {
      origin: upstream.origin,
      servername: upstream.servername,
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
    this.#upstream.pool.dispatch(this.#options, this)
  }

  /** Ends the call; no event follows. */
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

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.upstreamEnd()
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
    if (this.#mayRetry && !this.#isAnswered && isStaleConnection(error)) {
      this.#mayRetry = false
      this.#controller = undefined
      // Not from within the client library's own clean-up.
      queueMicrotask(() => {
        if (!this.#isOver) this.start()
      })
      return
    }
    this.#isOver = true
    this.#events.upstreamError(error)
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
