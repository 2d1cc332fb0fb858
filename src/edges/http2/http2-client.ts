import type { ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import { memo } from '../../base/memo.ts'
import type { Answer } from '../../gateway/core.ts'
import type { ClientEnd, ClientEvents } from '../exchange/client.ts'
import { isBodiless } from '../exchange/client.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import type { Swept, Sweeper } from '../exchange/sweeper.ts'
import type { SessionGuard } from './session-guard.ts'
import { trailerObject } from './trailers.ts'

/** Fields that only mean something on one HTTP/1.1 connection (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'content-length',
])

/** A field's name as it goes out; empty for those that stay behind. */
const wireName = memo(
  (name) => {
    const lower = name.toLowerCase()
    return CONNECTION_FIELDS.has(lower) ? '' : lower
  },
  { maxEntries: 1024, maxChars: 64 },
)

/** Makes Node reset the stream with INTERNAL_ERROR. */
const CUT = new Error('the answer broke off')

/** A larger body is handed over in pieces, so that a client that takes nothing can be told from a slow one. */
const PIECE_BYTES = 32_768

/** What is known of an HTTP/2 request beyond its stream. */
export interface Http2Context {
  readonly limits: EdgeLimits
  readonly sweeper: Sweeper
  readonly guard: SessionGuard
  readonly method: string
  readonly hasBody: boolean
  readonly bodyLength: number | undefined
  /** The client waits for `100 Continue`. */
  readonly expectsContinue: boolean
  /** The client said `te: trailers`. */
  readonly takesTrailers: boolean
}

/** The client's side of an exchange over HTTP/2: one stream. Its only timer is the sweeper's. */
export class Http2Client implements ClientEnd, Swept {
  readonly #stream: ServerHttp2Stream
  readonly #context: Http2Context
  #events: ClientEvents | undefined = undefined
  #isContinueOwed: boolean
  #isEnded = false
  /** We broke the stream off; its reset is no doing of the client. */
  #isCut = false
  #isRead = false
  #isWaiting = false
  #rest: Buffer | undefined = undefined
  #trailers: readonly string[] | undefined = undefined
  #afterTrailers: number | undefined = undefined
  #stalledMs = 0
  /** See `Swept`. */
  sweepIndex = -1

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
    // A reset by the client is an ordinary end; `close` follows.
    this.#stream.on('error', ignoreReset)
    const stream: OwnedStream = this.#stream
    stream[OWNER] = this
    stream.on('close', closeOwner)
  }

  startBody(): void {
    if (this.#isContinueOwed && this.#isOpen) {
      this.#isContinueOwed = false
      this.#stream.additionalHeaders({ ':status': 100 })
    }
    let trailers: readonly string[] | undefined
    this.#stream.on('trailers', (_headers, _flags, raw: readonly string[]) => {
      trailers = raw
      for (const part of raw) this.#context.guard.receivedTrailers(part.length)
    })
    this.#stream.on('data', (chunk: Buffer) => {
      this.#context.guard.received(chunk.length)
      this.#events?.bodyData(chunk)
    })
    this.#stream.on('end', () => {
      // A stream that is torn down ends too, and what came of its body is not the whole.
      if (this.#stream.aborted || this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
      this.#isRead = true
      this.#context.guard.receivedAll()
      this.#events?.bodyEnd(trailers)
    })
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
    const said = isLengthSaid ? length : undefined
    // RFC 9113 section 8.1.1: a malformed request is a stream error; the answer before it says why.
    if (answer.close && status === 400 && !isEmpty) {
      this.#afterTrailers = constants.NGHTTP2_PROTOCOL_ERROR
      this.#respond(answer, said, { waitForTrailers: true })
    } else this.#respond(answer, said, isEmpty ? END_STREAM : KEEP_OPEN)
    return this.#finish(isEmpty ? undefined : body)
  }

  head(answer: Answer, length: number | undefined): void {
    const isBodied = !isBodiless(answer.status) && this.#context.method !== 'HEAD'
    const mayTrail = isBodied && this.#context.takesTrailers
    const said = isBodiless(answer.status) ? undefined : length
    this.#respond(answer, said, mayTrail ? WITH_TRAILERS : KEEP_OPEN)
  }

  write(chunk: Buffer): boolean {
    this.#context.guard.sent()
    if (!this.#isOpen || this.#stream.write(chunk)) return true
    this.#awaitDrain()
    return false
  }

  end(lastChunk: Buffer | undefined, trailers?: readonly string[]): boolean {
    this.#trailers = trailers
    return this.#finish(lastChunk)
  }

  destroy(): void {
    this.#isCut = true
    // `close` with an error code would first end the stream, and a truncated answer would look whole.
    if (!this.#stream.destroyed) this.#stream.destroy(CUT)
  }

  sweep(nowMs: number): void {
    if (this.#stalledMs === 0) this.#stalledMs = nowMs
    else if (nowMs - this.#stalledMs >= this.#context.limits.writeStallMs) this.destroy()
  }

  get #isOpen(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed
  }

  /** The stream has gone. Nothing of the exchange is kept by it: Node keeps streams longer than they last. */
  closed(): void {
    const { sweeper, guard } = this.#context
    const events = this.#events
    this.#events = undefined
    sweeper.remove(this)
    guard.closed(!this.#isCut && this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR)
    if (this.#isEnded && this.#stream.writableFinished) events?.clientFlushed()
    else events?.clientGone()
  }

  #respond(answer: Answer, length: number | undefined, options: RespondOptions): void {
    if (!this.#isOpen) return
    const raw: string[] = [':status', String(answer.status)]
    for (let i = 0; i + 1 < answer.headers.length; i += 2) {
      const name = wireName(answer.headers[i] ?? '')
      if (name !== '') raw.push(name, answer.headers[i + 1] ?? '')
    }
    if (length !== undefined) raw.push('content-length', String(length))
    if (options.waitForTrailers) this.#stream.on('wantTrailers', () => this.#sendTrailers())
    this.#stream.respond(raw, options)
  }

  #finish(body: Buffer | string | undefined): boolean {
    this.#isEnded = true
    if (!this.#isOpen) return false
    this.#context.guard.sent()
    this.#stalledMs = 0
    this.#context.sweeper.add(this)
    if (body === undefined || body.length <= PIECE_BYTES) this.#endWith(body)
    else {
      this.#rest = typeof body === 'string' ? Buffer.from(body) : body
      this.#pump()
    }
    return false
  }

  #endWith(body: Buffer | string | undefined): void {
    this.#stream.end(body)
    // RFC 9113 section 8.1: the answer is whole, the rest of the request is not wanted.
    const isUnwanted = this.#context.hasBody && !this.#isRead
    if (isUnwanted && !this.#hasTrailersPending) this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }

  #pump(): void {
    let rest = this.#rest
    while (rest !== undefined && this.#isOpen) {
      if (rest.length <= PIECE_BYTES) {
        this.#rest = undefined
        return this.#endWith(rest)
      }
      const piece = rest.subarray(0, PIECE_BYTES)
      rest = rest.subarray(PIECE_BYTES)
      this.#rest = rest
      this.#context.guard.sent()
      if (!this.#stream.write(piece)) return this.#awaitDrain()
    }
  }

  #awaitDrain(): void {
    this.#stalledMs = 0
    this.#context.sweeper.add(this)
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.#stream.once('drain', () => this.#drained())
  }

  #drained(): void {
    this.#isWaiting = false
    this.#stalledMs = 0
    if (this.#rest !== undefined) return this.#pump()
    if (this.#isEnded) return
    this.#context.sweeper.remove(this)
    this.#events?.clientDrained()
  }

  get #hasTrailersPending(): boolean {
    return this.#stream.listenerCount('wantTrailers') > 0
  }

  /** The last byte was handed over: now the trailers, or the reset that follows an answer to a malformed request. */
  #sendTrailers(): void {
    if (!this.#isOpen) return
    if (this.#afterTrailers !== undefined) return this.#stream.close(this.#afterTrailers)
    this.#stream.sendTrailers(trailerObject(this.#trailers ?? []))
    if (!this.#context.hasBody || this.#isRead) return
    // Node sends trailers in the next turn; a reset before them would take their place.
    setImmediate(() => this.#stream.close(constants.NGHTTP2_NO_ERROR))
  }
}

interface RespondOptions {
  readonly endStream?: boolean
  readonly waitForTrailers?: boolean
}

const END_STREAM: RespondOptions = Object.freeze({ endStream: true })
const KEEP_OPEN: RespondOptions = Object.freeze({ endStream: false })
const WITH_TRAILERS: RespondOptions = Object.freeze({ waitForTrailers: true })

const OWNER = Symbol('owner')
type OwnedStream = ServerHttp2Stream & { [OWNER]?: Http2Client | undefined }

/** One function for all streams, not one for each. */
function closeOwner(this: OwnedStream): void {
  const owner = this[OWNER]
  this[OWNER] = undefined
  owner?.closed()
}

/** Without a listener an error would end the process. */
function ignoreReset(): void {}
