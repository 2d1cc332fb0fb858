import type { Answer } from '../../gateway/core.ts'

/** What the driver of an exchange hears from the client's side. */
export interface ClientEvents {
  /** A piece of the request body, after `startBody`. */
  bodyData(chunk: Buffer): void
  /** `trailers`: flat list as it came, where some came. */
  bodyEnd(trailers?: readonly string[]): void
  /** The connection or stream ended before the answer was handed over whole. */
  clientGone(): void
  /** After a `write` that returned false: there is room again. */
  clientDrained(): void
  /** After an `answer` or `end` that returned false: the last byte left. */
  clientFlushed(): void
}

/**
 * One request's way back to its client, over HTTP/1.1 or HTTP/2. Framing, connection persistence and what happens to
 * an unread request body are decided here, nowhere else. No method throws because the client went away.
 */
export interface ClientEnd {
  /** `Content-Length` of the request. */
  readonly bodyLength: number | undefined
  attach(events: ClientEvents): void
  /** Begins to read the request body; sends `100 Continue` when the client waits for it. */
  startBody(): void
  pauseBody(): void
  resumeBody(): void
  /** Sends a whole answer. @returns whether every byte already left; else `clientFlushed` follows. */
  answer(answer: Answer): boolean
  /** Sends the head of a streamed answer. `length`: bytes that will follow, where known. */
  head(answer: Answer, length: number | undefined): void
  /** @returns false when the client must drain first; the bytes are taken all the same. */
  write(chunk: Buffer): boolean
  /**
   * Every byte that was given has left the process, so that its memory may be written over: large answers that come in
   * new memory each time cost more for its collection than for all the rest. Default: false.
   */
  readonly isFlushed?: boolean
  /** `trailers`: flat list; they are dropped where the client did not ask for any. @returns as `answer` does. */
  end(lastChunk: Buffer | undefined, trailers?: readonly string[]): boolean
  /** Breaks off: the client must see that the answer is not whole. */
  destroy(): void
  /** Where the answer is compressed on its way. */
  readonly coded?: CodedWay
}

/** An answer that is compressed on its way: what its exchange must know of it. */
export interface CodedWay {
  /** Bytes that went out. */
  readonly bytesOut: number
  /** Bytes are still to come although the API's last was handed over. */
  readonly isBusy: boolean
  /** The client has room again. @returns whether more bytes can be taken: those that waited may fill the room. */
  clientDrained(): boolean
  /** The exchange is over: nothing more goes out. */
  release(): void
}

/** Whether an answer with this status carries no content, whatever its fields say (RFC 9110 section 6.4.1). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200
}
