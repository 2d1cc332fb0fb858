import type { ClientHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Readable } from 'node:stream'
import type { FailureCause } from '../../gateway/core.ts'
import type { CallEvents, CallPlan, UpstreamCall } from '../exchange/upstream-port.ts'
import { UPSTREAM_SILENT } from '../exchange/upstream-port.ts'
import { failureCause, failureDetail } from '../exchange/upstream-errors.ts'
import { contentLength } from '../exchange/response-head.ts'
import { trailerObject } from '../http2/trailers.ts'
import type { H2Line } from './h2-line.ts'
import { requestFields } from './request-fields.ts'
import { H2Upload } from './h2-upload.ts'

/** Where a call gets its line. */
export interface H2CallHome {
  /** Gives it a line, or lets it fail; at once or later. */
  enter(call: H2Call): void
  /** It does not wait any more. */
  withdraw(call: H2Call): void
}

/** Informational responses taken before the final one; more is a flood. */
const MAX_INFORMATIONAL = 16

/** Makes Node reset the stream. `close` would first end it, and half an upload would look like the whole. */
const CUT = new Error('the exchange is over')

/** One request to an upstream and its answer: one stream. Both directions flow on their own. */
export class H2Call implements UpstreamCall {
  readonly mayTrail = true
  readonly #home: H2CallHome
  readonly #plan: CallPlan
  readonly #events: CallEvents
  #line: H2Line | undefined = undefined
  #stream: ClientHttp2Stream | undefined = undefined
  #upload: H2Upload | undefined = undefined
  #status = 0
  #length: number | undefined = undefined
  #received = 0
  #informational = 0
  #trailers: readonly string[] | undefined = undefined
  #isOver = false
  #mayRepeat: boolean

  constructor(home: H2CallHome, plan: CallPlan) {
    this.#home = home
    this.#plan = plan
    this.#events = plan.events
    this.#mayRepeat = plan.body === undefined || plan.body instanceof Buffer
  }

  start(): void {
    if (this.#plan.upgrade !== undefined) {
      queueMicrotask(() => this.refuse('defect', 'no upgrade on HTTP/2'))
      return
    }
    this.#home.enter(this)
  }

  abort(reason: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    const line = this.#line
    if (line === undefined) this.#home.withdraw(this)
    // Whoever comes next should not wait on the same line if it is dead.
    else if (reason === UPSTREAM_SILENT) line.probe()
    this.#cut()
  }

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    // Before the head there is nobody to take the body.
    if (this.#status !== 0) this.#stream?.resume()
  }

  /** Begins on a line that has room. */
  runOn(line: H2Line): void {
    if (this.#isOver) return
    const { body } = this.#plan
    const upload: Readable | undefined = Buffer.isBuffer(body) ? undefined : body
    try {
      const stream = line.session.request(requestFields(this.#plan, line.scheme), {
        endStream: body === undefined,
        waitForTrailers: upload !== undefined,
      })
      this.#line = line
      this.#stream = stream
      line.streamBegan()
      this.#listen(stream, line)
      if (upload !== undefined) this.#upload = new H2Upload(stream, upload)
      else if (body !== undefined) stream.end(body)
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      queueMicrotask(() => this.refuse('defect', detail))
    }
  }

  /** Fails it before anything was sent. */
  refuse(cause: FailureCause, detail: string): void {
    this.#fail(cause, detail, false)
  }

  /** There is no connection for it. */
  unreachable(error: Error): void {
    this.#fail(failureCause(error), failureDetail(error), true)
  }

  #listen(stream: ClientHttp2Stream, line: H2Line): void {
    stream.on('headers', () => {
      this.#informational++
      if (this.#informational > MAX_INFORMATIONAL)
        this.#broken('upstream_protocol', 'too many informational responses')
    })
    stream.on('response', (_headers, _flags, raw: readonly string[]) => this.#head(raw))
    stream.on('trailers', (_headers, _flags, raw: readonly string[]) => (this.#trailers = raw))
    stream.on('wantTrailers', () => {
      const trailers = this.#isOver ? [] : (this.#events.uploadTrailers?.() ?? [])
      stream.sendTrailers(trailerObject(trailers))
    })
    stream.on('error', ignoreUntilClose)
    stream.on('close', () => {
      line.streamEnded()
      this.#closed(stream, line)
    })
  }

  #head(raw: readonly string[]): void {
    const stream = this.#stream
    if (this.#isOver || stream === undefined) return
    const status = Number(raw[1])
    const fields = raw.slice(2)
    this.#status = status
    this.#length = this.#plan.request.method === 'HEAD' ? undefined : contentLength(fields)
    stream.on('data', (chunk: Buffer) => this.#data(chunk))
    stream.on('end', () => this.#end(stream))
    this.#owner(() => this.#events.upstreamHead(status, fields))
  }

  #data(chunk: Buffer): void {
    if (this.#isOver) return
    this.#received += chunk.length
    this.#owner(() => this.#events.upstreamData(chunk))
  }

  /** The last byte was read. A stream that is torn down ends too; its reset tells. */
  #end(stream: ClientHttp2Stream): void {
    if (this.#isOver || stream.rstCode !== constants.NGHTTP2_NO_ERROR || this.#isShort) return
    this.#isOver = true
    // RFC 9113 section 8.1: an answer may be whole before its request is; nobody wants the rest.
    if (this.#upload?.isComplete === false) this.#cut()
    this.#owner(() => this.#events.upstreamEnd(this.#trailers))
  }

  get #isSafe(): boolean {
    const { method } = this.#plan.request
    return method === 'GET' || method === 'HEAD'
  }

  /** A reset without an error code in the middle of an answer. */
  get #isShort(): boolean {
    return this.#length !== undefined && this.#received < this.#length
  }

  #closed(stream: ClientHttp2Stream, line: H2Line): void {
    this.#upload?.stop()
    if (this.#isOver) return
    const { rstCode } = stream
    const isRefused = rstCode === constants.NGHTTP2_REFUSED_STREAM
    // RFC 9113 section 8.7: what was refused was not processed, whatever it asks for. RFC 9110 section 9.2.2: what is
    // safe may be asked again when the connection broke before the answer.
    const isRepeatable = isRefused || (this.#isSafe && !line.isOpen && !line.isConnecting)
    if (isRepeatable && this.#mayRepeat && this.#status === 0) {
      this.#mayRepeat = false
      this.#line = undefined
      this.#stream = undefined
      this.#home.enter(this)
      return
    }
    const detail = line.error === undefined ? '' : `, ${failureDetail(line.error)}`
    this.#fail(
      'upstream_protocol',
      `stream closed with code ${rstCode}${detail}`,
      this.#status === 0,
    )
  }

  #broken(cause: FailureCause, detail: string): void {
    this.#fail(cause, detail, false)
    this.#cut()
  }

  #fail(cause: FailureCause, detail: string, isUnanswered: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    try {
      this.#events.upstreamError(cause, detail, isUnanswered)
    } catch {
      // Its owner fails at hearing of a failure: there is nobody left to tell.
    }
  }

  /** Its owner may throw: the rest of the answer then has nobody who could take it. */
  #owner(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#broken(
        'defect',
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      )
    }
  }

  #cut(): void {
    const stream = this.#stream
    if (stream === undefined || stream.destroyed) return
    if (stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL)
    else stream.destroy(CUT)
  }
}

/** The close that follows says what came of it; without a listener the error would end the process. */
function ignoreUntilClose(): void {}
