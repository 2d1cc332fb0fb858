import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../../gateway/core.ts'
import type { ClientEnd, ClientEvents } from '../exchange/client.ts'
import { isBodiless } from '../exchange/client.ts'
import type { Connection } from '../exchange/connection.ts'
import type { EdgeLimits } from '../exchange/limits.ts'

/** What the HTTP/1.1 side of a listener knows about a request beyond its message. */
export interface Http1Context {
  readonly connection: Connection
  /** `isClosing`: the listener takes no further requests. */
  readonly edge: { readonly context: { readonly limits: EdgeLimits }; readonly isClosing: boolean }
  readonly hasBody: boolean
  readonly bodyLength: number | undefined
  /** The client waits for `100 Continue`. */
  readonly expectsContinue: boolean
  /** The connection carries no further request after this one. */
  readonly isLast: boolean
}

/** Larger bodies cost more to copy than a second buffer costs to write. */
const MAX_JOINED_BYTES = 16_384

/** The client's side of an exchange over HTTP/1.1. */
export class Http1Client implements ClientEnd {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #context: Http1Context
  #events: ClientEvents | undefined = undefined
  #isBodyRead: boolean
  #isContinueOwed: boolean
  /** The body of this answer ends by its length, so that the client can read it whole while the rest is drained. */
  #isSelfDelimited = true
  #closes = false
  #listensForDrain = false

  constructor(request: IncomingMessage, response: ServerResponse, context: Http1Context) {
    this.#request = request
    this.#response = response
    this.#context = context
    this.#isBodyRead = !context.hasBody
    this.#isContinueOwed = context.expectsContinue
  }

  get bodyLength(): number | undefined {
    return this.#context.bodyLength
  }

  attach(events: ClientEvents): void {
    this.#events = events
  }

  startBody(): void {
    if (this.#isContinueOwed) {
      this.#isContinueOwed = false
      this.#response.writeContinue()
    }
    this.#request.on('data', (chunk: Buffer) => this.#events?.bodyData(chunk))
    this.#request.on('end', () => {
      this.#isBodyRead = true
      this.#events?.bodyEnd()
    })
  }

  pauseBody(): void {
    this.#request.pause()
  }

  resumeBody(): void {
    this.#request.resume()
  }

  answer(answer: Answer): boolean {
    const { status, body } = answer
    const isHead = this.#request.method === 'HEAD'
    const length = body === undefined ? 0 : Buffer.byteLength(body)
    // A HEAD answer without content says nothing about the length that GET would have.
    const isLengthSaid = !isBodiless(status) && !(isHead && length === 0)
    this.#writeHead(answer, isLengthSaid ? length : undefined)
    return this.#finish(isHead || isBodiless(status) || length === 0 ? undefined : body)
  }

  head(answer: Answer, length: number | undefined): void {
    const isBodied = !isBodiless(answer.status)
    this.#isSelfDelimited = !isBodied || length !== undefined || this.#request.method === 'HEAD'
    this.#writeHead(answer, isBodied ? length : undefined)
    // The head must not wait for the first byte of an answer that comes in its own time.
    if (length === undefined) setImmediate(flushHead, this.#response)
  }

  write(chunk: Buffer): boolean {
    if (this.#response.write(chunk)) return true
    if (!this.#listensForDrain) {
      this.#listensForDrain = true
      this.#response.on('drain', () => {
        this.#context.connection.socket.setTimeout(0)
        this.#events?.clientDrained()
      })
    }
    this.#watchStall()
    return false
  }

  end(lastChunk: Buffer | undefined, trailers: readonly string[] = []): boolean {
    if (trailers.length > 0 && this.#takesTrailers) this.#response.addTrailers(pairs(trailers))
    return this.#finish(lastChunk)
  }

  destroy(): void {
    this.#context.connection.socket.destroy()
  }

  /** Node sends trailers only where the body is chunked; others must be asked for (RFC 9110 section 6.5.1). */
  get #takesTrailers(): boolean {
    const { te = '' } = this.#request.headers
    return String(te)
      .split(',')
      .some((one) => one.trim().toLowerCase() === 'trailers')
  }

  get #limits(): EdgeLimits {
    return this.#context.edge.context.limits
  }

  #writeHead(answer: Answer, length: number | undefined): void {
    const headers = answer.headers.slice()
    if (length !== undefined) headers.push('Content-Length', String(length))
    const { edge, isLast, connection } = this.#context
    const isOver = answer.close || isLast || edge.isClosing || !this.#response.shouldKeepAlive
    this.#closes = isOver || !this.#canSkipBody()
    if (this.#closes) {
      headers.push('Connection', 'close')
      connection.isLast = true
    }
    this.#response.writeHead(answer.status, headers)
  }

  /** Whether the connection survives an answer given now: the rest of the body is none, or small and on its way. */
  #canSkipBody(): boolean {
    if (this.#isBodyRead || this.#request.complete) return true
    const { bodyLength } = this.#context
    return (
      !this.#isContinueOwed && bodyLength !== undefined && bodyLength <= this.#limits.drainBytes
    )
  }

  #finish(body: Buffer | string | undefined): boolean {
    const isUnread = !this.#isBodyRead && !this.#request.complete
    if (isUnread && this.#closes && this.#isSelfDelimited && !this.#isContinueOwed) {
      this.#endAfterDraining(body)
      return true
    }
    if (isUnread && !this.#closes) this.#boundSkipping()
    this.#endWith(body)
    if (this.#response.writableLength === 0) return true
    this.#watchStall()
    this.#response.once('finish', () => this.#events?.clientFlushed())
    return false
  }

  /** Head and a small body leave in one write: Node joins them when both are text (latin1 keeps every byte). */
  #endWith(body: Buffer | string | undefined): void {
    const isJoinable = body instanceof Buffer && body.length <= MAX_JOINED_BYTES
    if (isJoinable) this.#response.end(body.toString('latin1'), 'latin1')
    else this.#response.end(body)
  }

  /**
   * Hands the answer over, then reads a bounded rest of the body before closing: a close with unread bytes makes the
   * kernel reset the connection, and the client may lose the answer (RFC 9112 section 9.6).
   */
  #endAfterDraining(body: Buffer | string | undefined): void {
    const limits = this.#limits
    if (body === undefined) this.#response.flushHeaders()
    else this.#response.write(body)
    const done = (): void => {
      clearTimeout(timer)
      this.#response.end()
    }
    const timer = setTimeout(done, limits.drainMs)
    let drained = 0
    this.#request.removeAllListeners('data')
    this.#request.on('data', (chunk: Buffer) => {
      drained += chunk.length
      if (drained > limits.drainBytes) done()
    })
    this.#request.on('end', done)
    this.#request.resume()
  }

  /** Node reads a skipped body to its end however slowly it comes; this ends the connection instead. */
  #boundSkipping(): void {
    const timer = setTimeout(() => {
      if (!this.#request.complete) this.#context.connection.socket.destroy()
    }, this.#limits.keepAliveMs)
    timer.unref()
  }

  /** The server's default answer to a socket timeout is to destroy the socket; slow progress resets it. */
  #watchStall(): void {
    this.#context.connection.socket.setTimeout(this.#limits.writeStallMs)
  }
}

/** One function for all. What was written or ended meanwhile took the head along. */
function flushHead(response: ServerResponse): void {
  if (!response.writableEnded && !response.destroyed) response.flushHeaders()
}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i + 1 < flat.length; i += 2) list.push([flat[i] ?? '', flat[i + 1] ?? ''])
  return list
}
