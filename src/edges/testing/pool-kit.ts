import type { Duplex, Readable } from 'node:stream'
import type { FailureCause } from '../../gateway/core.ts'
import type { CallEvents, UpstreamCall, UpstreamPool } from '../exchange/upstream-port.ts'

/** What is sent through a pool; unsaid: `GET /` without a body. */
export interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers?: readonly string[]
  readonly body?: Buffer | Readable
  readonly streamedBytes?: number
  readonly upgrade?: string
}

/** What came of a call, as its owner heard it. */
export class Heard implements CallEvents {
  status = 0
  headers: readonly string[] = []
  body = ''
  chunks = 0
  failure: { readonly cause: FailureCause; readonly detail: string } | undefined = undefined
  isUnanswered: boolean | undefined = undefined
  socket: Duplex | undefined = undefined
  /** Every event by its first letter: head, data, end, error, upgrade; many data in a row are one. */
  log = ''
  /** Called at the beginning of every event. */
  onEvent: (name: 'head' | 'data' | 'end' | 'error' | 'upgrade') => void = () => {}
  readonly #done: Promise<Heard>
  #resolve: (self: Heard) => void = () => {}

  constructor() {
    this.#done = new Promise((resolve) => (this.#resolve = resolve))
  }

  /** Resolves at the end, at a failure, or at a switch of protocols. */
  get done(): Promise<Heard> {
    return this.#done
  }

  /** `ok 200`, `failed upstream_protocol` or `switched`, and what was read. */
  get outcome(): string {
    if (this.failure !== undefined) return `failed ${this.failure.cause}`
    return this.socket === undefined ? `ok ${this.status} ${this.body}` : 'switched'
  }

  upstreamHead(status: number, rawHeaders: readonly string[]): void {
    this.log += 'h'
    this.status = status
    this.headers = rawHeaders
    this.onEvent('head')
  }

  upstreamData(chunk: Buffer): void {
    if (!this.log.endsWith('d')) this.log += 'd'
    this.chunks++
    this.body += chunk.toString('latin1')
    this.onEvent('data')
  }

  upstreamEnd(): void {
    this.log += 'e'
    this.onEvent('end')
    this.#resolve(this)
  }

  upstreamError(cause: FailureCause, detail: string, isUnanswered?: boolean): void {
    this.log += 'x'
    this.failure = { cause, detail }
    this.isUnanswered = isUnanswered
    this.onEvent('error')
    this.#resolve(this)
  }

  upstreamUpgrade(rawHeaders: readonly string[], socket: Duplex): void {
    this.log += 'u'
    this.headers = rawHeaders
    this.socket = socket
    this.onEvent('upgrade')
    this.#resolve(this)
  }
}

/** Starts a call. */
export function begin(pool: UpstreamPool, ask: Ask = {}): { heard: Heard; call: UpstreamCall } {
  const heard = new Heard()
  const { method = 'GET', path = '/', headers = ['host', 'api.test'] } = ask
  const call = pool.call({
    request: { upstream: 'main', method, path, headers, firstByteMs: 10_000 },
    body: ask.body,
    streamedBytes: ask.streamedBytes,
    upgrade: ask.upgrade,
    events: heard,
  })
  call.start()
  return { heard, call }
}

/** Sends a request and waits for what comes of it. */
export function askPool(pool: UpstreamPool, ask: Ask = {}): Promise<Heard> {
  return begin(pool, ask).heard.done
}
