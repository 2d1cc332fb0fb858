import { Readable } from 'node:stream'
import { BodyPieces } from './body-pieces.ts'
import { BodyPace } from './body-pace.ts'
import type { ClientEnd } from './client.ts'
import type { EdgeLimits } from './limits.ts'

/** A request body as it arrives: counted, paced, and either kept whole or passed on. */
export class RequestBody {
  /** The way to the upstream, when the body is streamed. */
  readonly upload: Readable | undefined
  readonly #client: ClientEnd
  readonly #maxBytes: number
  /** `undefined`: no rate is asked for. */
  readonly #limits: EdgeLimits | undefined
  /** Made when it is first asked: most bodies came with their head. */
  #pace: BodyPace | undefined = undefined
  readonly #pieces = new BodyPieces()
  #bytes = 0
  #isComplete = false
  #isPaused = false
  #trailers: readonly string[] = []

  constructor(
    client: ClientEnd,
    plan: {
      readonly mode: 'buffer' | 'stream'
      readonly maxBytes: number
      readonly limits: EdgeLimits
      /** Silence is normal on both ways: no rate is asked for. */
      readonly isDuplex: boolean
    },
  ) {
    this.#client = client
    this.#maxBytes = plan.maxBytes
    this.#limits = plan.isDuplex ? undefined : plan.limits
    this.upload = plan.mode === 'stream' ? this.#openUpload() : undefined
  }

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** The next move is the client's, who must not give the API a bad name: there is more to come, and room for it. */
  get isAwaited(): boolean {
    return !this.#isComplete && !this.#isPaused
  }

  /** What came behind the body, as it came. */
  get trailers(): readonly string[] {
    return this.#trailers
  }

  /** Takes a piece. @returns false when the body is longer than it may be. */
  take(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) return false
    if (this.upload === undefined) {
      this.#pieces.add(chunk)
    } else if (!this.upload.destroyed && !this.upload.push(chunk)) {
      // The upstream is slower than the client: the wait is not the client's fault.
      this.#isPaused = true
      this.#paced()?.pause()
      this.#client.pauseBody()
    }
    return true
  }

  /** The client sent everything. @returns the whole body when it was kept. */
  complete(trailers: readonly string[] = []): Buffer {
    this.#isComplete = true
    this.#trailers = trailers
    if (this.upload !== undefined && !this.upload.destroyed) this.upload.push(null)
    return this.#pieces.take()
  }

  isTooSlow(nowMs: number): boolean {
    return !this.#isComplete && this.#paced()?.isTooSlow(nowMs, this.#bytes) === true
  }

  /** Nobody wants the rest. */
  discard(): void {
    this.#pieces.drop()
    this.upload?.destroy()
  }

  #paced(): BodyPace | undefined {
    if (this.#pace === undefined && this.#limits !== undefined)
      this.#pace = new BodyPace(this.#limits)
    return this.#pace
  }

  #openUpload(): Readable {
    return new Readable({
      highWaterMark: 65_536,
      read: () => {
        this.#isPaused = false
        this.#pace?.resume()
        this.#client.resumeBody()
      },
    })
  }
}

/** One buffer out of many, without copying a single one. */
export function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}
