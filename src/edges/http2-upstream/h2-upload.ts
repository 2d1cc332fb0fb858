import type { ClientHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'

/** A request body on its way to the upstream, as fast as the upstream takes it. */
export class H2Upload {
  readonly #stream: ClientHttp2Stream
  readonly #body: Readable
  readonly #onData = (chunk: Buffer): void => {
    if (!this.#stream.write(chunk)) this.#body.pause()
  }
  readonly #onEnd = (): void => {
    this.isComplete = true
    this.#stream.end()
  }
  readonly #onDrain = (): void => {
    this.#body.resume()
  }
  /** Everything was handed over. */
  isComplete = false

  constructor(stream: ClientHttp2Stream, body: Readable) {
    this.#stream = stream
    this.#body = body
    stream.on('drain', this.#onDrain)
    body.on('data', this.#onData)
    body.on('end', this.#onEnd)
  }

  /** Nobody takes more of it. */
  stop(): void {
    this.#stream.off('drain', this.#onDrain)
    this.#body.off('data', this.#onData)
    this.#body.off('end', this.#onEnd)
  }
}
