import type { Answer } from '../../gateway/core.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { ClientEnd, ClientEvents } from '../exchange/client.ts'
import { isBodiless } from '../exchange/client.ts'
import { CLOSE_TAIL, dateLine, fieldLines, headEnd, trailerLines } from './answer-head.ts'
import type { Behind } from './socket-writer.ts'

/** What a request says about the way back. */
export interface RequestFacts {
  readonly head: RequestHead
  /** The client would use the connection again. */
  readonly keepsAlive: boolean
  readonly bodyLength: number | undefined
}

/** The connection as one request needs it; all of it does nothing once the request is not its current one. */
export interface ClientLine {
  /** What keeps or closes the connection, as the end of a head. */
  readonly keepTail: string
  /** The gateway takes no further request on it, whatever the client wants. */
  readonly isLast: boolean
  /** Whether the rest of a request body, if there is any, is small enough to be skipped. */
  canSkipBody(client: FastClient): boolean
  openBody(client: FastClient): void
  pauseBody(client: FastClient): void
  resumeBody(client: FastClient): void
  /** @returns false when the client must drain first. */
  send(text: string, isLast: boolean): boolean
  sendParts(text: string, body: Buffer, behind: Behind): boolean
  /** Nothing waits to be sent. */
  readonly isFlushed: boolean
  /** The answer was handed over. @returns whether every byte left. */
  answered(client: FastClient, closes: boolean): boolean
  destroy(client: FastClient): void
}

const LAST_CHUNK = '0\r\n'
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
// eslint-disable-next-line no-control-regex -- the question is exactly whether all is ASCII
const NOT_ASCII = /[^\u0000-\u007f]/

/** The client's side of one exchange on a connection of the `fast` transport. */
export class FastClient implements ClientEnd {
  readonly bodyLength: number | undefined
  readonly #line: ClientLine
  readonly #facts: RequestFacts
  #events: ClientEvents | undefined = undefined
  #isContinueOwed: boolean
  #closes = false
  /** Head of a streamed answer that waits for its first bytes, so that both leave in one write. */
  #head = ''
  #isChunked = false
  #isOver = false

  constructor(line: ClientLine, facts: RequestFacts) {
    this.#line = line
    this.#facts = facts
    this.bodyLength = facts.bodyLength
    const { headers, httpVersion } = facts.head
    this.#isContinueOwed = headers.has('expect') && httpVersion !== '1.0'
  }

  get events(): ClientEvents | undefined {
    return this.#events
  }

  get hasBody(): boolean {
    return this.#facts.head.hasBody
  }

  /** The client holds its body back: what it would do next is not known. */
  get isContinueOwed(): boolean {
    return this.#isContinueOwed
  }

  attach(events: ClientEvents): void {
    this.#events = events
  }

  startBody(): void {
    if (this.#isContinueOwed) {
      this.#isContinueOwed = false
      this.#line.send(CONTINUE, false)
    }
    this.#line.openBody(this)
  }

  pauseBody(): void {
    this.#line.pauseBody(this)
  }

  resumeBody(): void {
    this.#line.resumeBody(this)
  }

