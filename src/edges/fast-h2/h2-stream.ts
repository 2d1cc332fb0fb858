import type { Answer } from '../../gateway/core.ts'
import type { ClientEnd, ClientEvents } from '../exchange/client.ts'
import { isBodiless } from '../exchange/client.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import { trailerBlock } from './answer-fields.ts'
import { ContentQueue } from './content-queue.ts'
import { FIRST_WINDOW, H2_CODE, MAX_31_BITS } from './frames.ts'
import type { RequestFields } from './request-fields.ts'
import type { SessionOutput, Waiting } from './session-output.ts'
import { StallWatch } from './stall-watch.ts'
import { StreamBody } from './stream-body.ts'

/** The connection as one of its streams needs it. */
export interface StreamHome {
  readonly output: SessionOutput
  readonly limits: EdgeLimits
  /** A piece of an answer was sent, or the whole of one. */
  pieceSent(): void
  /** Content that had been kept was taken. */
  contentTaken(stream: H2Stream, bytes: number): void
  /** The answer is over. `code`: the client is told so with RST_STREAM. */
  streamOver(stream: H2Stream, code: number | undefined): void
}

/** Smaller frames of a larger piece are the doing of the client's window. */
const PIECE_BYTES = 1_024
/** A 100 has no length, and needs no date (RFC 9110 section 6.6.1). */
const CONTINUE = { length: undefined, isDated: false }
// eslint-disable-next-line no-control-regex -- the question is exactly whether all is ASCII
const NOT_ASCII = /[^\u0000-\u007f]/

/** The client's side of an exchange over HTTP/2: one stream. */
export class H2Stream implements ClientEnd, Waiting {
  readonly id: number
  readonly body: StreamBody
  readonly #home: StreamHome
  readonly #request: RequestFields
  readonly #isHead: boolean
  readonly #queue = new ContentQueue()
  readonly #stall: StallWatch
  #events: ClientEvents | undefined = undefined
  #window: number
  #isContinueOwed: boolean
  #mayTrail = false
  /** The driver was told to wait until there is room. */
  #isSlow = false
  /** All of the answer was handed over. */
  #isEnding = false
  #trailers = ''
  /** What ends the stream in place of END_STREAM. */
  #lastCode: number | undefined = undefined
  /** Nothing is sent any more. */
  #isOver = false
  /** Body bytes that were taken, and not given back to the client's window yet. */
  #owedBytes = 0

  constructor(
    home: StreamHome,
    request: RequestFields,
    plan: { readonly id: number; readonly window: number; readonly hasBody: boolean },
  ) {
    this.#home = home
    this.#request = request
    this.id = plan.id
    this.#window = plan.window
    this.#isHead = request.method === 'HEAD'
    this.#isContinueOwed = request.expectsContinue && plan.hasBody
    this.#stall = new StallWatch(home.limits)
    this.body = new StreamBody({
      length: request.bodyLength,
      window: FIRST_WINDOW,
      isEmpty: !plan.hasBody,
      onTaken: (bytes) => this.#home.contentTaken(this, bytes),
    })
  }

  get bodyLength(): number | undefined {
    return this.#request.bodyLength
  }

  attach(events: ClientEvents): void {
    this.#events = events
  }

  // ---- the request's body ----

