import type { Answer, StreamVerdict } from '../../gateway/core.ts'
import { CODER_BYTES, coderOf, flushCoder } from '../../gateway/compress.ts'
import type { Coder } from '../../gateway/compress.ts'
import type { ContentCoding } from '../../http/accept-encoding.ts'
import type { ClientEnd, ClientEvents, CodedWay } from './client.ts'
import type { Share } from './share.ts'

/** What the exchange hears of a compressed answer. */
type CodedEvents = Pick<ClientEvents, 'clientDrained' | 'clientFlushed' | 'clientGone'>

/**
 * Sends the head of a streamed answer: compressed where the verdict allows it and there is room for a coder.
 * @returns where the body goes.
 */
export function beginAnswer(
  client: ClientEnd,
  { answer, hidesLength, coded }: StreamVerdict,
  parts: {
    readonly length: number | undefined
    readonly share: Share
    readonly events: CodedEvents
  },
): ClientEnd {
  const { length, share, events } = parts
  share.leave()
  if (coded === undefined || !share.holdIfRoom(CODER_BYTES)) {
    client.head(answer, hidesLength === true ? undefined : length)
    return client
  }
  client.head(coded.answer, undefined)
  return new CodedClient(client, coded.coding, events)
}

/**
 * A client whose answer is compressed in another thread on its way. It takes no more than the coder does, and the coder
 * no more than the client. Whenever nothing is left to take, what was taken goes out: an API that speaks slowly is
 * heard at once. Trailers are dropped: they may describe the bytes before.
 */
class CodedClient implements ClientEnd, CodedWay {
  readonly #client: ClientEnd
  readonly #events: CodedEvents
  readonly #coding: ContentCoding
  readonly #coder: Coder
  #isEnding = false
  #isEnded = false
  #isSlow = false
  bytesOut = 0

  constructor(client: ClientEnd, coding: ContentCoding, events: CodedEvents) {
    this.#client = client
    this.#events = events
    this.#coding = coding
    this.#coder = coderOf(coding)
    this.#coder.on('data', (chunk: Buffer) => this.#out(chunk))
    this.#coder.on('drain', () => {
      if (!this.#isSlow) events.clientDrained()
    })
    this.#coder.on('end', () => this.#finish())
    this.#coder.on('error', () => this.#break())
  }

  get coded(): CodedWay {
    return this
  }

  get isBusy(): boolean {
    return this.#isEnding && !this.#isEnded
  }

  get bodyLength(): number | undefined {
    return this.#client.bodyLength
  }

  attach(events: ClientEvents): void {
    this.#client.attach(events)
  }

  startBody(): void {
    this.#client.startBody()
  }

  pauseBody(): void {
    this.#client.pauseBody()
  }

  resumeBody(): void {
    this.#client.resumeBody()
  }

  answer(answer: Answer): boolean {
    return this.#client.answer(answer)
  }

  head(answer: Answer, length: number | undefined): void {
    this.#client.head(answer, length)
  }

  write(chunk: Buffer): boolean {
    // Another thread will read it later, and its memory may be that of a reader who goes on.
    return this.#coder.write(Buffer.from(chunk), this.#taken)
  }

  end(lastChunk: Buffer | undefined): boolean {
    this.#isEnding = true
    this.#coder.end(lastChunk === undefined ? undefined : Buffer.from(lastChunk))
    return false
  }

  destroy(): void {
    this.#coder.destroy()
    this.#client.destroy()
  }

  release(): void {
    this.#coder.destroy()
  }

  clientDrained(): boolean {
    this.#isSlow = false
    this.#coder.resume()
    return !this.#coder.writableNeedDrain
  }

  readonly #taken = (error?: Error | null): void => {
    const isIdle = this.#coder.writableLength === 0 && !this.#isEnding
    if (isIdle && (error === undefined || error === null)) flushCoder(this.#coder, this.#coding)
  }

  #out(chunk: Buffer): void {
    this.bytesOut += chunk.length
    if (this.#client.write(chunk)) return
    this.#isSlow = true
    this.#coder.pause()
  }

  #finish(): void {
    this.#isEnded = true
    if (this.#client.end(undefined)) this.#events.clientFlushed()
  }

  #break(): void {
    this.#client.destroy()
    this.#events.clientGone()
  }
}