  answer(answer: Answer): boolean {
    if (this.#isOver) return true
    const { status, body } = answer
    const isHead = this.#isHead
    const length = body === undefined ? 0 : byteLength(body)
    const isEmpty = isHead || length === 0 || isBodiless(status)
    // A HEAD answer without content says nothing about the length that GET would have.
    const isLengthSaid = !isBodiless(status) && !(isHead && length === 0)
    const head = this.#headText(answer, isLengthSaid ? length : undefined, '')
    if (isEmpty || body === undefined) this.#line.send(head, true)
    else this.#sendJoined(head, body, LAST)
    this.#isOver = true
    return this.#line.answered(this, this.#closes)
  }

  head(answer: Answer, length: number | undefined): void {
    const isHttp10 = this.#facts.head.httpVersion === '1.0'
    const isBodied = !this.#isHead && !isBodiless(answer.status)
    // HTTP/1.0 knows no chunks: such an answer ends with its connection.
    this.#isChunked = isBodied && length === undefined && !isHttp10
    const isEndedByClose = isBodied && length === undefined && isHttp10
    const said = isBodiless(answer.status) ? undefined : length
    const framing = this.#isChunked ? 'Transfer-Encoding: chunked\r\n' : ''
    this.#head = this.#headText(answer, said, framing, isEndedByClose)
    // The head must not wait for the first byte of an answer that comes in its own time.
    if (length === undefined) setImmediate(flushHead, this)
  }

  get isFlushed(): boolean {
    return this.#line.isFlushed
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver) return true
    const before = this.#isChunked ? `${this.#head}${chunk.length.toString(16)}\r\n` : this.#head
    this.#head = ''
    return this.#sendJoined(before, chunk, { end: this.#isChunked ? '\r\n' : '', isLast: false })
  }

  end(lastChunk: Buffer | undefined, trailers: readonly string[] = []): boolean {
    if (this.#isOver) return true
    const end = this.#isChunked ? `${LAST_CHUNK}${this.#trailerText(trailers)}\r\n` : ''
    if (lastChunk !== undefined && lastChunk.length > 0) {
      const size = this.#isChunked ? `${lastChunk.length.toString(16)}\r\n` : ''
      this.#sendJoined(this.#head + size, lastChunk, {
        end: this.#isChunked ? `\r\n${end}` : '',
        isLast: true,
      })
    } else if (this.#head !== '' || end !== '') {
      this.#line.send(this.#head + end, true)
    }
    this.#head = ''
    this.#isOver = true
    return this.#line.answered(this, this.#closes)
  }

  destroy(): void {
    this.flush()
    this.#line.destroy(this)
  }

  /** Sends a head that still waits for its first bytes. */
  flush(): void {
    if (this.#head === '') return
    const head = this.#head
    this.#head = ''
    this.#line.send(head, false)
  }

  get #isHead(): boolean {
    return this.#facts.head.method === 'HEAD'
  }

  /** Trailers are for those who asked (RFC 9110 section 6.5.1). */
  #trailerText(trailers: readonly string[]): string {
    if (trailers.length === 0) return ''
    const { headers } = this.#facts.head
    const isAsked = headers.all('te').some((te) => /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i.test(te))
    return isAsked ? trailerLines(trailers) : ''
  }

  /** Order of the end: length, connection, `Date`, chunks. Throws before anything is decided or sent. */
  #headText(
    answer: Answer,
    length: number | undefined,
    framing: string,
    isEndedByClose = false,
  ): string {
    const { text, hasDate } = fieldLines(answer.status, answer.headers)
    const { keepsAlive } = this.#facts
    this.#closes =
      isEndedByClose ||
      answer.close ||
      !keepsAlive ||
      this.#line.isLast ||
      !this.#line.canSkipBody(this)
    const said = length === undefined ? '' : `Content-Length: ${length}\r\n`
    const tail = this.#closes ? CLOSE_TAIL : this.#line.keepTail
    if (framing === '' && !hasDate) return text + said + headEnd(tail)
    return `${text}${said}${tail}${hasDate ? '' : dateLine()}${framing}\r\n`
  }

  /** A text of ASCII is latin1 as well. */
  #sendJoined(before: string, body: Buffer | string, behind: Behind): boolean {
    if (typeof body === 'string' && !NOT_ASCII.test(body))
      return this.#line.send(before + body + behind.end, behind.isLast)
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    return this.#line.sendParts(before, bytes, behind)
  }
}

const LAST: Behind = { end: '', isLast: true }

function byteLength(body: Buffer | string): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
}

/** One function for all, not one for each answer. */
function flushHead(client: FastClient): void {
  client.flush()
}