  startBody(): void {
    if (this.#isOver || this.#events === undefined) return
    if (this.#isContinueOwed) {
      this.#isContinueOwed = false
      const { output } = this.#home
      output.sendFields(this.id, output.encoder.encode(100, [], CONTINUE), false)
    }
    this.body.open(this.#events)
  }

  pauseBody(): void {
    this.body.hold()
  }

  resumeBody(): void {
    this.body.resume()
  }

  /** So many bytes of the client's window were taken. @returns what to give back now; 0: not worth a frame yet. */
  owe(bytes: number): number {
    this.#owedBytes += bytes
    if (this.body.isWhole || this.#isOver || this.#owedBytes < FIRST_WINDOW >> 1) return 0
    const owed = this.#owedBytes
    this.#owedBytes = 0
    this.body.grant(owed)
    return owed
  }

  // ---- the answer ----

  answer(answer: Answer): boolean {
    if (this.#isOver) return true
    const { status, body } = answer
    const length = body === undefined ? 0 : Buffer.byteLength(body)
    const isLengthSaid = !isBodiless(status) && !(this.#isHead && length === 0)
    const isEmpty = this.#isHead || isBodiless(status) || length === 0
    const block = this.#block(answer, isLengthSaid ? length : undefined)
    // RFC 9113 section 8.1.1: a malformed request is a stream error; the answer before it says why.
    if (answer.close && status === 400 && !isEmpty) this.#lastCode = H2_CODE.protocol
    this.#home.output.sendFields(this.id, block, isEmpty)
    this.#isEnding = true
    if (isEmpty || body === undefined) {
      this.#home.pieceSent()
      this.#close(undefined)
      return this.#settle()
    }
    this.#queue.add(typeof body === 'string' && NOT_ASCII.test(body) ? Buffer.from(body) : body)
    return this.#finish()
  }

  head(answer: Answer, length: number | undefined): void {
    if (this.#isOver) return
    const isBodied = !isBodiless(answer.status) && !this.#isHead
    this.#mayTrail = isBodied && this.#request.takesTrailers
    const block = this.#block(answer, isBodiless(answer.status) ? undefined : length)
    this.#home.output.sendFields(this.id, block, false)
  }

  /** What waits was given to nobody else, but stands where it came: only what was sent is a copy. */
  get isFlushed(): boolean {
    return this.#queue.bytes === 0
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver) return true
    this.#queue.add(chunk)
    this.#send()
    if (this.#isOver || (this.#queue.bytes === 0 && !this.#home.output.isCongested)) return true
    this.#isSlow = true
    this.#wait()
    return false
  }

  end(lastChunk: Buffer | undefined, trailers: readonly string[] = []): boolean {
    if (this.#isOver) return true
    this.#isEnding = true
    if (this.#mayTrail) this.#trailers = trailerBlock(trailers)
    if (lastChunk !== undefined) this.#queue.add(lastChunk)
    return this.#finish()
  }

  destroy(): void {
    this.#events = undefined
    this.#close(H2_CODE.internal)
  }

  // ---- what the connection says ----

  /** The client takes so much more. @returns false for more than there can be. */
  grant(bytes: number): boolean {
    this.#window += bytes
    if (this.#window > MAX_31_BITS) return false
    if (this.#queue.bytes > 0 || this.#isSlow) this.goOn()
    return true
  }

  /** The client's window changed with its settings (RFC 9113 section 6.9.2); it may be below zero from then on. */
  resize(difference: number): boolean {
    return difference > 0 ? this.grant(difference) : this.#shrink(-difference)
  }

  #shrink(bytes: number): true {
    this.#window -= bytes
    return true
  }

  /** See `Waiting`. */
  goOn(): void {
    if (this.#isOver) return
    this.#send()
    if (this.#isEnded) {
      if (this.#home.output.isCongested) this.#home.output.awaitLeaving(this)
      else this.left()
    } else if (this.#queue.bytes > 0 || this.#home.output.isCongested) this.#wait()
    else if (this.#isSlow) {
      this.#isSlow = false
      this.#events?.clientDrained()
    }
  }

  /** See `Waiting`. */
  left(): void {
    const events = this.#events
    this.#events = undefined
    events?.clientFlushed()
  }

  /** Its client is gone, or has reset it. */
  lost(): void {
    const events = this.#events
    this.#events = undefined
    this.#release()
    events?.clientGone()
  }

  /** Looked at by the sweep: breaks off where the client takes nothing, or too little. */
  sweep(nowMs: number): void {
    if (this.#isOver || !this.#stall.isTooSlow(nowMs, this.#queue.bytes)) return
    this.#close(H2_CODE.internal)
    this.lost()
  }

  // ---- on the way out ----

  #block(answer: Answer, length: number | undefined): string {
    const { encoder } = this.#home.output
    return encoder.encode(answer.status, answer.headers, { length, isDated: true })
  }

  #finish(): boolean {
    this.#send()
    if (this.#isEnded) return this.#settle()
    this.#wait()
    return false
  }

  /** The end was sent. A getter, because sending changes it. */
  get #isEnded(): boolean {
    return this.#isOver
  }

  /** @returns whether nobody needs to wait for what was sent last; else `left` follows. */
  #settle(): boolean {
    const { output } = this.#home
    if (output.isCongested) {
      output.awaitLeaving(this)
      return false
    }
    this.#events = undefined
    return true
  }

  /** Sends as much as there is room for, and the end behind it. */
  #send(): void {
    const { output } = this.#home
    const queue = this.#queue
    while (queue.bytes > 0) {
      const room = output.room(this.#window)
      if (room <= 0) return
      const content = queue.take(room)
      this.#window -= content.length
      this.#stall.sent(content.length)
      const isLast = this.#isEnding && queue.bytes === 0
      const endsHere = isLast && this.#trailers === '' && this.#lastCode === undefined
      output.sendContent(this.id, content, endsHere)
      // A window that is opened byte by byte earns nothing.
      if (content.length >= PIECE_BYTES || queue.bytes === 0) this.#home.pieceSent()
      if (endsHere) this.#close(undefined)
    }
    if (!this.#isEnding || this.#isOver) return
    if (this.#trailers !== '') output.sendFields(this.id, this.#trailers, true)
    else if (this.#lastCode === undefined) output.sendContent(this.id, '', true)
    this.#close(this.#lastCode)
  }

  /** Nothing is sent any more, and nothing read. */
  #close(code: number | undefined): void {
    if (this.#isOver) return
    this.#release()
    // RFC 9113 section 8.1: the answer is whole, the rest of the request is not wanted.
    const isUnwanted = code === undefined && !this.body.isWhole
    this.#home.streamOver(this, isUnwanted ? H2_CODE.none : code)
  }

  #release(): void {
    this.#isOver = true
    this.#queue.clear()
    this.#home.output.forget(this)
    this.body.drop()
  }

  /** For the connection, where that is what is missing; else the client's next WINDOW_UPDATE goes on. */
  #wait(): void {
    const { output } = this.#home
    if (output.isFull) output.awaitRoom(this)
  }
}
