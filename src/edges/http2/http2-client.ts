import type { ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Answer } from '../../gateway/core.ts'
import type { ClientEnd, ClientEvents } from '../exchange/client.ts'
import { isBodiless } from '../exchange/client.ts'
import type { EdgeLimits } from '../exchange/limits.ts'

/** Fields that only mean something on one HTTP/1.1 connection (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'content-length',
])

/** Makes Node reset the stream with INTERNAL_ERROR. */
const CUT = new Error('the answer broke off')

/** What is known of an HTTP/2 request beyond its stream. */
export interface Http2Context {
  readonly limits: EdgeLimits
  readonly method: string
  readonly bodyLength: number | undefined
  /** The client waits for `100 Continue`. */
  readonly expectsContinue: boolean
}

/** The client's side of an exchange over HTTP/2: one stream. */
export class Http2Client implements ClientEnd {
  readonly #stream: ServerHttp2Stream
  readonly #context: Http2Context
  #events: ClientEvents | undefined = undefined
  #isContinueOwed: boolean
  #isEnded = false

  constructor(stream: ServerHttp2Stream, context: Http2Context) {
    this.#stream = stream
    this.#context = context
    this.#isContinueOwed = context.expectsContinue
  }

  get bodyLength(): number | undefined {
    return this.#context.bodyLength
  }

  attach(events: ClientEvents): void {
    this.#events = events
    this.#stream.on('close', () => {
      if (this.#isEnded && this.#stream.writableFinished) events.clientFlushed()
      else events.clientGone()
    })
    // A reset by the client is an ordinary end; `close` follows.
    this.#stream.on('error', () => this.#stream.destroy())
    this.#stream.on('timeout', () => this.destroy())
  }

  startBody(): void {
    if (this.#isContinueOwed && this.#isOpen) {
      this.#isContinueOwed = false
      this.#stream.additionalHeaders({ ':status': 100 })
    }
    this.#stream.on('data', (chunk: Buffer) => this.#events?.bodyData(chunk))
    this.#stream.on('end', () => this.#events?.bodyEnd())
  }

  pauseBody(): void {
    this.#stream.pause()
  }

  resumeBody(): void {
    this.#stream.resume()
  }

  answer(answer: Answer): boolean {
    const { status, body } = answer
    const isHead = this.#context.method === 'HEAD'
    const length = body === undefined ? 0 : Buffer.byteLength(body)
    const isLengthSaid = !isBodiless(status) && !(isHead && length === 0)
    const isEmpty = isHead || isBodiless(status) || length === 0
    this.#respond(answer, isLengthSaid ? length : undefined, isEmpty)
    return this.#finish(isEmpty ? undefined : body)
  }

  head(answer: Answer, length: number | undefined): void {
    this.#respond(answer, isBodiless(answer.status) ? undefined : length, false)
  }

  write(chunk: Buffer): boolean {
    if (!this.#isOpen || this.#stream.write(chunk)) return true
    this.#stream.setTimeout(this.#context.limits.writeStallMs)
    this.#stream.once('drain', () => {
      this.#stream.setTimeout(0)
      this.#events?.clientDrained()
    })
    return false
  }

  end(lastChunk: Buffer | undefined): boolean {
    return this.#finish(lastChunk)
  }

  destroy(): void {
    // `close` with an error code would first end the stream, and a truncated answer would look whole.
    if (!this.#stream.destroyed) this.#stream.destroy(CUT)
  }

  get #isOpen(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed
  }

  #respond(answer: Answer, length: number | undefined, endStream: boolean): void {
    if (!this.#isOpen) return
    const raw: string[] = [':status', String(answer.status)]
    for (let i = 0; i + 1 < answer.headers.length; i += 2) {
      const name = (answer.headers[i] ?? '').toLowerCase()
      if (!CONNECTION_FIELDS.has(name)) raw.push(name, answer.headers[i + 1] ?? '')
    }
    if (length !== undefined) raw.push('content-length', String(length))
    this.#stream.respond(raw, { endStream })
  }

  #finish(body: Buffer | string | undefined): boolean {
    this.#isEnded = true
    if (!this.#isOpen) return false
    this.#stream.setTimeout(this.#context.limits.writeStallMs)
    this.#stream.end(body)
    // RFC 9113 section 8.1: the answer is whole, the rest of the request is not wanted.
    if (!this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR)
    return false
  }
}
