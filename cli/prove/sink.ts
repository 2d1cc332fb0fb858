import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ProofSink, SinkAnswer, SinkRequest } from '../../src/pipeline/proof.ts'

const HONEST: SinkAnswer = {
  status: 200,
  headers: ['content-type', 'application/json'],
  body: '{"id":1,"name":"probe"}',
  delayMs: 0,
}

/** The upstream of the range: says what it is told and remembers what it got. */
export class Sink implements ProofSink {
  readonly #server: Server
  #answer: SinkAnswer = HONEST
  #received: SinkRequest[] = []

  private constructor() {
    // As lenient as an API may be: what the gateway lets through must not be refused here.
    this.#server = createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
      void this.#serve(request, response)
    })
    this.#server.maxHeadersCount = 0
  }

  /** Opens a sink on a free port of loopback. */
  static async open(): Promise<Sink> {
    const sink = new Sink()
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve))
    return sink
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  answer(answer: Partial<SinkAnswer>): void {
    this.#answer = { ...HONEST, ...answer }
  }

  received(): readonly SinkRequest[] {
    return this.#received
  }

  /** Forgets requests and answers, for the next attack. */
  reset(): void {
    this.#answer = HONEST
    this.#received = []
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return // the gateway broke off: nothing arrived
    }
    const { method = '', url = '', rawHeaders } = request
    const body = Buffer.concat(chunks).toString('utf8')
    this.#received.push({ method, target: url, headers: rawHeaders, body })
    const { delayMs } = this.#answer
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    response.writeHead(this.#answer.status, [...this.#answer.headers])
    response.end(this.#answer.body)
  }
}
